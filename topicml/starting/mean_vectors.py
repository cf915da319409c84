"""Document vectors from the corpus alone: means of the vectors of their words, computed when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.checks import require
from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import checked_weights
from topicml.starting.embeddings import word_vectors
from topicml.starting.vector_start import DEFAULT_VECTORS, VectorStart

_BLOCK = 10_000  # documents


class DocumentVectors:
    """Vectors of documents over a vocabulary: ``unit(unit(sum_w n_w a / (a + p_w) v_w) - mean)``.

    v_w are word vectors that were learned from documents (`word_vectors`), n_w the counts of the document, p_w the
    share of word w in all words of the training documents, and a is `frequency`: frequent words count less (smooth
    inverse frequency). The mean is that of the training documents. A vector is computed when it is asked for, so the
    memory does not depend on the number of documents. No text and no pretrained encoder is read.

    Make one with `document_vectors`. It has the interface of `topicml.corpus.embeddings.Embeddings`.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts of documents.
    words : ndarray, float32, (n_words, size)
        Word vectors, multiplied by their weights.
    mean : ndarray, float32, (size,)
        Mean unit vector of the training documents.
    """

    source = "the words of the corpus"
    outside_knowledge = False

    def __init__(self, counts: csr_matrix, words: np.ndarray, mean: np.ndarray) -> None:
        self.counts, self._words, self._mean = counts, words, mean

    @property
    def n_docs(self) -> int:
        """Number of documents."""
        return int(self.counts.shape[0])

    @property
    def size(self) -> int:
        """Length of a vector."""
        return int(self._words.shape[1])

    def of(self, counts: csr_matrix) -> DocumentVectors:
        """Return the vectors of other documents over the same words, such as new ones."""
        return DocumentVectors(counts, self._words, self._mean)

    def __len__(self) -> int:
        return self.n_docs

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Vectors of some documents, float32 of shape (n_selected, size); zero for documents without known words."""
        sums = unit_sums(self.counts[rows], self._words)
        return unit_rows(np.where(sums.any(axis=1, keepdims=True), sums - self._mean, 0))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All vectors as one array in memory."""
        blocks = [block for _, block in self.blocks()]
        return np.concatenate(blocks or [np.zeros((0, self.size))]).astype(dtype or np.float32)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield all vectors in blocks, each with the number of its first document; float32."""
        for begin in range(0, self.n_docs, _BLOCK):
            yield begin, self[begin : begin + _BLOCK]


def document_vectors(
    documents: Corpus | csr_matrix,
    *,
    dimension: int = 50,
    frequency: float = 0.1,
    seed: int = 0,
    start: VectorStart = DEFAULT_VECTORS,
) -> DocumentVectors:
    """Learn an encoder of documents from documents alone, and return their vectors.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        The training documents. A matrix contains word counts.
    dimension : int
        Length of a vector. Of the corpora measured, 100 is better than 50 for two with many themes, and worse for two
        with few (benchmarks/results/embeddings.md).
    frequency : float
        a: words of this share of all words have half the weight of rare ones. The usual 0.001 is for running text with
        its stop words; in a corpus without them, the most frequent words are often those that tell topics apart.
    seed : int
        Seed of the word vectors.
    start : VectorStart
        Options of the word vectors.

    Returns
    -------
    DocumentVectors
        One vector per document; `DocumentVectors.of` gives those of other documents.

    Raises
    ------
    InputError
        If a number is out of range, or `documents` is neither a corpus nor a matrix of finite, non-negative numbers.

    References
    ----------
    Arora, Liang & Ma, A simple but tough-to-beat baseline for sentence embeddings, ICLR 2017. The removal of their
    first principal component made neighbours worse on the corpora tried; the mean is removed instead.

    Examples
    --------
    >>> import topicml
    >>> from topicml.starting import document_vectors
    >>> corpus = topicml.Corpus.read("lee")
    >>> vectors = document_vectors(corpus)
    >>> vectors[:2].shape
    (2, 50)
    """
    require(dimension >= 1, "dimension", dimension, "at least 1")
    require(frequency > 0, "frequency", frequency, "positive")
    counts = documents.counts if isinstance(documents, Corpus) else checked_weights(documents)
    totals = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    weights = frequency / (frequency + totals / max(totals.sum(), 1.0))
    size = min(dimension, counts.shape[1])
    words = word_vectors(counts, dimension=size, seed=seed, start=start) * weights[:, None].astype(np.float32)
    total, n_with_words = np.zeros(size), 0
    for begin in range(0, counts.shape[0], _BLOCK):
        sums = unit_sums(counts[begin : begin + _BLOCK], words)
        total += sums.sum(axis=0, dtype=np.float64)
        n_with_words += int(sums.any(axis=1).sum())
    return DocumentVectors(counts, words, (total / max(n_with_words, 1)).astype(np.float32))


def beside_words(given: np.ndarray, of_words: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Join the embeddings of documents and the vectors of their words.

    An encoder knows what words mean elsewhere; the documents show which of them occur together here. (Measured: the
    nearest documents have the same label more often than by either alone, benchmarks/results/embeddings.md.)

    Parameters
    ----------
    given, of_words : ndarray, (n_docs, size)
        Centred unit vectors, of two sizes.
    weight : float
        Length of the vectors of the words; 0 leaves them out.

    Returns
    -------
    ndarray, (n_docs, sum of the sizes)
        Unit vectors; zero for documents without an embedding.
    """
    return unit_rows(given.any(axis=1, keepdims=True) * np.hstack([given, weight * of_words]))


def unit_sums(counts: csr_matrix, words: np.ndarray) -> np.ndarray:
    """Sums of the vectors of the words of each document, scaled to length 1.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    words : ndarray, (n_words, size)
        Weighted word vectors.

    Returns
    -------
    ndarray, float32, (n_docs, size)
        Zero for a document without words, or whose vectors sum to zero.
    """
    return unit_rows(np.asarray(counts @ words, dtype=np.float32))


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of length 0 stay zero. float32."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > 1e-9, vectors / np.maximum(lengths, 1e-9), 0).astype(np.float32)
