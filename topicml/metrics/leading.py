"""The leading topic of each document: the one with the largest proportion."""

from typing import Any

import numpy as np

from topicml.corpus.mapped import release
from topicml.errors import InputError

_CHUNK = 65_536  # documents at a time


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
    if theta.ndim == 2 and len(theta) > _CHUNK:  # NumPy copies what cannot be written to
        return np.concatenate([leading_topics(theta[i : i + _CHUNK], among) for i in range(0, len(theta), _CHUNK)])
    everything = np.arange(theta.shape[-1])
    among = everything if among is None else np.asarray(among)
    is_all = np.array_equal(among, everything)  # then without a copy of theta
    topics = theta.argmax(axis=-1) if is_all else among[theta[..., among].argmax(axis=-1)]
    release(theta)
    return topics


def rows_with_words(has_words: Any, n_docs: int) -> np.ndarray:
    """Check which documents have a topic: those with a word that the model knows.

    The topic proportions of other documents are those of the prior and say nothing about them, so measures of topic
    proportions leave these documents out.

    Parameters
    ----------
    has_words : array of bool, (n_docs,), or None
        Whether each document has a known word; None: all have.
    n_docs : int
        Number of documents in theta.

    Returns
    -------
    has_words : ndarray of bool, (n_docs,)

    Raises
    ------
    InputError
        If the shape differs, or no document has a known word.
    """
    if has_words is None:
        return np.ones(n_docs, dtype=bool)
    mask = np.asarray(has_words, dtype=bool)
    if mask.shape != (n_docs,):
        raise InputError(f"has_words has shape {mask.shape}; it must be {(n_docs,)}, one value for each document.")
    if not mask.any():
        raise InputError("No document has a known word, so no document has a topic.")
    return mask


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
