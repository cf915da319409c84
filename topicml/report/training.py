"""How training went, as small charts over epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from topicml.report.charts import Chart, line_chart, spread_ticks
from topicml.report.text import plain

# Beginnings of the history's names, the chart they belong to, the axis, and what the chart is about.
_PANELS = (
    (
        "Bound and reconstruction",
        ("elbo", "reconstruction", "held_out"),
        "nats a document",
        "The negative evidence bound (ELBO), its part for the words, and on documents held out; lower is better.",
    ),
    ("Divergence", ("kl",), "nats a document", "How far the documents' topics are from the prior."),
    ("Weights of the losses", ("weight_",), "weight", "What balances the gradients of the losses at each step."),
    ("Lengths of gradients", ("norm_",), "loss per unit", "Before they are weighted."),
    ("Cosine of gradients", ("cosine",), "−1 to 1", "Below 0 the losses pull in different directions."),  # noqa: RUF001
    ("Stationarity gap", ("stationarity",), "loss per unit", "0 where no step would serve all losses."),
)
_ABBREVIATIONS = {"elbo": "ELBO", "kl": "KL"}
_ABOUT = ("epoch", "loss", "learning_rate", "seconds", "documents_per_second", "skipped")


def training_charts(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A chart for each group of what the history holds; none where it is empty.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_``.
    """
    keys = list(dict.fromkeys(key for record in history for key in record if key not in _ABOUT))
    keys = [key for key in keys if any(_known(record.get(key)) is not None for record in history)]
    left = set(keys)
    panels: list[tuple[str, list[str], str, str]] = []
    for title, starts, axis, about in _PANELS:
        of_panel = [key for key in keys if key in left and key.startswith(starts)]
        left -= set(of_panel)
        panels.append((title, of_panel, axis, about))
    others = [(key.replace("_", " ").capitalize(), [key], "loss", "") for key in keys if key in left]
    panels[2:2] = others
    return [_chart(title, of_panel, axis, about, history) for title, of_panel, axis, about in panels if of_panel]


def _chart(title: str, keys: Sequence[str], axis: str, about: str, history: Sequence[Mapping[str, Any]]) -> Chart:
    curves = [(_name(key), [_known(record.get(key)) for record in history]) for key in keys]
    ends = [(name, [v for v in values if v is not None]) for name, values in curves]
    told = "; ".join(f"{name}: {_short(values[0])} to {_short(values[-1])}" for name, values in ends)
    epochs = [str(record.get("epoch", i + 1)) for i, record in enumerate(history)]
    return line_chart(
        title,
        f"{about} First to last epoch: {told}.".strip(),
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


def _known(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
