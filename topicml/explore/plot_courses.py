"""Plots over time, by class and over epochs, and of coherence against diversity."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.changes import topic_changes
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.groups import topics_over_time, topics_per_class

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MAX_CURVES = 7  # in a figure; there are as many colours
_NOT_PLOTTED = ("epoch", "learning_rate", "seconds", "documents_per_second", "skipped")


def plot_topics_over_time(
    view: BaseView, field: str, *, topics: Sequence[int] | None = None, template: str = "light", **options: Any
) -> "Figure":
    """Topics over time with confidence intervals, one line for each topic.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        Document field, as in `topics_over_time`.
    topics : sequence of int, optional
        Topics to draw; hidden ones are left out. By default the 7 that changed most, as `topic_changes` orders them.
    template : {"light", "dark"}
        Colours of the background and text.
    **options
        As in `topics_over_time`.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        As `topics_over_time`; if a topic does not exist or `template` is unknown.
    MissingExtraError
        If plotly or pandas is not installed.
    """
    objects = graph_objects()
    table = topics_over_time(view, field, **options)
    if topics is None:
        topics = sorted(topic_changes(view, field, by=options.get("by"))["topic"].tolist()[:_MAX_CURVES])
    figure = objects.Figure()
    for number, k in enumerate(_selected(view, topics or None)):
        of_topic = table[table["topic"] == k]
        figure.add_trace(
            objects.Scatter(
                x=of_topic["time"],
                y=of_topic["value"],
                error_y=_bars(of_topic),
                name=view.numbered_labels[k],
                mode="lines+markers",
                line={"color": style(number)["color"], "dash": style(number)["dash"]},
                marker_symbol=style(number)["symbol"],
            )
        )
    description = "; ".join(f"{t.name} from {t.y[0]:.3g} to {t.y[-1]:.3g}" for t in figure.data)
    return finished(figure, "Topics over time", f"{description}.", template, field, _unit(options))


def plot_topics_per_class(
    view: BaseView, field: str, *, topics: Sequence[int] | None = None, template: str = "light", **options: Any
) -> "Figure":
    """Topics in each class with confidence intervals, one bar for each topic.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        Document field, as in `topics_per_class`.
    topics : sequence of int, optional
        Topics to draw; hidden ones are left out. By default the 7 largest.
    template : {"light", "dark"}
        Colours of the background and text.
    **options
        As in `topics_per_class`.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        As `topics_per_class`; if a topic does not exist or `template` is unknown.
    MissingExtraError
        If plotly or pandas is not installed.
    """
    objects = graph_objects()
    table = topics_per_class(view, field, **options)
    figure = objects.Figure()
    for number, k in enumerate(_selected(view, topics)):
        of_topic = table[table["topic"] == k]
        figure.add_trace(
            objects.Bar(
                x=of_topic["class"],
                y=of_topic["value"],
                error_y=_bars(of_topic),
                name=view.numbered_labels[k],
                marker_color=style(number)["color"],
                marker_pattern_shape=("", "/", "x", ".", "-", "|", "+")[number % 7],
            )
        )
    description = "; ".join(f"{t.name}: largest in {t.x[int(np.argmax(t.y))]}, {max(t.y):.3g}" for t in figure.data)
    return finished(figure, f"Topics by {field}", f"{description}.", template, field, _unit(options))


def plot_training(history: Sequence[Mapping[str, Any]], *, template: str = "light") -> "Figure":
    """Losses, weights, gradient lengths and cosines over epochs: a panel for each unit in the history.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_``, one record for each epoch.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If the history is empty or `template` is unknown.
    MissingExtraError
        If plotly is not installed.
    """
    objects = graph_objects()
    if not history:
        raise InputError("The history is empty: the model was not trained. Pass model.history_ of a fitted model.")
    from plotly.subplots import make_subplots

    keys = [key for key in dict.fromkeys(k for record in history for k in record) if key not in _NOT_PLOTTED]
    panels: dict[str, list[str]] = {}
    for key in keys:
        panels.setdefault(_panel(key), []).append(key)
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True)
    epochs = [record["epoch"] for record in history]
    for row, (unit, panel_keys) in enumerate(panels.items(), start=1):
        for number, key in enumerate(panel_keys):
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
    description = "; ".join(f"{name} from {values[0]:.4g} to {values[-1]:.4g}" for name, values in ends if values)
    return finished(figure, f"Training over {len(history)} epochs", f"{description}.", template)


def plot_coherence_diversity(
    view: BaseView, measure: str = "c_npmi", topn: int = 10, *, template: str = "light"
) -> "Figure":
    """Coherence of each shown topic against the share of its first words that are no other topic's first words.

    Parameters
    ----------
    view : TopicView
        The topics, with a corpus.
    measure : str
        Coherence measure, as in `topicml.metrics.coherence`.
    topn : int
        Number of first words of each topic.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If the view has no corpus, `template` is unknown, or as `topicml.metrics.coherence`.
    MissingExtraError
        If plotly is not installed.
    """
    from topicml.metrics import coherence

    objects = graph_objects()
    if view.corpus is None:
        raise InputError("Coherence counts words in documents: make the view with a Corpus.")
    shown, labels = view.shown, view.numbered_labels
    words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(topn)[shown]]
    scores = coherence(words, view.corpus, measure, topn).per_topic
    assert scores is not None
    n_topics_of = Counter(word for row in words for word in row)
    unique = [sum(n_topics_of[word] == 1 for word in row) / topn for row in words]
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
    description = "; ".join(f"topic {k}: {y:.3f} and {x:.2f}" for k, x, y in zip(shown, unique, scores, strict=True))
    x = f"share of the {topn} first words that no other topic has (0 to 1)"
    return finished(figure, "Coherence against diversity", f"{description}.", template, x, f"{measure} (no unit)")


def _selected(view: BaseView, topics: Sequence[int] | None) -> list[int]:
    if topics is not None:
        return [view.topic(k) for k in topics if not view.hidden[view.topic(k)]]
    mass = view.require_mass("Choosing the largest topics")
    return sorted(sorted(view.shown, key=lambda k: -mass[k])[:_MAX_CURVES])


def _bars(table: Any) -> dict[str, Any]:
    upper, lower = (table["high"] - table["value"]).clip(lower=0), (table["value"] - table["low"]).clip(lower=0)
    return {"type": "data", "symmetric": False, "array": upper, "arrayminus": lower, "thickness": 1}


def _unit(options: Mapping[str, Any]) -> str:
    level = options.get("level", 0.95)
    if options.get("interval", "bootstrap") == "wilson":
        return f"share of documents that the topic leads ({level:.0%} interval)"
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
    return "loss (nats per document)"
