"""Plots over time, classes and epochs, and of the topics' scores."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.groups import topics_over_time, topics_per_class

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from topicml.explore.view import TopicView

_ABOUT = ("epoch", "learning_rate", "seconds", "documents_per_second", "skipped")


def plot_topics_over_time(
    view: "TopicView", field: str, *, topics: Sequence[int] | None = None, template: str = "light", **options: Any
) -> "Figure":
    """Topics over time with intervals; `options` as in `topics_over_time`. By default the 7 largest topics."""
    objects = graph_objects()
    table = topics_over_time(view, field, **options)
    figure = objects.Figure()
    for number, k in enumerate(_chosen(view, topics)):
        of_topic = table[table["topic"] == k]
        figure.add_trace(
            objects.Scatter(
                x=of_topic["time"],
                y=of_topic["value"],
                error_y=_bars(of_topic),
                name=view.labels[k],
                mode="lines+markers",
                line={"color": style(number)["color"], "dash": style(number)["dash"]},
                marker_symbol=style(number)["symbol"],
            )
        )
    told = "; ".join(f"{t.name} from {t.y[0]:.3g} to {t.y[-1]:.3g}" for t in figure.data)
    return finished(figure, "Topics over time", f"{told}.", template, field, _unit(options))


def plot_topics_per_class(
    view: "TopicView", field: str, *, topics: Sequence[int] | None = None, template: str = "light", **options: Any
) -> "Figure":
    """Topics in each class with intervals, a bar a topic; `options` as in `topics_per_class`."""
    objects = graph_objects()
    table = topics_per_class(view, field, **options)
    figure = objects.Figure()
    for number, k in enumerate(_chosen(view, topics)):
        of_topic = table[table["topic"] == k]
        figure.add_trace(
            objects.Bar(
                x=of_topic["class"],
                y=of_topic["value"],
                error_y=_bars(of_topic),
                name=view.labels[k],
                marker_color=style(number)["color"],
                marker_pattern_shape=("", "/", "x", ".", "-", "|", "+")[number % 7],
            )
        )
    told = "; ".join(f"{t.name}: largest in {t.x[int(np.argmax(t.y))]}, {max(t.y):.3g}" for t in figure.data)
    return finished(figure, f"Topics by {field}", f"{told}.", template, field, _unit(options))


def plot_training(history: Sequence[Mapping[str, Any]], *, template: str = "light") -> "Figure":
    """Losses, weights, gradient lengths and cosines over epochs: a panel for each that the history holds.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_``.

    Raises
    ------
    InputError
        If the history is empty.
    """
    objects = graph_objects()
    if not history:
        raise InputError("The history is empty: the model was not trained. Give model.history_ of a fitted model.")
    from plotly.subplots import make_subplots

    keys = [key for key in dict.fromkeys(k for record in history for k in record) if key not in _ABOUT]
    panels: dict[str, list[str]] = {}
    for key in keys:
        panels.setdefault(_panel(key), []).append(key)
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True)
    epochs = [record["epoch"] for record in history]
    for row, (unit, of_panel) in enumerate(panels.items(), start=1):
        for number, key in enumerate(of_panel):
            figure.add_trace(
                objects.Scatter(
                    x=epochs,
                    y=[record.get(key) for record in history],
                    name=key.replace("_", " "),
                    mode="lines+markers",
                    line={"color": style(number)["color"], "dash": style(number)["dash"]},
                    marker_symbol=style(number)["symbol"],
                ),
                row=row,
                col=1,
            )
        figure.update_yaxes(title_text=unit, row=row, col=1)
    figure.update_xaxes(title_text="epoch", row=len(panels), col=1)
    ends = [(t.name, [v for v in t.y if v is not None]) for t in figure.data]
    told = "; ".join(f"{name} from {values[0]:.4g} to {values[-1]:.4g}" for name, values in ends if values)
    return finished(figure, f"Training over {len(history)} epochs", f"{told}.", template)


def plot_coherence_diversity(
    view: "TopicView", measure: str = "c_npmi", topn: int = 10, *, template: str = "light"
) -> "Figure":
    """Each topic's coherence against the share of its first words that no other topic has among its own.

    Raises
    ------
    InputError
        If the documents came without a corpus, or as `topicml.metrics.coherence`.
    """
    from topicml.metrics import coherence

    objects = graph_objects()
    if view.corpus is None:
        raise InputError("Coherence counts words in the documents: make the view with a Corpus.")
    shown, labels = view.shown, view.labels
    words = [[view.vocabulary[i] for i in np.argsort(-view.beta[k], kind="stable")[:topn]] for k in shown]
    scores = coherence(words, view.corpus, measure, topn).per_topic
    assert scores is not None
    others = [{w for j, row in enumerate(words) if j != i for w in row} for i in range(len(words))]
    unique = [sum(w not in others[i] for w in row) / topn for i, row in enumerate(words)]
    figure = objects.Figure(
        objects.Scatter(
            x=unique,
            y=scores,
            mode="markers+text",
            text=[str(k) for k in shown],
            textposition="top center",
            hovertext=[labels[k] for k in shown],
            marker={"color": style(0)["color"], "size": 9},
        )
    )
    told = "; ".join(f"topic {k}: {y:.3f} and {x:.2f}" for k, x, y in zip(shown, unique, scores, strict=True))
    x = f"share of the {topn} first words that no other topic has (0 to 1)"
    return finished(figure, "Coherence against diversity", f"{told}.", template, x, f"{measure} (no unit)")


def _chosen(view: "TopicView", topics: Sequence[int] | None) -> list[int]:
    if topics is not None:
        return [view.topic(k) for k in topics if not view.hidden[view.topic(k)]]
    mass = view.theta.sum(axis=0, dtype=np.float64)
    return sorted(sorted(view.shown, key=lambda k: -mass[k])[:7])


def _bars(table: Any) -> dict[str, Any]:
    upper, lower = (table["high"] - table["value"]).clip(lower=0), (table["value"] - table["low"]).clip(lower=0)
    return {"type": "data", "symmetric": False, "array": upper, "arrayminus": lower, "thickness": 1}


def _unit(options: Mapping[str, Any]) -> str:
    level = options.get("level", 0.95)
    if options.get("interval", "bootstrap") == "wilson":
        return f"share of documents the topic leads ({level:.0%} interval)"
    return f"mean proportion ({level:.0%} interval)"


def _panel(key: str) -> str:
    for start, unit in (
        ("weight_", "weight (no unit)"),
        ("cosine", "cosine (no unit)"),
        ("norm_", "gradient (loss per unit)"),
        ("stationarity", "gradient (loss per unit)"),
    ):
        if key.startswith(start):
            return unit
    return "loss (nats a document)"
