"""How far topics are from what carries no meaning (AlSumait, Barbara, Gentle & Domeniconi 2009).

All three are mean Kullback-Leibler divergences, in nats, from a distribution that a junk topic would have: the larger,
the better. As in OCTIS, `smoothing` is added to every probability of both distributions without dividing by the sum
again, which weighs the more the more words or documents there are; ``smoothing=0`` is the divergence as defined, and
here it is always finite.
"""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words
from topicml.metrics.divergence import OCTIS_SMOOTHING
from topicml.metrics.result import Score

_BLOCK = 4096  # words or documents at a time: what is computed of them stays in the processor's cache


def kl_uniform(beta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Divergence of topics from the uniform distribution over words.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    smoothing : float
        See above.
    normalize : bool
        Divide each row by its sum first; otherwise rows that are no distributions are an error.

    Raises
    ------
    InputError
        If rows are no distributions.
    """
    rows = topic_words(beta, normalize)
    values = _divergence(rows, np.full(rows.shape[1], 1 / rows.shape[1]), smoothing)
    return _score("kl_uniform", values, smoothing, words=rows.shape[1])


def kl_vacuous(beta: Any, theta: Any = None, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Divergence of topics from the corpus's mean over them, sum_k p(word | k) p(k) with p(k) the mean of theta.

    A topic that no document has does not count in the mean. (OCTIS gives it the weight 1 / n_docs.)

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    theta : array, (n_docs, n_topics)
        Topic proportions of documents; of OCTIS's model output, its own.
    smoothing, normalize
        As in `kl_uniform`; `normalize` holds for theta as well.

    Raises
    ------
    InputError
        If rows are no distributions, or the numbers of topics differ.
    """
    rows = topic_words(beta, normalize)
    if theta is None and not hasattr(beta, "keys"):
        raise InputError("kl_vacuous needs theta, the topic proportions of the documents, (n_docs, n_topics).")
    share = document_topics(beta if theta is None else theta, normalize).mean(axis=0)
    if len(share) != len(rows):
        raise InputError(f"beta has {len(rows)} topics and theta {len(share)}.")
    return _score("kl_vacuous", _divergence(rows, share @ rows, smoothing), smoothing, words=rows.shape[1])


def kl_background(theta: Any, *, smoothing: float = OCTIS_SMOOTHING, normalize: bool = False) -> Score:
    """Divergence of topics, as distributions over documents, from the uniform one.

    A topic is p(document | topic), theta's column divided by its sum; one that no document has scores 0.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or OCTIS's model output
        Topic proportions of documents.
    smoothing, normalize
        As in `kl_uniform`.

    Raises
    ------
    InputError
        If rows are no distributions.
    """
    rows = document_topics(theta, normalize)
    sums = rows.sum(axis=0)
    uniform = np.full(len(rows), 1 / len(rows))
    rows /= np.where(sums > 0, sums, 1)  # a matrix of our own
    rows[:, sums == 0] = 1 / len(rows)
    return _score("kl_background", _divergence(rows.T, uniform, smoothing), smoothing, documents=len(rows))


def _divergence(rows: np.ndarray, from_: np.ndarray, smoothing: float) -> np.ndarray:
    """KL of each row from one distribution, which is positive wherever a row is."""
    if not 0 <= smoothing < 1:
        raise InputError(f"smoothing must be at least 0 and less than 1; received {smoothing}.")
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
    return Score(measure, float(values.mean()), values, {"smoothing": smoothing, **sizes, "version": __version__})
