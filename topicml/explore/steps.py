"""What merging, splitting and ordering topics do to beta and theta."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from topicml.errors import InputError

_MAX_DOCUMENTS = 20_000  # documents that a split is learned from
_CHUNK = 4096  # documents at a time when their words are read
_ENTRIES = 65_536  # entries of counts at a time; each needs n_topics numbers


@dataclass(frozen=True)
class Merge:
    """Several topics become one, in the place of the one with the lowest number.

    Attributes
    ----------
    topics : tuple of int
        Sorted.
    mass : ndarray, (len(topics),)
        Weights of the mean of beta: the theta-mass of each topic over the documents.
    """

    topics: tuple[int, ...]
    mass: np.ndarray

    def beta(self, beta: np.ndarray) -> np.ndarray:
        """Average the rows, weighted by mass: (n_topics, n_words) to (n_topics - n_merged + 1, n_words)."""
        mass = np.ldexp(self.mass, -np.frexp(self.mass.max())[1])  # by a power of 2: a finite sum, and the same bits
        weights = mass / mass.sum() if mass.sum() > 0 else np.full(len(mass), 1 / len(mass))
        merged = beta.copy()
        # Not a matrix product, whose last bits depend on where the arrays lie in memory.
        merged[self.topics[0]] = (weights[:, None] * beta[list(self.topics)]).sum(axis=0)
        return np.delete(merged, self.topics[1:], axis=0)

    def theta(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """Sum the columns.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics)
            Topic proportions before the merge.
        counts : csr_matrix, (n_docs, n_words)
            Not used; `Split.theta` reads it.

        Returns
        -------
        theta : ndarray, (n_docs, n_topics - n_merged + 1)
        """
        merged = theta.copy()
        merged[:, self.topics[0]] = theta[:, list(self.topics)].sum(axis=1)
        return np.delete(merged, self.topics[1:], axis=1)


@dataclass(frozen=True)
class Split:
    """A topic becomes parts: the first in its place, the others at the end.

    Attributes
    ----------
    topic : int
        The topic.
    shares : ndarray, (n_parts, n_words)
        For each word, the share of its probability that goes to each part; columns sum to 1.
    of_topic : ndarray, (n_words,)
        The topic's row of beta.
    """

    topic: int
    shares: np.ndarray
    of_topic: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Probability of each part within the topic, (n_parts,); the parts' mean with these weights is the topic."""
        return self.shares @ self.of_topic

    def beta(self, beta: np.ndarray) -> np.ndarray:
        """Replace the topic by its parts, each ``beta * share`` normalised: (n_topics + n_parts - 1, n_words).

        A part without any of the words of `beta` stays 0.
        """
        parts = self.shares * beta[self.topic]
        total = parts.sum(axis=1, keepdims=True)
        parts /= np.where(total > 0, total, 1)
        split = beta.copy()
        split[self.topic] = parts[0]
        return np.concatenate([split, parts[1:]])

    def theta(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """Divide the topic's column among the parts, by the words of each document.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics)
            Topic proportions before the split.
        counts : csr_matrix, (n_docs, n_words)
            Word counts of the same documents. Documents without words of the topic are divided by `weights`.

        Returns
        -------
        theta : ndarray, (n_docs, n_topics + n_parts - 1)
        """
        evidence = np.asarray(counts @ (self.shares * self.of_topic).T)  # (n_docs, n_parts)
        total = evidence.sum(axis=1, keepdims=True)
        part = np.where(total > 0, evidence / np.where(total > 0, total, 1), self.weights)
        columns = (theta[:, [self.topic]] * part).astype(theta.dtype)
        split = theta.copy()
        split[:, self.topic] = columns[:, 0]
        return np.concatenate([split, columns[:, 1:]], axis=1)


@dataclass(frozen=True)
class Order:
    """The topics in another order.

    Attributes
    ----------
    topics : tuple of int
        A permutation: the old number of each new topic.
    """

    topics: tuple[int, ...]

    def beta(self, beta: np.ndarray) -> np.ndarray:
        """The rows in the new order: (n_topics, n_words)."""
        return beta[list(self.topics)]

    def theta(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """The columns in the new order.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics)
            Topic proportions in the old order.
        counts : csr_matrix, (n_docs, n_words)
            Not used; `Split.theta` reads it.

        Returns
        -------
        theta : ndarray, (n_docs, n_topics)
        """
        return theta[:, list(self.topics)]


def word_split(topic: int, words: np.ndarray, beta: np.ndarray) -> Split:
    """Split a topic in two: its other words, and the given words.

    Parameters
    ----------
    topic : int
        The topic.
    words : ndarray of int
        Ids of the words that become the second part.
    beta : ndarray, (n_topics, n_words)
        Word distributions before the split.

    Returns
    -------
    split : Split

    Raises
    ------
    InputError
        If one of the parts would have no probability.
    """
    shares = np.zeros((2, beta.shape[1]))
    shares[1, words] = 1
    shares[0] = 1 - shares[1]
    split = Split(topic, shares, beta[topic])
    if split.weights.min() <= 0:
        raise InputError("One part of the split would have no probability. Pass some of its words, but not all.")
    return split


def learned_split(
    topic: int, n_parts: int, beta: np.ndarray, theta: np.ndarray, counts: csr_matrix, seed: int
) -> Split:
    """Split a topic by non-negative matrix factorisation with KL divergence (Lee & Seung 2001).

    The matrix has, for each document and word, the count times p(topic | document, word), of at most 20,000
    documents: those with most of the topic.

    Parameters
    ----------
    topic : int
        The topic.
    n_parts : int
        Number of parts.
    beta : ndarray, (n_topics, n_words)
        Word distributions before the split.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions.
    counts : csr_matrix, (n_docs, n_words)
        Word counts of the documents.
    seed : int
        Seed of the factorisation.

    Returns
    -------
    split : Split

    Raises
    ------
    InputError
        If fewer than `n_parts` documents have words.
    """
    from sklearn.decomposition import NMF

    rows = np.argsort(-theta[:, topic], kind="stable")[:_MAX_DOCUMENTS]
    rows = np.sort(rows[np.diff(counts.indptr)[rows] > 0])
    if len(rows) < n_parts:
        raise InputError(f"Topic {topic} has {len(rows)} documents with words; {n_parts} parts need as many.")
    matrix = words_of_topic(topic, beta, theta[rows], counts[rows])
    factors = NMF(n_parts, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=200, tol=1e-3)
    factors.set_params(random_state=seed)
    mass = factors.fit_transform(matrix).sum(axis=0)
    parts = mass[:, None] * factors.components_ + 1e-12
    # Rows one after the other in memory, as when they are read from a file: the order of sums decides the last bits.
    return Split(topic, np.ascontiguousarray(parts / parts.sum(axis=0)), beta[topic])


def words_of_topic(topic: int, beta: np.ndarray, theta: np.ndarray, counts: csr_matrix) -> csr_matrix:
    """Counts times p(topic | document, word), that is ``theta_dk beta_kw / sum_j theta_dj beta_jw``.

    Topics are treated as a mixture, also those of a product of experts such as ProdLDA.

    Parameters
    ----------
    topic : int
        The topic.
    beta : ndarray, (n_topics, n_words)
        Word distributions.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions.
    counts : csr_matrix, (n_docs, n_words)
        Word counts of the documents.

    Returns
    -------
    weights : csr_matrix, (n_docs, n_words)
        In tokens, with the sparsity pattern of `counts`.
    """
    weights = np.empty(counts.nnz)
    for start in range(0, counts.shape[0], _CHUNK):
        stop = min(start + _CHUNK, counts.shape[0])
        documents = np.repeat(np.arange(start, stop), np.diff(counts.indptr[start : stop + 1]))
        first, last = counts.indptr[start], counts.indptr[stop]
        for begin in range(first, last, _ENTRIES):
            end = min(begin + _ENTRIES, last)
            rows, words = documents[begin - first : end - first], counts.indices[begin:end]
            joint = theta[rows].astype(np.float64) * beta[:, words].T
            total = joint.sum(axis=1)
            weights[begin:end] = joint[:, topic] / np.where(total > 0, total, 1) * counts.data[begin:end]
    return csr_matrix((weights, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
