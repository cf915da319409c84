"""Batches of other words than the documents', built without loops."""

import numpy as np
import torch
from torch import Tensor

from topicml.nn.batch import Batch


def keep_not_empty(batch: Batch, counts: Tensor) -> Tensor:
    """`counts` (n_entries,) for the batch's words; documents that lose them all keep their own."""
    lost = batch.sum_by_document((counts > 0).to(batch.counts.dtype)) == 0
    return torch.where(lost[batch.documents], batch.counts, counts)


def batch_of_words(batch: Batch, documents: Tensor, word_ids: Tensor, counts: Tensor) -> Batch:
    """Documents with other words; a document without any keeps its own.

    Parameters
    ----------
    batch : Batch
        The documents that they are views of, whose `rows` they get.
    documents, word_ids : Tensor, int64, (n,)
        Position in the batch, and word, of each entry; in any order, and a word of a document may come repeatedly.
    counts : Tensor, (n,)
        Counts; those of a word of a document are summed, and entries that are not positive left out.
    """
    positive = counts > 0
    has_words = torch.zeros(len(batch), dtype=torch.bool, device=counts.device)
    has_words[documents[positive]] = True
    own = ~has_words[batch.documents]
    documents = torch.cat([documents[positive], batch.documents[own]])
    word_ids = torch.cat([word_ids[positive], batch.word_ids[own]])
    counts = torch.cat([counts[positive], batch.counts[own]])
    width = int(word_ids.max()) + 1 if len(word_ids) else 1
    keys, entry = torch.unique(documents * width + word_ids, return_inverse=True)  # sorted: by document, then word
    summed = torch.zeros(len(keys), dtype=counts.dtype, device=counts.device).index_add(0, entry, counts)
    sizes = torch.bincount(keys // width, minlength=len(batch))
    offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    lengths = torch.zeros(len(batch), dtype=counts.dtype, device=counts.device).index_add(0, keys // width, summed)
    return Batch(batch.rows, keys % width, summed, offsets, lengths)


def ragged(starts: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions ``starts[i], ..., starts[i] + sizes[i] - 1`` of all i, one i after another, and the i of each."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    before = np.cumsum(sizes) - sizes
    return np.arange(len(owner)) - before[owner] + starts[owner], owner
