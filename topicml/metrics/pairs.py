"""Scores of measures that compare all pairs of topics."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.result import Score


def check_pairs(n_topics: int, what: str) -> None:
    """Raise `InputError` if there are fewer than two topics.

    Parameters
    ----------
    n_topics : int
        Number of topics.
    what : str
        Name of the measure, for the message.

    Raises
    ------
    InputError
        If `n_topics` is less than 2.
    """
    if n_topics < 2:
        raise InputError(f"{what} compares topics; there is only one. Pass at least two topics.")


def mean_of_pairs(measure: str, values: np.ndarray, protocol: dict[str, Any]) -> Score:
    """Average a matrix of values for pairs of topics.

    Parameters
    ----------
    measure : str
        Name of the score.
    values : ndarray, (n_topics, n_topics)
        One value for each ordered pair; the diagonal is ignored.
    protocol : dict
        Protocol of the score; the version is added.

    Returns
    -------
    score : Score
        The mean over all pairs; ``per_topic`` is the mean over the pairs of each topic, in both orders.
    """
    others = ~np.eye(len(values), dtype=bool)
    off_diagonal = np.where(others, values, 0.0)
    per_topic = (off_diagonal.sum(axis=0) + off_diagonal.sum(axis=1)) / (2 * (len(values) - 1))
    return Score(measure, float(per_topic.mean()), per_topic, protocol | {"version": __version__})


def complement(measure: str, score: Score) -> Score:
    """Return 1 - a score, with the same protocol.

    Parameters
    ----------
    measure : str
        Name of the new score.
    score : Score
        The score to subtract from 1.

    Returns
    -------
    score : Score
        1 - the mean, and 1 - the values per topic.
    """
    per_topic = None if score.per_topic is None else 1 - score.per_topic
    return Score(measure, 1 - score.mean, per_topic, score.protocol)
