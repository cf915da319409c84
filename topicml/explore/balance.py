"""Plot of how the losses were balanced during training."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError
from topicml.explore.figures import COLOURS, DASHES, MARKERS, finished, graph_objects

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def plot_balance(history: Sequence[Mapping[str, Any]]) -> "Figure":
    """Plot weights, cosines, gradient lengths and the distance from stationarity over epochs.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_`` of a model that was fitted with a contrast.

    Returns
    -------
    figure : plotly.graph_objects.Figure
        Four panels over epochs: each loss's weight; the cosine between gradients (below 0 they conflict); the lengths
        of the gradients, on a logarithmic axis; the length of their shortest convex combination, which is 0 if no step
        decreases all losses. ``layout.meta["description"]`` describes the figure in words.

    Raises
    ------
    InputError
        If the history has no weights of losses.
    MissingExtraError
        If plotly is not installed.
    """
    keys = list(dict.fromkeys(key for record in history for key in record))
    losses = [key.removeprefix("weight_") for key in keys if key.startswith("weight_")]
    if not losses:
        raise InputError(
            "This history has no weights of losses, so there is no balance to plot. Pass the history_ of a model "
            'that was fitted with a contrast, such as ProdLDA(contrast="set").'
        )
    objects = graph_objects()
    from plotly.subplots import make_subplots

    epochs = [record["epoch"] for record in history]
    figure = make_subplots(rows=2, cols=2, shared_xaxes=True, subplot_titles=list(_PANELS), horizontal_spacing=0.12)
    pairs = [key for key in keys if key == "cosine" or key.startswith("cosine_")]
    lines = {
        "Weights": {loss: f"weight_{loss}" for loss in losses},
        "Cosine between gradients": {_pair(key, losses): key for key in pairs},
        "Gradient lengths": {loss: f"norm_{loss}" for loss in losses},
        "Stationarity gap": {"shortest combination": "stationarity"},
    }
    for panel, (title, panel_keys) in enumerate(lines.items()):
        place = {"row": panel // 2 + 1, "col": panel % 2 + 1}
        for number, (name, key) in enumerate(panel_keys.items()):
            style = number if name in losses else number + len(losses)
            figure.add_trace(
                objects.Scatter(
                    x=epochs,
                    y=[record.get(key) for record in history],
                    name=name,
                    legendgroup=name,
                    showlegend=title != "Gradient lengths",  # the same losses as the weights
                    mode="lines+markers",
                    line={"color": COLOURS[style % len(COLOURS)], "dash": DASHES[style % len(DASHES)]},
                    marker={"symbol": MARKERS[style % len(MARKERS)]},
                ),
                **place,
            )
        figure.update_yaxes(title_text=_PANELS[title], **place)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(type="log", exponentformat="power", row=2, col=1)
    figure.update_yaxes(rangemode="tozero", row=2, col=2)
    figure.update_yaxes(range=[-1.05, 1.05], zeroline=True, zerolinecolor="#888888", row=1, col=2)
    title = "How the losses were balanced" + _skipped_steps(history)
    return finished(figure, title, _description(history, lines), "light")


_PANELS = {
    "Weights": "weight (per unit of gradient)",
    "Cosine between gradients": "cosine (−1 to 1)",  # noqa: RUF001
    "Gradient lengths": "length (loss per unit of parameter)",
    "Stationarity gap": "length (loss per unit of parameter)",
}


def _pair(key: str, losses: Sequence[str]) -> str:
    """Names of the two losses of a cosine; the record joins them by an underscore."""
    names = {f"cosine_{a}_{b}": f"{a} and {b}" for a in losses for b in losses}
    return names.get(key, " and ".join(losses) if key == "cosine" else key)


def _skipped_steps(history: Sequence[Mapping[str, Any]]) -> str:
    skipped = sum(int(record.get("skipped") or 0) for record in history)
    return f" (skipped steps: {skipped})" if skipped else ""


def _description(history: Sequence[Mapping[str, Any]], lines: Mapping[str, Mapping[str, str]]) -> str:
    """The plot in words: the first and last value of every line."""
    sentences = [f"Shown over {len(history)} epochs."]
    for panel, panel_keys in lines.items():
        ranges = []
        for name, key in panel_keys.items():
            values = [record[key] for record in history if _is_number(record.get(key))]
            if values:
                ranges.append(f"{name} from {values[0]:.3g} to {values[-1]:.3g}")
        if ranges:
            sentences.append(f"{panel}: {'; '.join(ranges)}.")
    return " ".join(sentences)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
