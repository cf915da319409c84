"""Clusters of documents in embedding space, from which topics start: k-means of a diffusion map of near neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import softmax
from sklearn.cluster import KMeans

from topicml.corpus.documents import Documents
from topicml.corpus.neighbours import nearest
from topicml.errors import InputError
from topicml.starting.mean_vectors import beside_words, document_vectors, unit_rows

MAX_DOCUMENTS = 20_000
"""Documents that are clustered at most: of more, evenly spaced ones. Bounds the time and memory of the neighbours."""

_VOTING_WORDS = 5  # as which the words of a longer document count: they depend on each other
_NEIGHBOURS = 15
_DIMENSIONS = 50
_STEPS = 4  # of the random walk: the map shrinks a direction by its eigenvalue to this power
_ITERATIONS = 12  # of the subspace, each of `_STEPS` products
_SPARE = 10  # directions besides those asked for, so that the last ones converge, too


@dataclass(frozen=True)
class DocumentClusters:
    """A cluster of each of some documents.

    Attributes
    ----------
    rows : ndarray of int, (n_clustered,)
        Rows of the documents; documents with a zero vector are left out.
    labels : ndarray of int, (n_clustered,)
        Their clusters, from 0.
    n_clusters : int
        Number of clusters that were asked for; some may have no document.
    """

    rows: np.ndarray
    labels: np.ndarray
    n_clusters: int

    def topic_weights(self, documents: Documents) -> np.ndarray:
        """Weights of the words of each cluster: the share of its documents that contain the word, over that of all.

        Parameters
        ----------
        documents : Documents
            The documents that were clustered.

        Returns
        -------
        ndarray, float64, (n_clusters, n_words)
            ``p(cluster | word) p(word | cluster)``, with half a document added to each cluster and word. 1 for all
            words of a cluster without documents.
        """
        members = sparse.csr_matrix(
            (np.ones(len(self.rows)), (self.labels, np.arange(len(self.rows)))), (self.n_clusters, len(self.rows))
        )
        present = documents.counts[self.rows].astype(bool).astype(np.float64)
        containing = np.asarray((members @ present).todense(), dtype=np.float64)
        sizes = np.bincount(self.labels, minlength=self.n_clusters)
        base = (containing.sum(axis=0) + 0.5) / (len(self.rows) + 1)
        share = (containing + base) / (sizes[:, None] + 1)
        weights = share * share / share.sum(axis=0)
        weights[sizes == 0] = 1.0
        return weights

    def votes(self, documents: Documents, topics: np.ndarray) -> np.ndarray:
        """The topic that the cluster of each document votes for: that with the largest mean share in its documents.

        The shares are those of naive Bayes, with equal shares of the topics in all documents together. Words alone say
        little about a short document; about a cluster, they say enough. Several clusters may vote for the same topic.

        Parameters
        ----------
        documents : Documents
            The documents that were clustered.
        topics : ndarray, (n_topics, n_words)
            Log-weights of the words.

        Returns
        -------
        ndarray of int64, (n_clustered,)
            Topics, for the documents at `rows`.
        """
        counts = documents.counts[self.rows]
        lengths = np.asarray(counts.sum(axis=1), dtype=np.float64)
        evidence = np.asarray(counts @ topics.T) * np.minimum(1, _VOTING_WORDS / np.maximum(lengths, 1))
        shares = softmax(evidence - evidence.mean(axis=0), axis=1)
        of_clusters = np.zeros((self.n_clusters, len(topics)))
        np.add.at(of_clusters, self.labels, shares)
        return of_clusters.argmax(axis=1)[self.labels]


def document_clusters(
    documents: Documents, n_clusters: int, *, seed: int, word_weight: float = 1.0
) -> DocumentClusters:
    """Cluster documents by their embeddings beside vectors that are learned from their words, or by the latter alone.

    The neighbours of the documents make a graph. Its diffusion map places documents near each other that a random walk
    of a few steps reaches from each other, so clusters follow dense regions of any shape. (Measured with 50 clusters of
    MiniLM's vectors: NMI with the labels of unseen documents is .55 on SearchSnippets and .62 on StackOverflow, against
    .49 and .59 of k-means of the vectors themselves; .50 and .50 on BBC_News.)

    Parameters
    ----------
    documents : Documents
        The documents; of more than `MAX_DOCUMENTS`, evenly spaced ones are clustered.
    n_clusters : int
        Number of clusters; fewer if there are fewer documents.
    seed : int
        Seed of k-means and of the eigenvectors.
    word_weight : float
        Length of the vector of the words beside an embedding of length 1; 0 leaves it out.

    Returns
    -------
    DocumentClusters

    Raises
    ------
    InputError
        If the embeddings of all documents are zero.

    References
    ----------
    Coifman & Lafon, Diffusion maps, 2006. Ng, Jordan & Weiss, On spectral clustering, NeurIPS 2001.
    """
    rows = documents.not_empty
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MAX_DOCUMENTS)).astype(np.int64))]
    given = None if documents.corpus is None else documents.corpus.embeddings
    vectors = unit_rows((document_vectors(documents.counts) if given is None else given)[rows])
    has_vector = vectors.any(axis=1)
    rows, vectors = rows[has_vector], vectors[has_vector]
    if not len(rows):
        raise InputError("A start from clusters needs embeddings, and those of all documents are zero.")
    vectors = unit_rows(vectors - vectors.mean(axis=0))
    if given is not None and word_weight:
        vectors = beside_words(vectors, document_vectors(documents.counts)[rows], word_weight)
    places = diffusion_map(nearest(vectors, min(_NEIGHBOURS, len(rows) - 1)), seed=seed)
    means = KMeans(min(n_clusters, len(np.unique(places, axis=0))), n_init=3, random_state=seed).fit(places)
    return DocumentClusters(rows, means.labels_.astype(np.int64), n_clusters)


def diffusion_map(neighbours: np.ndarray, *, seed: int) -> np.ndarray:
    """Coordinates of documents whose distances are those of a random walk over neighbours.

    Parameters
    ----------
    neighbours : ndarray of int, (n_docs, n_neighbours)
        As `topicml.corpus.neighbours.nearest` returns them.
    seed : int
        Seed of the first directions.

    Returns
    -------
    ndarray, float64, (n_docs, n_dimensions)
        Eigenvectors of the lazy walk, each times its eigenvalue to the power of the steps.
    """
    n_docs, k = neighbours.shape
    edges = sparse.csr_matrix(
        (np.ones(neighbours.size), (np.repeat(np.arange(n_docs), k), neighbours.ravel())), (n_docs, n_docs)
    )
    graph = edges + edges.T + sparse.identity(n_docs, format="csr") * (k == 0)
    scale = 1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    walk = (sparse.diags(scale) @ graph @ sparse.diags(scale) + sparse.identity(n_docs)) / 2
    dimensions = min(_DIMENSIONS, n_docs)
    directions = np.random.default_rng(seed).normal(size=(n_docs, min(dimensions + _SPARE, n_docs)))
    for _ in range(_ITERATIONS):
        directions = np.linalg.qr(directions)[0]
        for _ in range(_STEPS):
            directions = walk @ directions
    directions = np.linalg.qr(directions)[0]
    values, rotation = np.linalg.eigh(directions.T @ (walk @ directions))
    order = np.argsort(-values)[:dimensions]
    return (directions @ rotation[:, order]) * scale[:, None] * np.maximum(values[order], 0) ** _STEPS
