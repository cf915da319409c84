"""How scores show themselves in a notebook."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from topicml.display import html_table

if TYPE_CHECKING:
    from topicml.metrics.result import Score

Value = TypeVar("Value")


class Scores(dict[str, Value]):
    """Scores by the names of their measures: a dict that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return html_table(
            ("measure", "mean", "lowest topic", "highest topic", "computed with"),
            [(name, *_row(score if isinstance(score, Mapping) else _record(score))) for name, score in self.items()],
        )


def score_html(score: "Score") -> str:
    """One score, its range over topics and its protocol, as a small HTML table."""
    return Scores({score.measure: score})._repr_html_()


def _record(score: Any) -> dict[str, Any]:
    return score.to_dict() if hasattr(score, "to_dict") else {"mean": float(score)}


def _row(record: Mapping[str, Any]) -> tuple[Any, Any, Any, str]:
    values = [value for value in record.get("per_topic") or () if value is not None]
    protocol = {
        name: value
        for name, value in record.items()
        if name not in ("measure", "mean", "per_topic") and isinstance(value, (str, int, float))
    }
    told = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in protocol.items()
    )
    return record.get("mean"), min(values, default=None), max(values, default=None), told
