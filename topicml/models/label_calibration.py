"""Confidence as the probability of a label: a logistic model of theta, with an intercept for each topic."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from topicml.models.calibration import MIN_DOCUMENTS, Calibration

TEMPERATURES = (0.25, 0.5, 1.0, 2.0)
"""Temperatures of theta that a fit chooses from; values between them give the same errors."""

_TINY = 1e-30
_CHUNK = 4096  # documents at a time
_LARGEST_ODDS = 14.0  # logarithm; float32 tells no larger shares from 1
_LARGEST = 1e6  # of slope and intercepts, so that their sums are finite


@dataclass(frozen=True)
class LabelCalibration:
    """The parameters that make theta the probability that a document has the label of its leading topic.

    Let p be ``softmax(log(theta) / temperature)``. The confidence of the leading topic k is
    ``sigmoid(intercepts[k] + slope * log(p_k / (1 - p_k)))``. The rest of the probability is distributed over the other
    topics in proportion to the same expression.

    Attributes
    ----------
    temperature : float
        From 0.001 to 1000.
    slope : float
        At least 0, so that the confidence never falls when theta rises.
    intercepts : tuple of float
        One for each topic: high if most of its documents have the same label.
    documents : int
        Number of documents that the calibration was fitted to.
    field : str or None
        Document field of the labels, if they are one.
    """

    temperature: float
    slope: float
    intercepts: tuple[float, ...]
    documents: int
    field: str | None = None

    target: ClassVar[str] = "labels"

    def __post_init__(self) -> None:
        if not 1e-3 <= self.temperature <= 1e3 or not 0 <= self.slope <= _LARGEST:
            raise ValueError("its calibration has no temperature between 0.001 and 1000, or no slope of at least 0")
        if len(self.intercepts) < 2 or not all(-_LARGEST <= each <= _LARGEST for each in self.intercepts):
            raise ValueError("its calibration has no finite intercept for each of at least two topics")
        if self.documents < 0 or not isinstance(self.field, str | None):
            raise ValueError(f"its calibration has {self.documents} documents, and labels of {self.field!r:.60}")

    def confidence(self, theta: np.ndarray) -> np.ndarray:
        """The probability that a document has the label of a topic.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics)
            Topic proportions from the model.

        Returns
        -------
        confidence : ndarray, float32, (n_docs, n_topics)
            Rows sum to 1.
        """
        p = expit(self.slope * _log_odds(theta, self.temperature) + np.asarray(self.intercepts, dtype=np.float32))
        p = np.maximum(p, _TINY, dtype=np.float32)
        rows, leading = np.arange(len(theta)), theta.argmax(axis=1)
        sure = p[rows, leading].copy()
        p[rows, leading] = 0
        p *= ((1 - sure) / p.sum(axis=1))[:, None]
        p[rows, leading] = sure
        return p

    def to_dict(self) -> dict[str, Any]:
        """The attributes, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], n_topics: int) -> Self:
        """The inverse of `to_dict`.

        Parameters
        ----------
        stored : mapping
            The return value of `to_dict`.
        n_topics : int
            Number of topics of the model.

        Returns
        -------
        LabelCalibration

        Raises
        ------
        ValueError, TypeError, KeyError
            If `stored` is damaged, or has another number of topics.
        """
        intercepts = tuple(map(float, stored["intercepts"]))
        if len(intercepts) != n_topics:
            raise ValueError(f"its calibration has {len(intercepts)} topics, but the model has {n_topics}")
        temperature, slope = float(stored["temperature"]), float(stored["slope"])
        return cls(temperature, slope, intercepts, int(stored["documents"]), stored["field"])


def stored_calibration(stored: Mapping[str, Any], n_topics: int) -> Calibration | LabelCalibration:
    """A calibration of either kind from its `to_dict`; earlier versions stored those to labels as `Calibration`.

    Parameters
    ----------
    stored : mapping
        The return value of `to_dict`.
    n_topics : int
        Number of topics of the model.

    Returns
    -------
    Calibration or LabelCalibration

    Raises
    ------
    ValueError, TypeError, KeyError
        As `LabelCalibration.from_dict`.
    """
    return (LabelCalibration if "slope" in stored else Calibration).from_dict(stored, n_topics)


