"""Words of topics, by several weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from topicml.checks import require
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of

_TINY = 1e-300  # keeps logarithms of zero finite


def frex(beta: np.ndarray, *, weight: float = 0.5) -> np.ndarray:
    """Harmonic mean of a word's rank by frequency and by exclusivity in a topic.

    ``1 / (w / F(beta) + (1 - w) / F(beta / sum_k beta))``, where F is the share of words that rank no higher. As
    `calcfrex` of the R package stm, without its shrinkage.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Word distributions.
    weight : float
        Weight w of frequency, in [0, 1].

    Returns
    -------
    frex : ndarray, (n_topics, n_words)
        In (0, 1].

    Raises
    ------
    InputError
        If `weight` is out of range.

    References
    ----------
    Bischof & Airoldi 2012; Roberts, Stewart & Tingley 2019 (stm).
    """
    require(0 <= weight <= 1, "weight", weight, "in [0, 1]")
    exclusivity = beta / np.maximum(beta.sum(axis=0), _TINY)
    frequency_rank, exclusivity_rank = (rankdata(each, axis=1) / beta.shape[1] for each in (beta, exclusivity))
    return 1 / (weight / frequency_rank + (1 - weight) / exclusivity_rank)


def lift(beta: np.ndarray, term_frequency: np.ndarray) -> np.ndarray:
    """Probability of a word in the topic divided by its share of all tokens (Taddy 2012).

    A word that no document has counts as half a token, so that nothing is divided by zero.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Word distributions.
    term_frequency : ndarray, (n_words,)
        Number of tokens of each word in the documents.

    Returns
    -------
    lift : ndarray, (n_topics, n_words)
    """
    frequency = np.where(term_frequency > 0, term_frequency, 0.5)
    return beta / (frequency / frequency.sum())


def relevance(beta: np.ndarray, term_frequency: np.ndarray, *, lambda_: float = 0.6) -> np.ndarray:
    """Relevance, ``lambda log beta + (1 - lambda) log lift`` (Sievert & Shirley 2014, equation 1).

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Word distributions.
    term_frequency : ndarray, (n_words,)
        Number of tokens of each word in the documents.
    lambda_ : float
        Weight of probability, in [0, 1].

    Returns
    -------
    relevance : ndarray, (n_topics, n_words)
        In nats.

    Raises
    ------
    InputError
        If `lambda_` is out of range.
    """
    require(0 <= lambda_ <= 1, "lambda_", lambda_, "in [0, 1]")
    log_beta, log_lift = (np.log(np.maximum(each, _TINY)) for each in (beta, lift(beta, term_frequency)))
    return lambda_ * log_beta + (1 - lambda_) * log_lift


def score(beta: np.ndarray) -> np.ndarray:
    """``beta (log beta - mean_k log beta)``, (n_topics, n_words), as in the R packages lda and stm (Chang)."""
    log_beta = np.log(np.maximum(beta, _TINY))
    return beta * (log_beta - log_beta.mean(axis=0))


def contributions(beta: np.ndarray, mass: np.ndarray | None = None) -> np.ndarray:
    """How much each word sets a topic apart: its term of the divergence of the topic from the mean of all topics.

    ``beta log(beta / sum_k mass_k beta_k)``: large for words that are frequent in the topic and rare elsewhere, and
    negative for words that are rarer in the topic. A row sums to its Kullback-Leibler divergence from the mean.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Word distributions.
    mass : ndarray, (n_topics,), optional
        Mean topic proportions; equal by default.

    Returns
    -------
    contributions : ndarray, (n_topics, n_words)
        In nats.
    """
    mass = np.ones(len(beta)) if mass is None or not mass.sum() > 0 else mass
    mean = (mass / mass.sum()) @ beta
    return beta * (np.log(np.maximum(beta, _TINY)) - np.log(np.maximum(mean, _TINY)))


def word_weights(view: BaseView, by: str = "probability", *, weight: float = 0.5, lambda_: float = 0.6) -> np.ndarray:
    """Weights of all words in all topics.

    Parameters
    ----------
    view : TopicView
        The topics.
    by : {"probability", "frex", "relevance", "lift", "score"}
        Which weight; see the functions of these names. "relevance" and "lift" need documents.
    weight, lambda_ : float
        FREX's weight of frequency; relevance's lambda.

    Returns
    -------
    weights : ndarray, (n_topics, n_words)

    Raises
    ------
    InputError
        If `by` is unknown, a number is out of range, or `by` needs documents and the view has none.
    """
    if by == "probability":
        return view.beta
    if by == "frex":
        return frex(view.beta, weight=weight)
    if by == "score":
        return score(view.beta)
    if by not in ("relevance", "lift"):
        raise InputError(f"by={by!r} is unknown. Choose probability, frex, relevance, lift or score.")
    counts = view.require_documents(f"by={by!r}").counts
    frequency = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    return lift(view.beta, frequency) if by == "lift" else relevance(view.beta, frequency, lambda_=lambda_)


def words_at(view: BaseView, group: str | int, n: int = 10) -> list[list[str]]:
    """The first words of each topic in a slice of time, or in a level of `content`, after the steps of the view.

    Parameters
    ----------
    view : TopicView
        The topics of a model that was fitted with `time` or `content`.
    group : str or int
        As in `TopicModel.topics_at`.
    n : int
        Words of each topic.

    Returns
    -------
    words : list of list of str
        Best first. Words that no document of the group has are left out, so there may be fewer than `n`.

    Raises
    ------
    InputError
        As `TopicModel.topics_at`.
    """
    require(n >= 1, "n", n, "at least 1")
    weights = view.changed_beta(view.model.components_at(group))
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n]
    return [[view.vocabulary[i] for i in row if of_topic[i] > 0] for row, of_topic in zip(order, weights, strict=True)]


def probable_words(view: BaseView, topic: int, n: int = 10) -> list[tuple[str, float]]:
    """The most probable words of a topic.

    Parameters
    ----------
    view : TopicView
        The topics.
    topic : int
        The topic.
    n : int
        Number of words at most.

    Returns
    -------
    words : list of (str, float)
        Words and their probabilities, most probable first.

    Raises
    ------
    InputError
        If there is no such topic.
    """
    row = view.beta[view.topic(topic)]
    return [(view.vocabulary[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:n]]


def top_words(
    view: BaseView,
    n: int = 10,
    by: str = "probability",
    *,
    weight: float = 0.5,
    lambda_: float = 0.6,
    frame: str = "pandas",
) -> Any:
    """The first `n` words of each shown topic.

    Parameters
    ----------
    view : TopicView
        The topics.
    n : int
        Number of words of each topic.
    by, weight, lambda_
        As in `word_weights`.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each topic and rank: topic, label, rank, word, weight, probability.

    Raises
    ------
    InputError
        If there are fewer than `n` words, or as `word_weights`.
    """
    return word_table(view, view.shown, n, by, weight=weight, lambda_=lambda_, frame=frame)


def word_table(
    view: BaseView,
    topics: Sequence[int],
    n: int,
    by: str,
    *,
    weight: float = 0.5,
    lambda_: float = 0.6,
    frame: str = "pandas",
) -> Any:
    """`top_words` of the given topics, hidden or not.

    Parameters
    ----------
    view : TopicView
        The topics.
    topics : sequence of int
        Numbers of the topics.
    n, by, weight, lambda_, frame
        As in `top_words`.

    Returns
    -------
    table : DataFrame
        As `top_words`.

    Raises
    ------
    InputError
        As `top_words`.
    """
    if not 1 <= n <= len(view.vocabulary):
        raise InputError(f"n={n} words for each topic were requested; the vocabulary holds {len(view.vocabulary)}.")
    weights = word_weights(view, by, weight=weight, lambda_=lambda_)
    labels = view.labels
    ids = np.argsort(-weights[topics], axis=1, kind="stable")[:, :n]
    topic_column = np.repeat(topics, n)
    return frame_of(
        {
            "topic": topic_column,
            "label": [labels[k] for k in topic_column],
            "rank": np.tile(np.arange(1, n + 1), len(topics)),
            "word": [view.vocabulary[i] for i in ids.ravel()],
            "weight": weights[topic_column, ids.ravel()],
            "probability": view.beta[topic_column, ids.ravel()],
        },
        frame,
    )
