"""Measures that compare each topic with each other one: from a matrix of pairs to a score."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.result import Score


def check_pairs(n_topics: int, what: str) -> None:
    """Raise where there is no pair of topics."""
    if n_topics < 2:
        raise InputError(f"{what} compares topics; there is only one.")


def mean_of_pairs(measure: str, values: np.ndarray, protocol: dict[str, Any]) -> Score:
    """The mean over pairs of topics, and each topic's mean over its pairs.

    Parameters
    ----------
    values : ndarray, (n_topics, n_topics)
        One value an ordered pair; the diagonal does not count.
    """
    others = ~np.eye(len(values), dtype=bool)
    off_diagonal = np.where(others, values, 0.0)
    per_topic = (off_diagonal.sum(axis=0) + off_diagonal.sum(axis=1)) / (2 * (len(values) - 1))
    return Score(measure, float(per_topic.mean()), per_topic, protocol | {"version": __version__})


def complement(measure: str, score: Score) -> Score:
    """1 - a score, under another name and the same protocol."""
    per_topic = None if score.per_topic is None else 1 - score.per_topic
    return Score(measure, 1 - score.mean, per_topic, score.protocol)
