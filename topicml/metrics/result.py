"""What a measure returns: a number, and how it came about."""

from typing import Any, Self

import numpy as np


class Score(float):
    """A measure of topics: a float, the mean, that also tells its parts and its protocol.

    Attributes
    ----------
    measure : str
        Its name.
    mean : float
        Over the topics (or, for measures of the whole set, its value): the number itself.
    per_topic : ndarray or None
        One value a topic, where the measure has such.
    protocol : dict
        All that decides the number: words a topic, window, reference, treatment of unseen words, version.
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
        """Make the number `mean` and hang the rest on it."""
        score = super().__new__(cls, mean)
        score.measure, score.per_topic, score.protocol = measure, per_topic, protocol or {}
        return score

    def __getnewargs__(self) -> tuple:
        return self.measure, self.mean, self.per_topic, self.protocol

    def __repr__(self) -> str:
        return f"Score({self.measure}={self.mean:.4f})"

    def _repr_html_(self) -> str:
        from topicml.metrics.notebook import score_html

        return score_html(self)

    @property
    def mean(self) -> float:
        """The number itself, as a plain float."""
        return float(self)

    @property
    def coverage(self) -> float | None:
        """Share of the words that the reference holds, for coherence."""
        return self.protocol.get("coverage")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form; NaN becomes None."""
        values = None if self.per_topic is None else [_number(value) for value in self.per_topic.tolist()]
        return {"measure": self.measure, "mean": _number(self.mean), "per_topic": values, **self.protocol}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
