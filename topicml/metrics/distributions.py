"""Check topic-word and document-topic distributions, also those in OCTIS's model output."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from topicml.errors import InputError

TOLERANCE = 1e-3  # the sums of rows in single or half precision differ from 1 by less than this


def topic_words(beta: Any, normalize: bool = False) -> np.ndarray:
    """Check topic-word distributions and return them in double precision.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or mapping
        Word probabilities of each topic; or OCTIS's model output, with the key ``topic-word-matrix``.
    normalize : bool
        Divide each row by its sum, for weights or counts that are not probabilities; a row of zeros becomes uniform.

    Returns
    -------
    beta : ndarray of float64, (n_topics, n_words)
        Rows sum to 1.

    Raises
    ------
    InputError
        If `beta` is not a matrix, contains NaN or infinity, or its rows are logits or otherwise not distributions.
    """
    rows = _matrix(octis_entry(beta, "topic-word-matrix"), "beta", "(n_topics, n_words)")
    return _distributions(rows, "beta", "Topic", normalize)


def document_topics(theta: Any, normalize: bool = False) -> np.ndarray:
    """Check topic proportions of documents and return them in double precision.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or mapping
        Topic proportions of each document; or OCTIS's model output, with the key ``topic-document-matrix``, which is
        transposed: (n_topics, n_docs).
    normalize : bool
        As in `topic_words`.

    Returns
    -------
    theta : ndarray of float64, (n_docs, n_topics)
        Rows sum to 1.

    Raises
    ------
    InputError
        As in `topic_words`.
    """
    rows = document_weights(theta)
    return _distributions(rows, "theta", "Document", normalize)


def document_weights(theta: Any, key: str = "topic-document-matrix") -> np.ndarray:
    """Check weights of topics in documents, which can be any finite numbers.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or mapping
        Weights of topics; or OCTIS's model output.
    key : str
        Key of the matrix in OCTIS's model output; the matrix is transposed.

    Returns
    -------
    theta : ndarray of float64, (n_docs, n_topics)
        The weights, unchanged.

    Raises
    ------
    InputError
        If `theta` is not a matrix, or contains NaN or infinity.
    """
    rows = octis_entry(theta, key)
    if isinstance(theta, Mapping):
        rows = np.asarray(rows).T
    return _matrix(rows, "theta", "(n_docs, n_topics)")


def octis_entry(source: Any, key: str) -> Any:
    """Return an entry of OCTIS's model output; anything but a mapping is returned as it is.

    Parameters
    ----------
    source : mapping or object
        OCTIS's model output, or the value itself.
    key : str
        Key of the entry.

    Returns
    -------
    value : object
        ``source[key]``, or `source`.

    Raises
    ------
    InputError
        If the mapping does not have the key, or its value is None.
    """
    if not isinstance(source, Mapping):
        return source
    if source.get(key) is None:
        raise InputError(f"The model output must have the key {key!r}; it has {', '.join(map(str, source))}.")
    return source[key]


def _matrix(values: Any, name: str, shape: str) -> np.ndarray:
    """A finite, non-empty matrix in double precision."""
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a matrix of numbers, {shape}; received {type(values).__name__}.") from error
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(f"{name} must be a non-empty matrix, {shape}; received shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        row = int(np.argmin(np.isfinite(matrix).all(axis=1)))
        raise InputError(f"{name} contains NaN or infinity, first in row {row}.")
    return matrix


def _distributions(rows: np.ndarray, name: str, kind: str, normalize: bool) -> np.ndarray:
    """Rows divided by their sums; without `normalize`, sums must be 1 already."""
    if rows.min() < 0:
        row, column = np.argwhere(rows < 0)[0]
        raise InputError(
            f"{kind} {row} of {name} has the value {rows[row, column]:.4g}: these are logits or loadings, not "
            "distributions. "
            "Apply a softmax over each row first."
        )
    sums = rows.sum(axis=1, keepdims=True)
    off = np.abs(sums[:, 0] - 1) > TOLERANCE
    if off.any() and not normalize:
        row = int(np.argmax(off))
        raise InputError(
            f"{kind} {row} of {name} sums to {sums[row, 0]:.4g}, not to 1. For weights or counts pass normalize=True; "
            "for logits apply a softmax over each row first."
        )
    normalised = rows / np.where(sums > 0, sums, 1)
    normalised[sums[:, 0] == 0] = 1 / rows.shape[1]
    return normalised
