"""Documents as peers read them, and theta as topicml reads it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp


def words_of(counts: sp.csr_matrix, documents: list[list[str]] | None, vocabulary: list[str]) -> list[list[str]]:
    """Return the words of each document in their order, or in that of the vocabulary without word order."""
    return documents if documents is not None else list(bags(counts, np.array(vocabulary, dtype=object)))


def texts_of(counts: sp.csr_matrix, documents: list[list[str]] | None, vocabulary: list[str]) -> list[str]:
    """Return the words of each document as text, in their order, or in that of the vocabulary without word order."""
    return [" ".join(words) for words in words_of(counts, documents, vocabulary)]


def bags(counts: sp.csr_matrix, words: np.ndarray) -> Iterator[list[str]]:
    """The words of each document, as often as they occur."""
    for begin, end in pairwise(counts.indptr):
        yield np.repeat(words[counts.indices[begin:end]], counts.data[begin:end].astype(np.int64)).tolist()


def theta_of(documents: list[list[str]], n_topics: int, infer: Callable[[list[list[str]]], Any]) -> np.ndarray:
    """Return theta for all documents from a peer that refuses empty ones: these get the uniform distribution."""
    theta = np.full((len(documents), n_topics), 1 / n_topics)
    if rows := [row for row, words in enumerate(documents) if words]:
        theta[rows] = infer([documents[row] for row in rows])
    return theta


def proportions(weights: np.ndarray) -> np.ndarray:
    """Scale the rows to sum to 1; a row of zeros becomes uniform."""
    weights = weights.astype(np.float64)
    sums = weights.sum(axis=1, keepdims=True)
    return np.where(sums > 0, weights / np.where(sums > 0, sums, 1), 1 / weights.shape[1])
