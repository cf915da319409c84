"""Complete documents by a dictionary: the encoder reads each document in all languages."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from topicml.nn.batch import Batch
from topicml.nn.word_blocks import Blocks


class WordTranslation(nn.Module):
    """Add to each document its words in the languages that it has no words of, by a dictionary.

    A document x gets the words ``x @ D`` of the other languages. So the encoder reads much the same of a document and
    of its translation, and finds much the same topics. Words that the dictionary lacks are read in one language alone.

    Parameters
    ----------
    pairs : ndarray of int, (n_pairs, 2)
        Ids of words and of their translations, sorted by the first: the rows and columns of the entries of D.
    weights : ndarray, (n_pairs,)
        The entries of D.
    """

    pairs: Tensor
    weights: Tensor

    def __init__(self, pairs: np.ndarray, weights: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("pairs", torch.as_tensor(pairs, dtype=torch.int64))
        self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float32))

    def check(self, n_words: int) -> None:
        """Raise ValueError if the pairs are not sorted ids of words, as in a damaged file."""
        ids = self.pairs
        if ids.numel() and (int(ids.min()) < 0 or int(ids.max()) >= n_words or bool((ids[:, 0].diff() < 0).any())):
            raise ValueError("the pairs of its dictionary are not sorted ids of words")

    def forward(self, batch: Batch, blocks: Blocks) -> Batch:
        """Complete documents.

        Parameters
        ----------
        batch : Batch
            The documents.
        blocks : sequence of slice
            The words of each language.

        Returns
        -------
        Batch
            The same documents with more words, whose counts are fractional.
        """
        source = self.pairs[:, 0].contiguous()
        first = torch.searchsorted(source, batch.word_ids)
        sizes = torch.searchsorted(source, batch.word_ids, right=True) - first
        entry = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)
        position = torch.arange(len(entry), device=sizes.device) - (sizes.cumsum(0) - sizes - first)[entry]
        words, counts = self.pairs[position, 1], batch.counts[entry] * self.weights[position]
        documents = batch.documents[entry]
        stops = torch.tensor([block.stop for block in blocks], device=words.device)
        has = torch.zeros(len(batch), len(blocks), dtype=torch.bool, device=words.device)
        has[batch.documents, torch.bucketize(batch.word_ids, stops, right=True)] = True
        is_new = ~has[documents, torch.bucketize(words, stops, right=True)]
        n_words = blocks[-1].stop
        keys = torch.cat([batch.documents * n_words + batch.word_ids, (documents * n_words + words)[is_new]])
        keys, place = keys.unique(return_inverse=True)
        values = torch.cat([batch.counts, counts[is_new]])
        values = torch.zeros(len(keys), dtype=values.dtype, device=values.device).index_add(0, place, values)
        per_document = torch.bincount(keys // n_words, minlength=len(batch))
        completed = replace(
            batch,
            word_ids=keys % n_words,
            counts=values,
            offsets=torch.cat([per_document.new_zeros(1), per_document.cumsum(0)]),
        )
        return replace(completed, lengths=completed.sum_by_document(values))
