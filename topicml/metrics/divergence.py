"""How far the word distributions of topics are from one another."""

from typing import Any

import numpy as np
from scipy.special import xlogy

from topicml.errors import InputError
from topicml.metrics.distributions import topic_words
from topicml.metrics.pairs import check_pairs, mean_of_pairs
from topicml.metrics.result import Score

OCTIS_SMOOTHING = 1e-5


def kl_divergence(beta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Mean Kullback-Leibler divergence of topics from one another, in nats (Kullback & Leibler 1951).

    Over all ordered pairs, so the order of topics does not matter. OCTIS takes only the pairs i < j of a measure that
    is not symmetric, so its number depends on the order; the mean of its numbers for the topics and for the topics
    reversed is this one. ``per_topic`` is the mean over the pairs, either way round, that a topic is in.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        Added to every probability of both distributions, without dividing by the sum again, as OCTIS does; the larger
        the vocabulary, the more it takes from the differences. 0: the plain divergence, infinite where a topic lacks a
        word of another.
    normalize : bool
        Divide each row by its sum first. Otherwise rows that are no distributions are an error; OCTIS takes logits,
        and returns NaN.

    Raises
    ------
    InputError
        If there are fewer than two topics, or rows are no distributions.
    """
    rows = topic_words(beta, normalize)
    check_pairs(len(rows), "KL divergence")
    _check_smoothing(smoothing)
    p = rows + smoothing
    entropy = xlogy(p, p).sum(axis=1)
    lacking = p == 0
    cross = p @ np.log(np.where(lacking, 1.0, p)).T  # row: of which topic; column: from which
    divergence = entropy[:, None] - cross
    divergence[(~lacking).astype(np.float64) @ lacking.T.astype(np.float64) > 0] = np.inf
    return mean_of_pairs("kl_divergence", divergence, {"smoothing": smoothing, "words": rows.shape[1]})


def log_odds_ratio(beta: Any, *, smoothing: float = 0.0, normalize: bool = False) -> Score:
    """Mean absolute log ratio of words' probabilities in pairs of topics (Chaney & Blei 2012, equation 1).

    The sum runs over the words that both topics hold, as the paper's indicators say, and is divided by the size of the
    vocabulary, as OCTIS does. OCTIS also takes words that only one topic holds: its number is then infinite.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        Added to every probability, so that words of one topic alone count.
    normalize : bool
        As in `kl_divergence`.

    Raises
    ------
    InputError
        If there are fewer than two topics, or rows are no distributions.
    """
    rows = topic_words(beta, normalize)
    check_pairs(len(rows), "The log-odds ratio")
    _check_smoothing(smoothing)
    held = rows + smoothing > 0
    logs = np.log(np.where(held, rows + smoothing, 1.0))
    ratio = np.zeros((len(rows), len(rows)))
    for i in range(len(rows) - 1):
        difference = np.abs(logs[i + 1 :] - logs[i])
        difference *= held[i + 1 :] & held[i]
        ratio[i, i + 1 :] = ratio[i + 1 :, i] = difference.mean(axis=1)
    return mean_of_pairs("log_odds_ratio", ratio, {"smoothing": smoothing, "words": rows.shape[1]})


def _check_smoothing(smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise InputError(f"smoothing must be at least 0 and less than 1; received {smoothing}.")