def calibrate_to_labels(
    theta: np.ndarray,
    labels: np.ndarray,
    *,
    unread: np.ndarray | None = None,
    field: str | None = None,
) -> LabelCalibration | None:
    """Fit the calibration so that the confidence is the probability that the label of the leading topic is right.

    The label of a topic is the most frequent label of the documents that it leads. A logistic regression predicts
    whether documents have the label of their leading topic. Each topic has its own intercept, because topics are mixed
    to different degrees; the prior of the intercepts is normal around their mean, with a standard deviation of 1. Two
    documents of no topic, one right and one wrong, are added: without them, labels that are always right give infinite
    intercepts.

    Theta of a document that training read is surer than that of a new document, although its leading topic is no more
    often right. If `unread` says which documents training did not read, the log-odds of the others are moved so that
    both have the same mean; the confidence is then that of new documents.

    Parameters
    ----------
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of documents with words and a label.
    labels : ndarray, (n_docs,)
        The label of each document.
    unread : ndarray of bool, (n_docs,), optional
        Documents of the fit that training did not read. By default the documents count as new.
    field : str, optional
        Document field of the labels. It is only stored.

    Returns
    -------
    LabelCalibration or None
        None if there is one topic, or fewer than `MIN_DOCUMENTS` documents.

    References
    ----------
    Platt 1999 (logistic regression of scores, and the prior that adds documents); Guo et al. 2017 (temperature).
    """
    n_docs, n_topics = theta.shape
    if n_docs < MIN_DOCUMENTS or n_topics < 2:
        return None
    leading = theta.argmax(axis=1)
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    table = np.zeros((n_topics, len(names)), dtype=np.int64)
    np.add.at(table, (leading, codes), 1)
    is_right = table.argmax(axis=1)[leading] == codes
    topics = csr_matrix((np.ones(n_docs), leading, np.arange(n_docs + 1)), shape=(n_docs, n_topics))
    fits = []
    for temperature in TEMPERATURES:
        log_odds = _as_of_new(_largest_log_odds(theta, temperature), unread)
        posterior, slope, intercepts = _logistic(log_odds, topics, is_right)
        rounded = tuple(float(f"{each:.6g}") for each in intercepts)
        fits.append((posterior, LabelCalibration(temperature, float(f"{slope:.6g}"), rounded, n_docs, field)))
    return max(fits, key=lambda fit: fit[0])[1]


def _logistic(log_odds: np.ndarray, topics: csr_matrix, is_right: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Logarithm of the posterior, slope and intercepts of a logistic regression whose slope is not negative."""
    mean, n_topics = log_odds.mean(), topics.shape[1]
    right = np.concatenate([is_right, [True, False]])
    for features in (hstack([csr_matrix((log_odds - mean)[:, None]), topics]), topics):
        rows = vstack([features, csr_matrix((2, features.shape[1]))]).tocsr()
        model = LogisticRegression(max_iter=1000).fit(rows, right)
        weights = model.coef_[0]
        slope = float(weights[0]) if len(weights) > n_topics else 0.0
        if slope >= 0:
            break
    scores = model.decision_function(rows)
    posterior = float(-np.logaddexp(0, np.where(right, -scores, scores)).sum() - weights @ weights / 2)
    return posterior, slope, model.intercept_[0] - slope * mean + weights[-n_topics:]


def _as_of_new(log_odds: np.ndarray, unread: np.ndarray | None) -> np.ndarray:
    if unread is None or unread.all() or not unread.any():
        return log_odds
    moved = log_odds[~unread].mean() - log_odds[unread].mean()
    return np.where(unread, log_odds, log_odds - moved)


def _log_odds(theta: np.ndarray, temperature: float) -> np.ndarray:
    """Log-odds of each topic in ``softmax(log(theta) / temperature)``, float32."""
    scaled = np.log(np.maximum(theta, _TINY, dtype=np.float32)) / np.float32(temperature)
    scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf)
    p = np.exp(scaled)
    rest = np.maximum(p.sum(axis=1, keepdims=True) - p, _TINY)
    return np.clip(scaled - np.log(rest), -_LARGEST_ODDS, _LARGEST_ODDS)


def _largest_log_odds(theta: np.ndarray, temperature: float) -> np.ndarray:
    """The largest of `_log_odds` of each document, float64; computed in parts, because theta may be large."""
    starts = range(0, len(theta), _CHUNK)
    parts = [_log_odds(theta[start : start + _CHUNK], temperature).max(axis=1) for start in starts]
    return np.concatenate(parts).astype(np.float64)
