"""What a measure returns: numbers, and how they came about."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Score:
    """A measure of topics.

    Attributes
    ----------
    measure : str
        Its name.
    mean : float
        Over the topics (or, for measures of the whole set, its value).
    per_topic : ndarray or None
        One value a topic, where the measure has such.
    protocol : dict
        All that decides the number: words a topic, window, reference, treatment of unseen words, version.
    """

    measure: str
    mean: float
    per_topic: np.ndarray | None = None
    protocol: dict[str, Any] = field(default_factory=dict)

    def __float__(self) -> float:
        return self.mean

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
