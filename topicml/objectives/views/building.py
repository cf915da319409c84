"""Build batches with other words than the documents', without loops over documents."""

import numpy as np
import torch
from torch import Tensor

from topicml.nn.batch import Batch


def keep_not_empty(batch: Batch, counts: Tensor) -> Tensor:
    """Restore the counts of documents that would become empty.

    Parameters
    ----------
    batch : Batch
        Documents.
    counts : Tensor, (n_entries,)
        New counts of the batch's entries.

    Returns
    -------
    Tensor, (n_entries,)
        `counts`, but the original counts for documents without a positive new count.
    """
    is_empty = batch.sum_by_document((counts > 0).to(batch.counts.dtype)) == 0
    return torch.where(is_empty[batch.documents], batch.counts, counts)


def batch_of_words(batch: Batch, documents: Tensor, word_ids: Tensor, counts: Tensor) -> Batch:
    """Build a batch from entries in any order; a document without entries keeps its original words.

    Parameters
    ----------
    batch : Batch
        The original documents, which give the `rows`, covariates and groups of the new batch.
    documents, word_ids : Tensor, int64, (n,)
        Position in the batch, and word, of each entry; pairs may repeat.
    counts : Tensor, (n,)
        Counts. The function sums the counts of repeated pairs and ignores entries that are not positive.

    Returns
    -------
    Batch
        The new documents.
    """
    positive = counts > 0
    has_words = torch.zeros(len(batch), dtype=torch.bool, device=counts.device)
    has_words[documents[positive]] = True
    original = ~has_words[batch.documents]
    documents = torch.cat([documents[positive], batch.documents[original]])
    word_ids = torch.cat([word_ids[positive], batch.word_ids[original]])
    counts = torch.cat([counts[positive], batch.counts[original]])
    width = int(word_ids.max()) + 1 if len(word_ids) else 1
    keys, entry = torch.unique(documents * width + word_ids, return_inverse=True)  # sorted: by document, then word
    summed = torch.zeros(len(keys), dtype=counts.dtype, device=counts.device).index_add(0, entry, counts)
    sizes = torch.bincount(keys // width, minlength=len(batch))
    offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    lengths = torch.zeros(len(batch), dtype=counts.dtype, device=counts.device).index_add(0, keys // width, summed)
    whole = (batch.rows, keys % width, summed, offsets, lengths)
    return Batch(*whole, covariates=batch.covariates, groups=batch.groups)


def concatenated_ranges(starts: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the ranges ``starts[i], ..., starts[i] + sizes[i] - 1``.

    Parameters
    ----------
    starts, sizes : int64 arrays, (n,)
        First element and length of each range.

    Returns
    -------
    elements : int64 array, (sum of sizes,)
        The elements, one range after another.
    ranges : int64 array, (sum of sizes,)
        The i of each element.
    """
    ranges = np.repeat(np.arange(len(sizes)), sizes)
    before = np.cumsum(sizes) - sizes
    return np.arange(len(ranges)) - before[ranges] + starts[ranges], ranges
