"""What a measure returns: a number that also has its parts and its protocol."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

import numpy as np

from topicml.metrics.notebook import scores_html

Value = TypeVar("Value")


class Score(float):
    """The value of a measure: a float with values per topic and a protocol.

    Parameters
    ----------
    measure : str
        Name of the measure.
    mean : float
        The number itself.
    per_topic : ndarray, (n_topics,), optional
        One value per topic.
    protocol : dict, optional
        Everything else that decides the number.

    Attributes
    ----------
    measure : str
        Name of the measure.
    mean : float
        The number itself: the mean over topics, or the value for all topics together if the measure has no values per
        topic.
    per_topic : ndarray, (n_topics,), or None
        One value per topic; None if the measure has no such values.
    protocol : dict
        Everything that decides the number: words per topic, window, reference, treatment of unseen words, version.
    """

    measure: str
    per_topic: np.ndarray | None
    protocol: dict[str, Any]

    def __new__(
        cls,
        measure: str,
        mean: float,
        per_topic: np.ndarray | None = None,
        protocol: dict[str, Any] | None = None,
    ) -> Self:
        """Create the float `mean` and set the attributes."""
        score = super().__new__(cls, mean)
        score.measure, score.per_topic, score.protocol = measure, per_topic, protocol or {}
        return score

    def __getnewargs__(self) -> tuple:
        return self.measure, self.mean, self.per_topic, self.protocol

    def __repr__(self) -> str:
        return f"Score({self.measure}={self.mean:.4f})"

    def _repr_html_(self) -> str:
        return scores_html({self.measure: self.to_dict()})

    @property
    def mean(self) -> float:
        """The number itself, as a plain float."""
        return float(self)

    @property
    def coverage(self) -> float | None:
        """For coherence, the share of the topics' words that the reference contains; otherwise None."""
        return self.protocol.get("coverage")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dict of measure, mean, values per topic and protocol; NaN becomes None."""
        values = None if self.per_topic is None else [_or_none(value) for value in self.per_topic.tolist()]
        return {"measure": self.measure, "mean": _or_none(self.mean), "per_topic": values, **self.protocol}


class Scores(dict[str, Value]):
    """A dict of measures' names to scores, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return scores_html({name: _record(score) for name, score in self.items()})


def _record(score: Any) -> Mapping[str, Any]:
    """The record of a score, of a record, or of a plain number."""
    if isinstance(score, Mapping):
        return score
    return score.to_dict() if hasattr(score, "to_dict") else {"mean": float(score)}


def _or_none(value: float) -> float | None:
    """NaN as None, for JSON."""
    return None if np.isnan(value) else float(value)
