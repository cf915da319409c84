"""HTML tables of scores, for notebooks."""

from collections.abc import Mapping
from typing import Any

from topicml.display import html_table


def scores_html(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Render scores as an HTML table: mean, range over topics and protocol.

    Parameters
    ----------
    records : mapping of str to mapping
        A measure's name to its record, as `Score.to_dict` returns it.

    Returns
    -------
    html : str
        A table with a row for each measure.
    """
    return html_table(
        ("measure", "mean", "lowest topic", "highest topic", "computed with"),
        [(name, *_cells(record)) for name, record in records.items()],
    )


def _cells(record: Mapping[str, Any]) -> tuple[Any, Any, Any, str]:
    """Mean, lowest and highest topic, and the protocol in words."""
    values = [value for value in record.get("per_topic") or () if value is not None]
    protocol = {
        name: value
        for name, value in record.items()
        if name not in ("measure", "mean", "per_topic") and isinstance(value, (str, int, float))
    }
    words = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in protocol.items()
    )
    return record.get("mean"), min(values, default=None), max(values, default=None), words
