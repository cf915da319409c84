"""`Fitted`: the topics of a fitted model of any package."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words


@dataclass(frozen=True, eq=False)
class Fitted:
    """Topics of a fitted model.

    Attributes
    ----------
    topics : list of lists of str
        The top words of each topic, best first.
    beta : ndarray or None, float64, (n_topics, n_words)
        Word distributions of the topics; rows sum to 1. None for models without such distributions (LSI).
    theta : ndarray or None, float64, (n_docs, n_topics)
        Topic proportions of the documents; rows sum to 1.
    vocabulary : tuple of str or None
        Words of the columns of `beta`.
    """

    topics: list[list[str]]
    beta: np.ndarray | None = None
    theta: np.ndarray | None = None
    vocabulary: tuple[str, ...] | None = None

    @classmethod
    def from_weights(cls, weights: Any, theta: Any, vocabulary: Sequence[str] | None, topn: int) -> "Fitted":
        """Normalize weights to distributions, and describe each topic by its words of largest weight.

        Parameters
        ----------
        weights : array, (n_topics, n_words)
            Non-negative weights of the words; rows need not sum to 1.
        theta : array, (n_docs, n_topics), or None
            Non-negative weights of the topics. A document whose weights are all 0 gets equal proportions.
        vocabulary : sequence of str or None
            Words of the columns.
        topn : int
            Words per topic.

        Returns
        -------
        Fitted

        Raises
        ------
        InputError
            If the vocabulary is missing or not as long as the rows, or weights are negative.
        """
        weights = np.asarray(weights, dtype=np.float64)
        words = column_words(vocabulary, weights.shape[1])
        beta = topic_words(weights, normalize=True)
        proportions = None if theta is None else document_topics(theta, normalize=True)
        return cls(best_words(weights, words, topn), beta, proportions, words)

    def output(self) -> dict[str, Any]:
        """Return OCTIS's model output: ``topics``, ``topic-word-matrix``, ``topic-document-matrix``.

        The matrices have shapes (n_topics, n_words) and (n_topics, n_docs).
        """
        output: dict[str, Any] = {"topics": self.topics}
        if self.beta is not None:
            output["topic-word-matrix"] = self.beta
        if self.theta is not None:
            output["topic-document-matrix"] = self.theta.T
        return output


def column_words(vocabulary: Sequence[str] | None, n_words: int) -> tuple[str, ...]:
    """Return the words of a model's columns.

    Parameters
    ----------
    vocabulary : sequence of str or None
        The words.
    n_words : int
        Number of columns.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If the vocabulary is None or its length is not the number of columns.
    """
    if vocabulary is None:
        raise InputError("The model has no vocabulary. Pass its words or its vectorizer: fitted(…, vocabulary=…).")
    words = tuple(str(word) for word in vocabulary)
    if len(words) != n_words:
        raise InputError(f"The vocabulary has {len(words):,} words, but the model has {n_words:,} columns.")
    return words


def best_words(weights: np.ndarray, words: Sequence[str], topn: int) -> list[list[str]]:
    """Return the words of the largest weights of each row, largest first.

    Parameters
    ----------
    weights : ndarray, (n_topics, n_words)
        Ties keep the order of the columns.
    words : sequence of str
        Words of the columns.
    topn : int
        Words per row.

    Returns
    -------
    list of lists of str

    Raises
    ------
    InputError
        If there are fewer than `topn` words.
    """
    if not 1 <= topn <= len(words):
        raise InputError(f"topn={topn} must be between 1 and the {len(words):,} words of the vocabulary.")
    return [[words[i] for i in row] for row in np.argsort(-weights, axis=1, kind="stable")[:, :topn]]
