"""Split a corpus at random into training and held-out documents of one vocabulary."""

from __future__ import annotations

import math

import numpy as np

from topicml.corpus.counts import csr
from topicml.corpus.data import CorpusData
from topicml.corpus.tokens import offsets_of
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def split(data: CorpusData, share: float, seed: int, min_df: int) -> tuple[CorpusData, CorpusData]:
    """Split the documents at random; see `Corpus.split`.

    Parameters
    ----------
    data : CorpusData
        The documents.
    share : float
        Share of the training documents.
    seed : int
        Seed of the permutation.
    min_df : int
        Number of training documents that a word must occur in.

    Returns
    -------
    train, held_out : CorpusData
        Rows are in the order of `data`.
    """
    if not 0 < share < 1:
        raise InputError(f"share must be greater than 0 and less than 1; received {share!r}.")
    for name, value in (("seed", seed), ("min_df", min_df)):
        if not isinstance(value, int | np.integer) or value < 0:
            raise InputError(f"{name} must be a whole number from 0; received {value!r}.")
    n_train = math.floor(share * data.n_docs + 1e-9)  # the product of 0.29 and 100 is 28.999...
    if min(n_train, data.n_docs - n_train) < 2:
        raise InputError(
            f"{data.n_docs:,} documents cannot be split by share={share:g}: both parts need at least two documents."
        )
    order = np.random.default_rng(seed).permutation(data.n_docs)
    train, held_out = data[np.sort(order[:n_train])], data[np.sort(order[n_train:])]
    frequency = np.bincount(train.counts.indices, minlength=data.n_words)
    words = np.flatnonzero(frequency >= min_df)
    if not len(words):
        raise InputError(f"No word occurs in min_df={min_df} of the {n_train:,} training documents; lower min_df.")
    vocabulary = data.vocabulary
    if len(words) < data.n_words:
        vocabulary = Vocabulary(vocabulary[i] for i in words.tolist())
    return _with_words(train, words, vocabulary), _with_words(held_out, words, vocabulary)


def _with_words(data: CorpusData, words: np.ndarray, vocabulary: Vocabulary) -> CorpusData:
    """The same documents with some of the words, by ascending id; documents that lose all words stay as empty ones."""
    if len(words) == data.n_words:
        return data
    new_id = np.full(data.n_words, -1, dtype=np.int32)
    new_id[words] = np.arange(len(words), dtype=np.int32)
    if data.tokens is not None and data.offsets is not None:
        ids = new_id[data.tokens]
        kept_before = offsets_of(ids >= 0)  # number of kept tokens before each token
        tokens, offsets = ids[ids >= 0], kept_before[data.offsets]
        return data.replaced(vocabulary=vocabulary, tokens=tokens, offsets=offsets)
    counts = data.counts
    ids = new_id[counts.indices]
    kept_before = offsets_of(ids >= 0)
    indptr = kept_before[counts.indptr].astype(counts.indices.dtype)
    counts = csr(
        counts.data[ids >= 0],
        ids[ids >= 0].astype(counts.indices.dtype),
        indptr,
        (data.n_docs, len(words)),
    )
    return data.replaced(vocabulary=vocabulary, counts=counts)
