"""How several losses were balanced in training, as a plot."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe & Ito's colours, told apart with any colour vision; dashes and markers tell them apart without colour.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")


def plot_balance(history: Sequence[Mapping[str, Any]]) -> "Figure":
    """Weights, cosines, gradient lengths and distance from stationarity, epoch by epoch.

    Parameters
    ----------
    history : sequence of dict
        ``model.history_`` of a model that was fitted with a contrast.

    Returns
    -------
    figure : plotly.graph_objects.Figure
        Four panels over epochs: each loss's weight; the cosine between gradients (below 0 they conflict); the lengths
        of the gradients, on a logarithmic axis; the length of their shortest convex combination, which is 0 where no
        step serves all losses. ``layout.meta["description"]`` says in words what it shows.

    Raises
    ------
    InputError
        If the history holds no weights.
    MissingExtraError
        If plotly is not installed.
    """
    keys = list(dict.fromkeys(key for record in history for key in record))
    losses = [key.removeprefix("weight_") for key in keys if key.startswith("weight_")]
    if not losses:
        raise InputError(
            "This history holds no weights of losses, so there is no balance to plot. Give the history_ of a model "
            'that was fitted with a contrast, such as ProdLDA(contrast="set").'
        )
    graph_objects, make_subplots = _plotly()
    epochs = [record["epoch"] for record in history]
    figure = make_subplots(rows=2, cols=2, shared_xaxes=True, subplot_titles=list(_PANELS), horizontal_spacing=0.12)
    pairs = [key for key in keys if key == "cosine" or key.startswith("cosine_")]
    lines = {
        "Weights": {loss: f"weight_{loss}" for loss in losses},
        "Cosine between gradients": {_pair(key, losses): key for key in pairs},
        "Gradient lengths": {loss: f"norm_{loss}" for loss in losses},
        "Stationarity gap": {"shortest combination": "stationarity"},
    }
    for panel, (title, of_panel) in enumerate(lines.items()):
        place = {"row": panel // 2 + 1, "col": panel % 2 + 1}
        for number, (name, key) in enumerate(of_panel.items()):
            style = number if name in losses else number + len(losses)
            figure.add_trace(
                graph_objects.Scatter(
                    x=epochs,
                    y=[record.get(key) for record in history],
                    name=name,
                    legendgroup=name,
                    showlegend=title != "Gradient lengths",  # the same losses as the weights
                    mode="lines+markers",
                    line={"color": _COLOURS[style % len(_COLOURS)], "dash": _DASHES[style % len(_DASHES)]},
                    marker={"symbol": _MARKERS[style % len(_MARKERS)]},
                ),
                **place,
            )
        figure.update_yaxes(title_text=_PANELS[title], **place)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(type="log", exponentformat="power", row=2, col=1)
    figure.update_yaxes(rangemode="tozero", row=2, col=2)
    figure.update_yaxes(range=[-1.05, 1.05], zeroline=True, zerolinecolor="#888888", row=1, col=2)
    title = "How the losses were balanced" + _of_skipped(history)
    figure.update_layout(
        title_text=title, template="plotly_white", meta={"description": _described(title, history, lines)}
    )
    return figure


_PANELS = {
    "Weights": "weight (per unit of gradient)",
    "Cosine between gradients": "cosine (−1 to 1)",  # noqa: RUF001
    "Gradient lengths": "length (loss per unit of parameter)",
    "Stationarity gap": "length (loss per unit of parameter)",
}


def _pair(key: str, losses: Sequence[str]) -> str:
    """Names of the two losses of a cosine, which the record joins by an underscore."""
    named = {f"cosine_{a}_{b}": f"{a} and {b}" for a in losses for b in losses}
    return named.get(key, " and ".join(losses) if key == "cosine" else key)


def _of_skipped(history: Sequence[Mapping[str, Any]]) -> str:
    skipped = sum(int(record.get("skipped") or 0) for record in history)
    return f" (skipped steps: {skipped})" if skipped else ""


def _described(title: str, history: Sequence[Mapping[str, Any]], lines: Mapping[str, Mapping[str, str]]) -> str:
    """The plot in words: where every line starts and ends."""
    sentences = [f"{title}, over {len(history)} epochs."]
    for panel, of_panel in lines.items():
        courses = []
        for name, key in of_panel.items():
            values = [record[key] for record in history if _is_number(record.get(key))]
            if values:
                courses.append(f"{name} from {values[0]:.3g} to {values[-1]:.3g}")
        if courses:
            sentences.append(f"{panel}: {'; '.join(courses)}.")
    return " ".join(sentences)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _plotly() -> tuple[Any, Any]:
    try:
        from plotly import graph_objects
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtraError("Plots need plotly. Install it with: pip install 'topicml[plots]'") from error
    return graph_objects, make_subplots
