"""The leading topic of each document: the one with the largest proportion."""

from typing import Any

import numpy as np


def leading_topics(theta: Any, among: Any = None) -> np.ndarray:
    """Return the topic with the largest proportion in each document.

    Parameters
    ----------
    theta : array, (..., n_topics)
        Topic proportions; usually (n_docs, n_topics).
    among : array of int, optional
        Ids of the topics that can lead; by default all.

    Returns
    -------
    topics : ndarray of int64, (...)
        Topic ids. Of equal proportions, the first topic (in `among`) leads.
    """
    theta = np.asarray(theta)
    if among is None:
        return theta.argmax(axis=-1)
    among = np.asarray(among)
    return among[theta[..., among].argmax(axis=-1)]


def leading_counts(theta: Any, among: Any = None) -> np.ndarray:
    """Count the documents that each topic leads.

    Parameters
    ----------
    theta : array, (n_docs, n_topics)
        Topic proportions. There may be no documents.
    among : array of int, optional
        Ids of the topics that can lead; by default all. The others get 0.

    Returns
    -------
    n_docs : ndarray of int64, (n_topics,)
        The counts add up to the number of documents.
    """
    theta = np.asarray(theta)
    return np.bincount(leading_topics(theta, among), minlength=theta.shape[1])
