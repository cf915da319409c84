"""tomotopy's LDA (collapsed Gibbs sampling): 1,000 iterations, two workers, its default priors."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
import tomotopy

ITERATIONS = 1000
WORKERS = 2
TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    iterations: int = ITERATIONS,
    workers: int = WORKERS,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), beta and transform; order is not used.

    With two workers the result differs from run to run even with one seed.
    """
    model = tomotopy.LDAModel(k=n_topics, seed=seed)
    words = np.array(vocabulary, dtype=object)
    rows = np.flatnonzero(np.diff(counts.indptr))  # tomotopy refuses empty documents
    for bag in bags(counts[rows], words):
        model.add_doc(bag)
    model.train(iterations, workers=workers)

    def theta_of(n_docs: int, rows: np.ndarray, documents: Any) -> np.ndarray:
        theta = np.full((n_docs, n_topics), 1 / n_topics)
        if len(rows):
            theta[rows] = [document.get_topic_dist() for document in documents]
        return theta

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        rows = np.flatnonzero(np.diff(counts.indptr))
        inferred = [model.make_doc(bag) for bag in bags(counts[rows], words)]
        if inferred:
            model.infer(inferred, workers=workers)
        return theta_of(counts.shape[0], rows, inferred)

    column = {word: i for i, word in enumerate(vocabulary)}
    beta = np.zeros((n_topics, len(vocabulary)))
    beta[:, [column[word] for word in model.used_vocabs]] = [model.get_topic_word_dist(k) for k in range(n_topics)]
    return {
        "topics": [[word for word, _ in model.get_topic_words(k, top_n=TOP_WORDS)] for k in range(n_topics)],
        "theta": theta_of(counts.shape[0], rows, model.docs),
        "beta": beta,
        "transform": transform,
    }


def bags(counts: sp.csr_matrix, words: np.ndarray) -> Iterator[list[str]]:
    """The words of each document, as often as they occur."""
    for begin, end in pairwise(counts.indptr):
        yield np.repeat(words[counts.indices[begin:end]], counts.data[begin:end]).tolist()
