"""Divergence of topics from distributions without meaning (AlSumait, Barbara, Gentle & Domeniconi 2009).

All three measures are mean Kullback-Leibler divergences, in nats, from the distribution of a junk topic; higher is
better. As in OCTIS, `smoothing` is added to every probability of both distributions without renormalization. Its effect
grows with the number of words or documents; ``smoothing=0`` is the divergence as defined, which is always finite here.
"""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words
from topicml.metrics.divergence import OCTIS_SMOOTHING, check_smoothing
from topicml.metrics.leading import rows_with_words
from topicml.metrics.result import Score

_BLOCK = 4096  # words or documents at a time, so that intermediate results fit into the processor's cache


def kl_uniform(beta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Divergence of topics from the uniform distribution over words.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        Added to every probability of both distributions, at least 0 and less than 1.
    normalize : bool
        Divide each row by its sum first; otherwise rows that do not sum to 1 are an error.

    Returns
    -------
    score : Score
        ``per_topic`` is the divergence of each topic.

    Raises
    ------
    InputError
        If rows are not distributions, or `smoothing` is out of range.
    """
    rows = topic_words(beta, normalize)
    values = _divergence(rows, np.full(rows.shape[1], 1 / rows.shape[1]), smoothing)
    return _score("kl_uniform", values, smoothing, words=rows.shape[1])


def kl_vacuous(
    beta: Any,
    theta: Any = None,
    *,
    smoothing: float = OCTIS_SMOOTHING,
    normalize: bool = False,
    has_words: Any = None,
) -> Score:
    """Divergence of topics from the mean word distribution of the corpus.

    The mean distribution is sum_k p(word | k) p(k), with p(k) the mean of theta over documents. A topic with p(k) = 0
    has no part in it. (OCTIS gives such a topic the weight 1 / n_docs.)

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    theta : array, (n_docs, n_topics)
        Topic proportions of documents; by default those in OCTIS's model output.
    smoothing, normalize
        As in `kl_uniform`; `normalize` also applies to theta.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows. The others have no topic, whatever their theta, and are left out.

    Returns
    -------
    score : Score
        ``per_topic`` is the divergence of each topic.

    Raises
    ------
    InputError
        If rows are not distributions, the numbers of topics differ, theta is missing, or `smoothing` is out of range.
    """
    rows = topic_words(beta, normalize)
    if theta is None and not hasattr(beta, "keys"):
        raise InputError("kl_vacuous needs theta, the topic proportions of the documents, (n_docs, n_topics).")
    proportions = document_topics(beta if theta is None else theta, normalize)
    share = proportions[rows_with_words(has_words, len(proportions))].mean(axis=0)
    if len(share) != len(rows):
        raise InputError(f"beta has {len(rows)} topics and theta {len(share)}.")
    return _score("kl_vacuous", _divergence(rows, share @ rows, smoothing), smoothing, words=rows.shape[1])


def kl_background(
    theta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False, has_words: Any = None
) -> Score:
    """Divergence of topics, as distributions over documents, from the uniform distribution.

    The distribution of a topic is p(document | topic): theta's column divided by its sum. A column of zeros has the
    score 0.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or OCTIS's model output
        Topic proportions of documents.
    smoothing, normalize
        As in `kl_uniform`.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows. The others have no topic, whatever their theta, and are left out.

    Returns
    -------
    score : Score
        ``per_topic`` is the divergence of each topic.

    Raises
    ------
    InputError
        If rows are not distributions, or `smoothing` is out of range.
    """
    rows = document_topics(theta, normalize)
    rows = rows[rows_with_words(has_words, len(rows))]
    sums = rows.sum(axis=0)
    uniform = np.full(len(rows), 1 / len(rows))
    rows /= np.where(sums > 0, sums, 1)  # in place: document_topics returns a copy
    rows[:, sums == 0] = 1 / len(rows)
    return _score("kl_background", _divergence(rows.T, uniform, smoothing), smoothing, documents=len(rows))


def _divergence(rows: np.ndarray, from_: np.ndarray, smoothing: float) -> np.ndarray:
    """KL divergence of each row from one distribution, which must be positive wherever a row is."""
    check_smoothing(smoothing)
    divergence = np.zeros(len(rows))
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, rows.shape[1], _BLOCK):
            p, q = rows[:, start : start + _BLOCK] + smoothing, from_[start : start + _BLOCK] + smoothing
            ratio = p / q
            if not smoothing:
                ratio[p == 0] = 1
            divergence += np.einsum("ij,ij->i", p, np.log(ratio, out=ratio))
    return divergence


def _score(measure: str, values: np.ndarray, smoothing: float, **sizes: int) -> Score:
    """The mean over topics, with the protocol."""
    return Score(measure, float(values.mean()), values, {"smoothing": smoothing, **sizes, "version": __version__})
