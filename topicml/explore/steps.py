"""What merging and splitting topics do to beta and theta."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from topicml.errors import InputError

_LARGEST = 20_000  # documents that a split is learned from
_CHUNK = 4096  # documents at a time where their words are involved


@dataclass(frozen=True)
class Merge:
    """Several topics become one, in the place of the first.

    Attributes
    ----------
    topics : tuple of int
        Sorted.
    mass : ndarray, (len(topics),)
        The theta-mass of each over the documents at hand, the weights of the mean of beta.
    """

    topics: tuple[int, ...]
    mass: np.ndarray

    def beta(self, beta: np.ndarray) -> np.ndarray:
        """The mass-weighted mean of the rows: (n_topics - merged + 1, n_words)."""
        weights = self.mass / self.mass.sum() if self.mass.sum() > 0 else np.full(len(self.mass), 1 / len(self.mass))
        merged = beta.copy()
        merged[self.topics[0]] = weights @ beta[list(self.topics)]
        return np.delete(merged, self.topics[1:], axis=0)

    def theta(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """The sum of the columns: (n_docs, n_topics - merged + 1)."""
        merged = theta.copy()
        merged[:, self.topics[0]] = theta[:, list(self.topics)].sum(axis=1)
        return np.delete(merged, self.topics[1:], axis=1)


@dataclass(frozen=True)
class Split:
    """A topic becomes parts: the first in its place, the others at the end.

    Attributes
    ----------
    topic : int
        Which.
    shares : ndarray, (n_parts, n_words)
        Of each word, what share of its probability goes to each part; columns sum to 1.
    of_topic : ndarray, (n_words,)
        The topic's row of beta.
    """

    topic: int
    shares: np.ndarray
    of_topic: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """The probability of each part within the topic, (n_parts,); with it the parts' mean is the topic again."""
        return self.shares @ self.of_topic

    def beta(self, beta: np.ndarray) -> np.ndarray:
        """Rows of the parts, each ``beta * share`` divided by its sum: (n_topics + n_parts - 1, n_words)."""
        parts = self.shares * self.of_topic
        parts /= parts.sum(axis=1, keepdims=True)
        split = beta.copy()
        split[self.topic] = parts[0]
        return np.concatenate([split, parts[1:]])

    def theta(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """The column shared out by the topic's words in each document: (n_docs, n_topics + n_parts - 1)."""
        held = np.asarray(counts @ (self.shares * self.of_topic).T)  # (n_docs, n_parts)
        total = held.sum(axis=1, keepdims=True)
        part = np.where(total > 0, held / np.where(total > 0, total, 1), self.weights)
        columns = (theta[:, [self.topic]] * part).astype(theta.dtype)
        split = theta.copy()
        split[:, self.topic] = columns[:, 0]
        return np.concatenate([split, columns[:, 1:]], axis=1)


def word_split(topic: int, words: np.ndarray, beta: np.ndarray) -> Split:
    """Split off the part of a topic that these word ids make."""
    shares = np.zeros((2, beta.shape[1]))
    shares[1, words] = 1
    shares[0] = 1 - shares[1]
    split = Split(topic, shares, beta[topic])
    if split.weights.min() <= 0:
        raise InputError("One side of the split would have no probability. Give some, but not all, of its words.")
    return split


def learned_split(
    topic: int, n_parts: int, beta: np.ndarray, theta: np.ndarray, counts: csr_matrix, seed: int
) -> Split:
    """Split a topic by non-negative factors of the words that it accounts for (Lee & Seung 2001, KL divergence).

    Of each document, a word's count times p(topic | document, word); at most 20,000 documents, those with most of it.
    """
    from sklearn.decomposition import NMF

    rows = np.argsort(-theta[:, topic], kind="stable")[:_LARGEST]
    rows = np.sort(rows[np.diff(counts.indptr)[rows] > 0])
    if len(rows) < n_parts:
        raise InputError(f"Topic {topic} has {len(rows)} documents with words; {n_parts} parts need as many.")
    held = words_of_topic(topic, beta, theta[rows], counts[rows])
    factors = NMF(n_parts, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=200, tol=1e-3)
    factors.set_params(random_state=seed)
    mass = factors.fit_transform(held).sum(axis=0)
    parts = mass[:, None] * factors.components_ + 1e-12
    return Split(topic, parts / parts.sum(axis=0), beta[topic])


def words_of_topic(topic: int, beta: np.ndarray, theta: np.ndarray, counts: csr_matrix) -> csr_matrix:
    """Counts times p(topic | document, word), theta_dk beta_kw / sum_j theta_dj beta_jw: CSR (n_docs, n_words).

    Topics are read as a mixture here, also those of a product of experts.
    """
    weights = np.empty(counts.nnz)
    for start in range(0, counts.shape[0], _CHUNK):
        stop = min(start + _CHUNK, counts.shape[0])
        documents = np.repeat(np.arange(start, stop), np.diff(counts.indptr[start : stop + 1]))
        first, last = counts.indptr[start], counts.indptr[stop]
        for begin in range(first, last, 65_536):  # (entries, n_topics) at a time
            end = min(begin + 65_536, last)
            rows, words = documents[begin - first : end - first], counts.indices[begin:end]
            joint = theta[rows].astype(np.float64) * beta[:, words].T
            total = joint.sum(axis=1)
            weights[begin:end] = joint[:, topic] / np.where(total > 0, total, 1) * counts.data[begin:end]
    return csr_matrix((weights, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
