"""What a topic model learned, whoever made it: topics, beta, theta and the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words


@dataclass(frozen=True, eq=False)
class Fitted:
    """Topics of a fitted model.

    Attributes
    ----------
    topics : list of lists of str
        The best words of each topic, best first.
    beta : ndarray or None, float64, (n_topics, n_words)
        Word distributions of the topics; rows sum to 1. None where the model has no such (LSI).
    theta : ndarray or None, float64, (n_docs, n_topics)
        Topic proportions of the documents; rows sum to 1.
    vocabulary : tuple of str or None
        Words of the columns of `beta`.
    """

    topics: list[list[str]]
    beta: np.ndarray | None = None
    theta: np.ndarray | None = None
    vocabulary: tuple[str, ...] | None = None

    def output(self) -> dict[str, Any]:
        """OCTIS's model output: ``topics``, ``topic-word-matrix``, ``topic-document-matrix`` (n_topics, n_docs)."""
        output: dict[str, Any] = {"topics": self.topics}
        if self.beta is not None:
            output["topic-word-matrix"] = self.beta
        if self.theta is not None:
            output["topic-document-matrix"] = self.theta.T
        return output


def learned(weights: Any, theta: Any, vocabulary: Sequence[str] | None, topn: int) -> Fitted:
    """Name the topics by their largest weights, and make distributions of weights.

    Parameters
    ----------
    weights : array, (n_topics, n_words)
        Words' weights, not negative; need not sum to 1.
    theta : array, (n_docs, n_topics), or None
        Topics' weights, not negative. A document whose weights are all 0 gets the same share of each topic.
    vocabulary : sequence of str
        Words of the columns.
    topn : int
        Words a topic.

    Raises
    ------
    InputError
        If the words are not known or not as many as there are columns, or weights are negative.
    """
    weights = np.asarray(weights, dtype=np.float64)
    words = column_words(vocabulary, weights.shape[1])
    beta = topic_words(weights, normalize=True)
    shares = None if theta is None else document_topics(theta, normalize=True)
    return Fitted(best_words(weights, words, topn), beta, shares, words)


def column_words(vocabulary: Sequence[str] | None, n_words: int) -> tuple[str, ...]:
    """Return the columns' words; `InputError` where they are not known or of another number."""
    if vocabulary is None:
        raise InputError("The model does not know its words. Pass them, or its vectorizer: fitted(…, vocabulary=…).")
    words = tuple(str(word) for word in vocabulary)
    if len(words) != n_words:
        raise InputError(f"The vocabulary has {len(words):,} words, and the model {n_words:,} columns.")
    return words


def best_words(weights: np.ndarray, words: Sequence[str], topn: int) -> list[list[str]]:
    """Return the `topn` words of the largest weights of each row, largest first.

    Raises
    ------
    InputError
        If there are fewer than `topn` words.
    """
    if not 1 <= topn <= len(words):
        raise InputError(f"topn={topn} words a topic were asked for; the vocabulary holds {len(words):,}.")
    return [[words[i] for i in row] for row in np.argsort(-weights, axis=1, kind="stable")[:, :topn]]


def counts_over(documents: Any, words: Sequence[str]) -> sp.csr_matrix:
    """Return counts of `words` in the documents, sparse, (n_docs, n_words); other words are left out.

    Parameters
    ----------
    documents : Corpus or matrix, (n_docs, n_words)
        A matrix must have the columns of `words`.

    Raises
    ------
    InputError
        If it is neither, or a matrix has other columns.
    """
    if isinstance(documents, Corpus):
        if documents.vocabulary == words:
            return documents.counts
        pairs = [(documents.vocabulary.index.get(word, -1), j) for j, word in enumerate(words)]
        known = np.array([pair for pair in pairs if pair[0] >= 0], dtype=np.int64).reshape(-1, 2)
        ones = np.ones(len(known), dtype=documents.counts.dtype)
        chosen = sp.csr_matrix((ones, (known[:, 0], known[:, 1])), shape=(documents.n_words, len(words)))
        return sp.csr_matrix(documents.counts @ chosen)
    if not sp.issparse(documents) and getattr(documents, "ndim", 0) != 2:
        raise InputError(f"documents must be a Corpus or a matrix of counts; received {type(documents).__name__}.")
    if documents.shape[1] != len(words):
        raise InputError(f"The documents have {documents.shape[1]:,} columns, and the model {len(words):,} words.")
    return sp.csr_matrix(documents)


def texts_of(documents: Any) -> list[str]:
    """Return raw texts: those given, or the field "text" of a corpus; `InputError` where there are none."""
    if isinstance(documents, Corpus):
        if "text" not in documents.fields:
            raise InputError("The model reads raw texts, and this corpus holds none: it has no field 'text'.")
        return ["" if text is None else str(text) for text in documents.fields["text"]]
    if isinstance(documents, str) or not all(isinstance(text, str) for text in documents):
        raise InputError("The model reads raw texts: give a list of strings, or a Corpus made of texts.")
    return list(documents)
