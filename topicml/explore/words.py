"""The words of topics, by several weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

from topicml.errors import InputError
from topicml.explore.frames import frame_of

if TYPE_CHECKING:
    from topicml.explore.view import TopicView

_TINY = 1e-300  # logarithms of zero


def frex(beta: np.ndarray, *, weight: float = 0.5) -> np.ndarray:
    """Harmonic mean of a word's rank by frequency and by exclusivity in a topic: (n_topics, n_words), in (0, 1].

    ``1 / (w / F(beta) + (1 - w) / F(beta / sum_k beta))``, F the share of words that rank no higher. As `calcfrex` of
    the R package stm, without its shrinkage.

    References
    ----------
    Bischof & Airoldi 2012; Roberts, Stewart & Tingley 2019 (stm).
    """
    if not 0 <= weight <= 1:
        raise InputError(f"weight must lie in [0, 1]; received {weight}.")
    exclusivity = beta / np.maximum(beta.sum(axis=0), _TINY)
    frequent, exclusive = (rankdata(each, axis=1) / beta.shape[1] for each in (beta, exclusivity))
    return 1 / (weight / frequent + (1 - weight) / exclusive)


def lift(beta: np.ndarray, term_frequency: np.ndarray) -> np.ndarray:
    """Probability in the topic over that in the documents: (n_topics, n_words) (Taddy 2012).

    A word that the documents never hold counts as half a token, so that nothing is divided by zero.
    """
    frequency = np.where(term_frequency > 0, term_frequency, 0.5)
    return beta / (frequency / frequency.sum())


def relevance(beta: np.ndarray, term_frequency: np.ndarray, *, lambda_: float = 0.6) -> np.ndarray:
    """``lambda log beta + (1 - lambda) log lift``: (n_topics, n_words) (Sievert & Shirley 2014, equation 1)."""
    if not 0 <= lambda_ <= 1:
        raise InputError(f"lambda_ must lie in [0, 1]; received {lambda_}.")
    logs = [np.log(np.maximum(each, _TINY)) for each in (beta, lift(beta, term_frequency))]
    return lambda_ * logs[0] + (1 - lambda_) * logs[1]


def score(beta: np.ndarray) -> np.ndarray:
    """``beta (log beta - mean_k log beta)``: (n_topics, n_words), as the R packages lda and stm have it (Chang)."""
    log_beta = np.log(np.maximum(beta, _TINY))
    return beta * (log_beta - log_beta.mean(axis=0))


def word_weights(
    view: "TopicView", by: str = "probability", *, weight: float = 0.5, lambda_: float = 0.6
) -> np.ndarray:
    """Weights of all words in all topics: (n_topics, n_words).

    Parameters
    ----------
    by : {"probability", "frex", "relevance", "lift", "score"}
        Which; see the functions of these names.
    weight, lambda_ : float
        FREX's weight of frequency; relevance's lambda.

    Raises
    ------
    InputError
        If `by` is unknown.
    """
    if by == "probability":
        return view.beta
    if by == "frex":
        return frex(view.beta, weight=weight)
    if by == "score":
        return score(view.beta)
    if by not in ("relevance", "lift"):
        raise InputError(f"by={by!r} is unknown. Choose probability, frex, relevance, lift or score.")
    frequency = np.asarray(view.counts.sum(axis=0), dtype=np.float64).ravel()
    return lift(view.beta, frequency) if by == "lift" else relevance(view.beta, frequency, lambda_=lambda_)


def top_words(
    view: "TopicView",
    n: int = 10,
    by: str = "probability",
    *,
    weight: float = 0.5,
    lambda_: float = 0.6,
    frame: str = "pandas",
) -> Any:
    """The first `n` words of each topic that is shown: topic, label, rank, word, weight, probability.

    Parameters
    ----------
    by, weight, lambda_
        As in `word_weights`.
    frame : {"pandas", "polars"}
        Whose data frame.

    Raises
    ------
    InputError
        If there are fewer than `n` words, or `by` is unknown.
    """
    if not 1 <= n <= len(view.vocabulary):
        raise InputError(f"n={n} words a topic were asked for; the vocabulary holds {len(view.vocabulary)}.")
    weights = word_weights(view, by, weight=weight, lambda_=lambda_)
    shown, labels = view.shown, view.labels
    ids = np.argsort(-weights[shown], axis=1, kind="stable")[:, :n]
    topics = np.repeat(shown, n)
    return frame_of(
        {
            "topic": topics,
            "label": [labels[k] for k in topics],
            "rank": np.tile(np.arange(1, n + 1), len(shown)),
            "word": [view.vocabulary[i] for i in ids.ravel()],
            "weight": weights[topics, ids.ravel()],
            "probability": view.beta[topics, ids.ravel()],
        },
        frame,
    )
