"""Small charts of the training history over epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from topicml.report.charts import Chart, line_chart, spread_ticks
from topicml.report.text import plain

# Of each chart: title, prefixes of the keys of the history, name of the axis, and description.
_PANELS = (
    (
        "Bound and reconstruction",
        ("elbo", "reconstruction", "held_out"),
        "nats per document",
        "The negative evidence lower bound (ELBO), its reconstruction term, and the bound on held-out documents; "
        "lower is better.",
    ),
    ("Divergence", ("kl",), "nats per document", "How far the documents' topics are from the prior."),
    ("Weights of the losses", ("weight_",), "weight", "Weights of the gradients of the losses."),
    ("Lengths of gradients", ("norm_",), "loss per unit", "Before they are weighted."),
    ("Cosine of gradients", ("cosine",), "−1 to 1", "Below 0 the losses conflict."),  # noqa: RUF001
    ("Stationarity gap", ("stationarity",), "loss per unit", "0 if no step decreases all losses."),
)
_ABBREVIATIONS = {"elbo": "ELBO", "kl": "KL"}
_NOT_PLOTTED = ("epoch", "loss", "learning_rate", "seconds", "documents_per_second", "skipped")


def training_charts(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A chart for each group of keys in the history.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_``, one record for each epoch.

    Returns
    -------
    charts : list of Chart
        Empty if the history is.
    """
    keys = list(dict.fromkeys(key for record in history for key in record if key not in _NOT_PLOTTED))
    keys = [key for key in keys if any(_finite(record.get(key)) is not None for record in history)]
    remaining = set(keys)
    panels: list[tuple[str, list[str], str, str]] = []
    for title, prefixes, axis, description in _PANELS:
        panel_keys = [key for key in keys if key in remaining and key.startswith(prefixes)]
        remaining -= set(panel_keys)
        panels.append((title, panel_keys, axis, description))
    others = [(key.replace("_", " ").capitalize(), [key], "loss", "") for key in keys if key in remaining]
    panels[2:2] = others  # after the bound and its divergence
    return [
        _chart(title, panel_keys, axis, description, history)
        for title, panel_keys, axis, description in panels
        if panel_keys
    ]


def _chart(title: str, keys: Sequence[str], axis: str, description: str, history: Sequence[Mapping[str, Any]]) -> Chart:
    curves = [(_name(key), [_finite(record.get(key)) for record in history]) for key in keys]
    ends = [(name, [v for v in values if v is not None]) for name, values in curves]
    changes = "; ".join(f"{name}: {_short(values[0])} to {_short(values[-1])}" for name, values in ends)
    epochs = [str(record.get("epoch", i + 1)) for i, record in enumerate(history)]
    return line_chart(
        title,
        f"{description} First to last epoch: {changes}.".strip(),
        curves,
        x_ticks=spread_ticks(epochs),
        x_name="epoch",
        y_name=axis,
        from_zero=keys[0].startswith(("weight_", "norm_", "stationarity")),
    )


def _short(value: float) -> str:
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")  # noqa: RUF001


def _name(key: str) -> str:
    for start in ("weight_", "norm_"):
        key = key.removeprefix(start)
    return _ABBREVIATIONS.get(key) or plain(key.replace("_", " "))


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
