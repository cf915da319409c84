"""What all figures share: colours, templates, and the text alternative."""

from typing import TYPE_CHECKING, Any

from topicml.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe & Ito's colours, told apart with any colour vision; dashes and markers tell them apart without colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
_TEMPLATES = {"light": "plotly_white", "dark": "plotly_dark"}


def style(number: int) -> dict[str, str]:
    """Colour, dash and marker of the line of this number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "dash": DASHES[number // len(COLOURS) % len(DASHES)],
        "symbol": MARKERS[number % len(MARKERS)],
    }


def finished(
    figure: "Figure", title: str, description: str, template: str, x: str | None = None, y: str | None = None
) -> "Figure":
    """Title, axis names, template, and the description in ``layout.meta["description"]``."""
    if template not in _TEMPLATES:
        raise InputError(f"template={template!r} is unknown. Choose 'light' or 'dark'.")
    figure.update_layout(
        title_text=title, template=_TEMPLATES[template], meta={"description": f"{title}. {description}"}
    )
    if x is not None:
        figure.update_xaxes(title_text=x)
    if y is not None:
        figure.update_yaxes(title_text=y)
    return figure


def graph_objects() -> Any:
    """Plotly's graph objects; raises `MissingExtraError` where it is not installed."""
    try:
        from plotly import graph_objects
    except ImportError as error:
        raise MissingExtraError("Plots need plotly. Install it with: pip install 'topicml[plots]'") from error
    return graph_objects
