"""Differences between the word distributions of topics."""

from typing import Any

import numpy as np
from scipy.special import xlogy

from topicml.checks import require
from topicml.metrics.distributions import topic_words
from topicml.metrics.pairs import check_pairs, mean_of_pairs
from topicml.metrics.result import Score

OCTIS_SMOOTHING = 1e-5


def kl_divergence(beta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Mean Kullback-Leibler divergence between topics, in nats (Kullback & Leibler 1951).

    The mean is over all ordered pairs of topics, so that the order of topics does not matter. The divergence is not
    symmetric; OCTIS averages only the pairs i < j, so that its number depends on the order of topics. The mean of
    OCTIS's numbers for the topics and for the topics in reverse order equals this one.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        Added to every probability of both distributions, without renormalization, as OCTIS does. It shrinks the
        divergence, more so with a larger vocabulary. With 0 the divergence is infinite if a word of one topic has
        probability 0 in another.
    normalize : bool
        Divide each row by its sum first. Otherwise rows that do not sum to 1 are an error; OCTIS accepts logits and
        returns NaN.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean over the pairs of each topic, in both directions.

    Raises
    ------
    InputError
        If there are fewer than two topics, or rows are not distributions.
    """
    rows = topic_words(beta, normalize)
    check_pairs(len(rows), "KL divergence")
    check_smoothing(smoothing)
    p = rows + smoothing
    negative_entropy = xlogy(p, p).sum(axis=1)
    is_zero = p == 0
    negative_cross_entropy = p @ np.log(np.where(is_zero, 1.0, p)).T  # [i, j]: sum of p_i log p_j
    divergence = negative_entropy[:, None] - negative_cross_entropy  # [i, j]: KL(p_i || p_j)
    divergence[(~is_zero).astype(np.float64) @ is_zero.T.astype(np.float64) > 0] = np.inf
    return mean_of_pairs("kl_divergence", divergence, {"smoothing": smoothing, "words": rows.shape[1]})


def log_odds_ratio(beta: Any, *, smoothing: float = 0.0, normalize: bool = False) -> Score:
    """Mean absolute log ratio of words' probabilities in pairs of topics (Chaney & Blei 2012, equation 1).

    The sum is over the words with positive probability in both topics, as the paper's indicators say, and is divided by
    the size of the vocabulary, as in OCTIS. OCTIS also includes words of only one topic: its number is then infinite.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        Added to every probability; if positive, words of only one topic count as well.
    normalize : bool
        As in `kl_divergence`.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean over the pairs of each topic.

    Raises
    ------
    InputError
        If there are fewer than two topics, or rows are not distributions.
    """
    rows = topic_words(beta, normalize)
    check_pairs(len(rows), "The log-odds ratio")
    check_smoothing(smoothing)
    is_positive = rows + smoothing > 0
    logs = np.log(np.where(is_positive, rows + smoothing, 1.0))
    ratio = np.zeros((len(rows), len(rows)))
    for i in range(len(rows) - 1):
        difference = np.abs(logs[i + 1 :] - logs[i])
        difference *= is_positive[i + 1 :] & is_positive[i]
        ratio[i, i + 1 :] = ratio[i + 1 :, i] = difference.mean(axis=1)
    return mean_of_pairs("log_odds_ratio", ratio, {"smoothing": smoothing, "words": rows.shape[1]})


def check_smoothing(smoothing: float) -> None:
    """Raise `InputError` unless 0 <= smoothing < 1."""
    require(0 <= smoothing < 1, "smoothing", smoothing, "at least 0 and less than 1")
