"""Documents in embedding space: their vectors, clusters of them, and neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.neighbours import nearest
from topicml.errors import InputError
from topicml.starting import DocumentVectors, document_vectors
from topicml.starting.mean_vectors import beside_words, unit_rows

_BLOCK = 10_000  # documents
_SAMPLE = 50_000  # documents that decide the clusters
_SEED = 0  # the documents alone decide the space: a resumed fit has the same, and so have fits with other seeds


class EmbeddingSpace:
    """Unit vectors of documents: the embeddings of the corpus beside vectors that are learned from the documents.

    The embedding and the vector of the words make one vector (`topicml.starting.mean_vectors.beside_words`). Without
    embeddings, the vectors are those of the words.

    Only the training documents of the first call of `prepare` decide the space and its clusters. Later documents, as
    those of `partial_fit`, get vectors and clusters of the same space. Vectors are read or computed in blocks.

    Parameters
    ----------
    dimension : int
        Length of vectors that are learned.
    reader : str
        What needs the vectors, for messages.
    word_weight : float
        Length of the vector of the words beside an embedding; 0 leaves it out.
    """

    def __init__(self, dimension: int, reader: str, *, word_weight: float = 1.0) -> None:
        self._dimension, self._reader, self._word_weight = dimension, reader, word_weight
        self._learned: DocumentVectors | None = None
        self._given_size: int | None = None  # None: there are no embeddings
        self._means: list[np.ndarray] = []  # of the embeddings and of the vectors of words; empty before `prepare`
        self._clusterings: dict[int, MiniBatchKMeans] = {}

    @property
    def has_embeddings(self) -> bool:
        """Whether the documents of the first call of `prepare` had embeddings."""
        return self._given_size is not None

    def prepare(self, documents: Documents) -> None:
        """Learn the space at the first call; check at later calls that the documents belong to it.

        Parameters
        ----------
        documents : Documents
            The documents, and the rows to train on.

        Raises
        ------
        InputError
            If later documents lack embeddings of the first ones' size.
        """
        given = _given(documents)
        if not self._means:
            if given is None or self._word_weight:
                part = documents.training_part().counts
                self._learned = document_vectors(part, dimension=self._dimension, seed=_SEED)
            self._given_size = None if given is None else given.size
            self._means = [_mean_of(vectors, documents.training_rows) for vectors in self._vectors_of(documents)]
        elif self.has_embeddings and (given is None or given.size != self._given_size):
            has = "none" if given is None else f"of size {given.size}"
            raise InputError(
                f"{self._reader} was prepared with embeddings of size {self._given_size}, and these documents have "
                f"{has}. Encode them with the same encoder: corpus.with_embeddings(...)."
            )

    def clusters(self, documents: Documents, n_clusters: int) -> np.ndarray:
        """The k-means cluster of each document to train on.

        Parameters
        ----------
        documents : Documents
            The documents that `prepare` saw last.
        n_clusters : int
            Number of clusters; fewer for less than 10 documents each, but at least 2. 1: all documents with a vector.

        Returns
        -------
        int64 array, (n_docs,)
            -1 for documents that are not trained on, or have a zero vector.
        """
        rows = documents.training_rows
        codes = np.full(documents.counts.shape[0], -1, dtype=np.int64)
        if n_clusters > 1 and n_clusters not in self._clusterings:
            sample = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(np.int64))
            vectors = np.concatenate([block for _, block in self._blocks(documents, rows[sample])])
            vectors = vectors[vectors.any(axis=1)]
            if not len(vectors):
                return codes
            k = min(n_clusters, max(2, len(vectors) // 10), len(vectors))
            means = MiniBatchKMeans(k, n_init=3, batch_size=1024, random_state=_SEED)
            self._clusterings[n_clusters] = means.fit(vectors)
        for begin, block in self._blocks(documents, rows):
            one = np.zeros(len(block), dtype=np.int64)
            found = one if n_clusters == 1 else self._clusterings[n_clusters].predict(block).astype(np.int64)
            codes[rows[begin : begin + len(block)]] = np.where(block.any(axis=1), found, -1)
        return codes

    def neighbours(self, documents: Documents, codes: np.ndarray, n_neighbours: int) -> np.ndarray:
        """The nearest documents of each document within its cluster: far fewer pairs than those of all documents.

        Parameters
        ----------
        documents : Documents
            The documents that `prepare` saw last.
        codes : ndarray of int, (n_docs,)
            Their clusters; -1 for none.
        n_neighbours : int
            Number of neighbours, at least 1.

        Returns
        -------
        int32 array, (n_docs, n_neighbours)
            Rows of documents, in no order; repeated in a smaller cluster. A document without others in its cluster, or
            without a cluster, is its own neighbour.
        """
        found = np.repeat(np.arange(len(codes), dtype=np.int32)[:, None], n_neighbours, axis=1)
        for code in np.unique(codes[codes >= 0]):
            rows = np.flatnonzero(codes == code)
            n_found = min(n_neighbours, len(rows) - 1)
            if n_found:
                vectors = np.concatenate([block for _, block in self._blocks(documents, rows)])
                found[rows] = rows[nearest(vectors, n_found)][:, np.arange(n_neighbours) % n_found]
        return found

    def _blocks(self, documents: Documents, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Unit vectors of the documents at `rows` in blocks, each with the position of its first row.

        Each source is centred: what all documents have in common says nothing about nearness.
        """
        sources = self._vectors_of(documents)
        for begin in range(0, len(rows), _BLOCK):
            found = []
            for vectors, mean in zip(sources, self._means, strict=True):
                block = unit_rows(vectors[rows[begin : begin + _BLOCK]])
                found.append(unit_rows(np.where(block.any(axis=1, keepdims=True), block - mean, 0)))
            yield begin, found[0] if len(found) == 1 else beside_words(found[0], found[1], self._word_weight)

    def _vectors_of(self, documents: Documents) -> list[Embeddings | DocumentVectors]:
        """The embeddings, if there are any, and the vectors of the words, if they are read."""
        given = _given(documents) if self.has_embeddings else None
        learned = None if self._learned is None else self._learned.of(documents.counts)
        return [vectors for vectors in (given, learned) if vectors is not None]


def _mean_of(vectors: Embeddings | DocumentVectors, rows: np.ndarray) -> np.ndarray:
    """The mean unit vector of the documents at `rows`, without zero vectors."""
    total, n_docs = np.zeros(vectors.size), 0
    for begin in range(0, len(rows), _BLOCK):
        block = unit_rows(vectors[rows[begin : begin + _BLOCK]])
        total += block.sum(axis=0, dtype=np.float64)
        n_docs += int(block.any(axis=1).sum())
    return (total / max(n_docs, 1)).astype(np.float32)


def knowledge_of(documents: Documents) -> str | None:
    """What made the embeddings of the documents, if they contain knowledge from outside the corpus; else None."""
    given = _given(documents)
    return given.source if given is not None and given.outside_knowledge else None


def _given(documents: Documents) -> Embeddings | None:
    return None if documents.corpus is None else documents.corpus.embeddings
