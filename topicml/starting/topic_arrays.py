"""Starting topics that the user passes as an array."""

from typing import Any

import numpy as np

from topicml.errors import InputError


def topic_weights(topics: Any, name: str = "init") -> np.ndarray:
    """Check starting topics that the user passes as an array.

    Parameters
    ----------
    topics : array-like, (n_topics, n_words)
        Non-negative weights.
    name : str
        Name of the argument, for messages.

    Returns
    -------
    ndarray, float64, (n_topics, n_words)

    Raises
    ------
    InputError
        If it is not a matrix of finite, non-negative numbers, or all weights of a topic are 0.
    """
    advice = "Pass an array (n_topics, n_words) of non-negative word weights, such as a model's components_."
    try:
        weights = np.asarray(topics)
        numeric = weights.dtype.kind in "biufO"
        weights = weights.astype(np.float64) if numeric else weights
    except (TypeError, ValueError):
        numeric = False
    if not numeric:
        raise InputError(f"{name} is a {type(topics).__name__} and cannot be read as an array of numbers. {advice}")
    if weights.ndim != 2 or not weights.size:
        raise InputError(f"{name} has shape {weights.shape}. {advice}")
    for invalid, what in ((~np.isfinite(weights), "is not finite"), (weights < 0, "is negative")):
        if invalid.any():
            row, column = np.argwhere(invalid)[0]
            raise InputError(f"{name} {what} at topic {row}, word {column} ({weights[row, column]}). {advice}")
    empty = np.flatnonzero(weights.sum(axis=1) == 0)
    if len(empty):
        raise InputError(f"{name} has only zeros for topic {empty[0]}. {advice}")
    return weights
