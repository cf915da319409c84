"""What all figures share: colours, templates, and the text alternative."""

from typing import TYPE_CHECKING, Any

from topicml.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe & Ito's colours can be distinguished with any colour vision; dashes and markers distinguish without colour.
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
    """Set title, axis names, template and text alternative of a figure.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        The figure, modified in place.
    title : str
        Title of the figure.
    description : str
        What the figure shows, in words; stored with the title in ``layout.meta["description"]``.
    template : {"light", "dark"}
        Colours of the background and text.
    x, y : str, optional
        Names of the axes, with units.

    Returns
    -------
    figure : plotly.graph_objects.Figure
        The same figure.

    Raises
    ------
    InputError
        If `template` is unknown.
    """
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
    """Import `plotly.graph_objects`; raises `MissingExtraError` if plotly is not installed."""
    try:
        from plotly import graph_objects
    except ImportError as error:
        raise MissingExtraError("Plots need plotly. Install it with: pip install 'topicml[plots]'") from error
    return graph_objects
