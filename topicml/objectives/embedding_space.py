"""Documents in embedding space, for contrasts: their vectors, and clusters of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import Embeddings
from topicml.errors import InputError
from topicml.starting import DocumentVectors, document_vectors
from topicml.starting.mean_vectors import unit_rows

_BLOCK = 10_000  # documents
_SAMPLE = 50_000  # documents that decide the clusters
_SEED = 0  # the documents alone decide the space: a resumed fit has the same, and so have fits with other seeds


class EmbeddingSpace:
    """Unit vectors of documents: the embeddings of the corpus, or vectors that are learned from the documents.

    Only the training documents of the first call of `prepare` decide the space and its clusters. Later documents, as
    those of `partial_fit`, get vectors and clusters of the same space. Vectors are read or computed in blocks.

    Parameters
    ----------
    dimension : int
        Length of vectors that are learned.
    reader : str
        What needs the vectors, for messages.
    """

    def __init__(self, dimension: int, reader: str) -> None:
        self._dimension, self._reader = dimension, reader
        self._learned: DocumentVectors | None = None
        self._size: int | None = None
        self._mean = np.zeros(0, dtype=np.float32)
        self._clusterings: dict[int, MiniBatchKMeans] = {}

    def prepare(self, documents: Documents) -> None:
        """Learn the space at the first call; check at later calls that the documents belong to it.

        Parameters
        ----------
        documents : Documents
            The documents, and the rows to train on.

        Raises
        ------
        InputError
            If later documents lack embeddings of the first ones' size, or have embeddings and the first had none.
        """
        given = _given(documents)
        if self._size is None:
            if given is None:
                learned = document_vectors(documents.training_part().counts, dimension=self._dimension, seed=_SEED)
                self._learned = learned
            self._size = given.size if given is not None else learned.size
            self._mean = self._mean_of(documents)
        elif self._learned is None and (given is None or given.size != self._size):
            has = "none" if given is None else f"of size {given.size}"
            raise InputError(
                f"{self._reader} was prepared with embeddings of size {self._size}, and these documents have {has}. "
                "Encode them with the same encoder: corpus.with_embeddings(...)."
            )

    def clusters(self, documents: Documents, n_clusters: int) -> np.ndarray:
        """The k-means cluster of each document to train on.

        Parameters
        ----------
        documents : Documents
            The documents that `prepare` saw last.
        n_clusters : int
            Number of clusters; fewer for less than 10 documents each, but at least 2.

        Returns
        -------
        int64 array, (n_docs,)
            -1 for documents that are not trained on, or have a zero vector.
        """
        rows = documents.training_rows
        if n_clusters not in self._clusterings:
            sample = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(np.int64))
            vectors = np.concatenate([block for _, block in self._blocks(documents, rows[sample])])
            vectors = vectors[vectors.any(axis=1)]
            if not len(vectors):
                raise InputError(f"{self._reader} needs embeddings, and those of all training documents are zero.")
            k = min(n_clusters, max(2, len(vectors) // 10), len(vectors))
            means = MiniBatchKMeans(k, n_init=3, batch_size=1024, random_state=_SEED)
            self._clusterings[n_clusters] = means.fit(vectors)
        codes = np.full(documents.counts.shape[0], -1, dtype=np.int64)
        for begin, block in self._blocks(documents, rows):
            found = self._clusterings[n_clusters].predict(block).astype(np.int64)
            codes[rows[begin : begin + len(block)]] = np.where(block.any(axis=1), found, -1)
        return codes

    def _blocks(self, documents: Documents, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Centred unit vectors of the documents at `rows` in blocks, each with the position of its first row."""
        for begin, block in self._raw_blocks(documents, rows):
            yield begin, unit_rows(np.where(block.any(axis=1, keepdims=True), block - self._mean, 0))

    def _raw_blocks(self, documents: Documents, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        vectors = self._vectors_of(documents)
        for begin in range(0, len(rows), _BLOCK):
            yield begin, unit_rows(vectors[rows[begin : begin + _BLOCK]])

    def _vectors_of(self, documents: Documents) -> Embeddings | DocumentVectors:
        if self._learned is not None:
            return self._learned.of(documents.counts)
        given = _given(documents)
        assert given is not None  # `prepare` checks it
        return given

    def _mean_of(self, documents: Documents) -> np.ndarray:
        """The mean unit vector of the training documents: what all have in common says nothing about nearness."""
        total, n_docs = np.zeros(self._size or 0), 0
        for _, block in self._raw_blocks(documents, documents.training_rows):
            total += block.sum(axis=0, dtype=np.float64)
            n_docs += int(block.any(axis=1).sum())
        return (total / max(n_docs, 1)).astype(np.float32)


def knowledge_of(documents: Documents) -> str | None:
    """What made the embeddings of the documents, if they contain knowledge from outside the corpus; else None."""
    given = _given(documents)
    return given.source if given is not None and given.outside_knowledge else None


def _given(documents: Documents) -> Embeddings | None:
    return None if documents.corpus is None else documents.corpus.embeddings
