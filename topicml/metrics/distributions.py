"""Topic-word and document-topic distributions, checked; OCTIS's model output is taken, too."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from topicml.errors import InputError

TOLERANCE = 1e-3  # rows of float32 or half precision add up to 1 within this


def topic_words(beta: Any, normalize: bool = False) -> np.ndarray:
    """Topic-word distributions, float64, (n_topics, n_words).

    Parameters
    ----------
    beta : array, (n_topics, n_words), or mapping
        Each topic's probabilities of words; or OCTIS's model output, whose ``topic-word-matrix`` is taken.
    normalize : bool
        Divide each row by its sum, for weights or counts that are not probabilities; a row of zeros becomes uniform.

    Raises
    ------
    InputError
        If it is no matrix, holds NaN or infinity, or its rows are logits or otherwise no distributions.
    """
    rows = _matrix(taken(beta, "topic-word-matrix"), "beta", "(n_topics, n_words)")
    return _distributions(rows, "beta", "Topic", normalize)


def document_topics(theta: Any, normalize: bool = False) -> np.ndarray:
    """Topic proportions of documents, float64, (n_docs, n_topics).

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or mapping
        Each document's proportions; or OCTIS's model output, whose ``topic-document-matrix`` (n_topics, n_docs) is
        taken and transposed.
    normalize : bool
        As in `topic_words`.

    Raises
    ------
    InputError
        As in `topic_words`.
    """
    rows = document_weights(theta)
    return _distributions(rows, "theta", "Document", normalize)


def document_weights(theta: Any, key: str = "topic-document-matrix") -> np.ndarray:
    """Like `document_topics`, but any finite numbers will do: float64, (n_docs, n_topics)."""
    rows = taken(theta, key)
    if isinstance(theta, Mapping):
        rows = np.asarray(rows).T
    return _matrix(rows, "theta", "(n_docs, n_topics)")


def taken(source: Any, key: str) -> Any:
    """What OCTIS's model output holds under `key`; anything that is not a mapping, as it is."""
    if not isinstance(source, Mapping):
        return source
    if source.get(key) is None:
        raise InputError(f"The model output must hold {key!r}; it holds {', '.join(map(str, source))}.")
    return source[key]


def _matrix(values: Any, name: str, shape: str) -> np.ndarray:
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a matrix of numbers, {shape}; received {type(values).__name__}.") from error
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(f"{name} must be a matrix that is not empty, {shape}; received shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        row = int(np.argmin(np.isfinite(matrix).all(axis=1)))
        raise InputError(f"{name} holds NaN or infinity, first in row {row}.")
    return matrix


def _distributions(rows: np.ndarray, name: str, kind: str, normalize: bool) -> np.ndarray:
    if rows.min() < 0:
        row, column = np.argwhere(rows < 0)[0]
        raise InputError(
            f"{kind} {row} of {name} holds {rows[row, column]:.4g}: these are logits or loadings, not distributions. "
            "Apply a softmax over each row first."
        )
    sums = rows.sum(axis=1, keepdims=True)
    off = np.abs(sums[:, 0] - 1) > TOLERANCE
    if off.any() and not normalize:
        row = int(np.argmax(off))
        raise InputError(
            f"{kind} {row} of {name} adds up to {sums[row, 0]:.4g}, not to 1. Weights or counts: pass normalize=True. "
            "Logits: apply a softmax over each row first."
        )
    whole = rows / np.where(sums > 0, sums, 1)
    whole[sums[:, 0] == 0] = 1 / rows.shape[1]
    return whole
