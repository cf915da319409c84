"""Geometry of drawings: scales, ticks and SVG paths. The style sheet sets colours and strokes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

_TICK_CHARACTER, _TICK_GAP = 6.2, 8.0  # user units: width of a character of a tick, and space between two ticks


@dataclass(frozen=True)
class Line:
    """A curve of a chart.

    Attributes
    ----------
    name : str
        Name in the legend.
    path : str
        SVG path of the curve.
    band : str
        SVG path of the band around it, closed; empty without a band.
    style : int
        Number of the colour and dash.
    end : tuple of float, or None
        Position of the last point.
    """

    name: str
    path: str
    band: str = ""
    style: int = 0
    end: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """A line chart.

    Attributes
    ----------
    title, description : str
        Title, and what the chart shows in words.
    width, height : float
        Size in user units.
    left, bottom, top : float
        Edges of the plotting area.
    x_ticks, y_ticks : list of (float, str)
        Position and text of each tick.
    x_name, y_name : str
        Names of the axes.
    lines : list of Line
        The curves.
    """

    title: str
    description: str
    width: float
    height: float
    left: float
    bottom: float
    top: float
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    x_name: str
    y_name: str
    lines: list[Line] = field(default_factory=list)


def line_chart(
    title: str,
    description: str,
    curves: Sequence[tuple[str, Sequence[float | None]]],
    *,
    x_ticks: Sequence[tuple[int, str]],
    x_name: str,
    y_name: str,
    bands: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    from_zero: bool = False,
    width: float = 340,
    height: float = 190,
    as_percent: bool = False,
) -> Chart:
    """Lay out curves over equally spaced points 0, 1, 2 and so on. A missing value interrupts its curve.

    Parameters
    ----------
    title, description : str
        Title, and what the chart shows in words.
    curves : sequence of (str, sequence of float or None)
        Name and values of each curve; all of one length.
    x_ticks : sequence of (int, str)
        Points with a text on the axis, as far as there is room.
    x_name, y_name : str
        Names of the axes.
    bands : sequence of (low, high), optional
        Lower and upper ends of a band, one pair for each curve.
    from_zero : bool
        Whether the y axis begins at 0.
    width, height : float
        Size in user units.
    as_percent : bool
        Whether the y axis shows percent.

    Returns
    -------
    chart : Chart
    """
    bottom, top, right = height - 34.0, 12.0, 10.0
    n_points = max(len(values) for _, values in curves)
    finite = [v for _, values in curves for v in values if v is not None and math.isfinite(v)]
    finite += [v for low, high in bands for v in (*low, *high)]
    finite = finite or [0.0, 1.0]
    ticks = nice_ticks(0.0 if from_zero else min(finite), max(finite))
    lowest, highest = min(ticks[0], *finite), max(ticks[-1], *finite)
    span = (highest - lowest) or 1.0
    decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 2
    texts = [f"{t:.{max(0, decimals - 2)}%}" if as_percent else f"{t:,.{decimals}f}" for t in ticks]
    left = max(52.0, 24 + 7.0 * max(map(len, texts)))  # room for the longest text and the name of the axis

    def x(i: float) -> float:
        return round(left + (width - left - right) * (i / (n_points - 1) if n_points > 1 else 0.5), 1)

    def y(value: float) -> float:
        return round(bottom - (bottom - top) * (value - lowest) / span, 1)

    lines = []
    for number, (name, values) in enumerate(curves):
        points = [None if v is None or not math.isfinite(v) else (x(i), y(v)) for i, v in enumerate(values)]
        band = ""
        if number < len(bands):
            low, high = bands[number]
            outline = [(x(i), y(v)) for i, v in enumerate(high)]
            outline += [(x(i), y(v)) for i, v in reversed(list(enumerate(low)))]
            band = "M" + "L".join(f"{a:g} {b:g}" for a, b in outline) + "Z"
        end = next((point for point in reversed(points) if point is not None), None)
        lines.append(Line(name, _path(points), band, number, end))
    return Chart(
        title,
        description,
        width,
        height,
        left,
        bottom,
        top,
        without_overlap([(x(i), text) for i, text in x_ticks]),
        [(y(t), text.replace("-", "−")) for t, text in zip(ticks, texts, strict=True)],  # noqa: RUF001
        x_name,
        y_name,
        lines,
    )


def nice_ticks(low: float, high: float, n: int = 4) -> list[float]:
    """Round numbers that cover an interval, at steps of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
        Ends of the interval.
    n : int
        Number of steps, approximately.

    Returns
    -------
    ticks : list of float
        From at most `low` to at least `high`.
    """
    if not high > low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    raw = (high - low) / n
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def spread_ticks(names: Sequence[str], n: int = 5) -> list[tuple[int, str]]:
    """Choose points as ticks of an axis, evenly spread, including the first and last.

    Parameters
    ----------
    names : sequence of str
        Name of each point.
    n : int
        Number of ticks at most.

    Returns
    -------
    ticks : list of (int, str)
        Points and their names.
    """
    if len(names) <= n:
        return list(enumerate(names))
    points = sorted({round(i * (len(names) - 1) / (n - 1)) for i in range(n)})
    return [(i, names[i]) for i in points]


def without_overlap(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out ticks whose text would cover another: the last and the first stay, then those from left to right.

    The text of the first tick starts at its point, that of the last ends there, and others are centred.

    Parameters
    ----------
    ticks : sequence of (float, str)
        Positions in user units and texts, from left to right.

    Returns
    -------
    ticks : list of (float, str)
    """
    if len(ticks) < 2:
        return list(ticks)
    widths = [_TICK_CHARACTER * len(text) for _, text in ticks]
    last = len(ticks) - 1
    end, limit = ticks[0][0] + widths[0] + _TICK_GAP, ticks[last][0] - widths[last] - _TICK_GAP
    if end - _TICK_GAP > limit:
        return [ticks[last]]
    kept = [ticks[0]]
    for (at, text), width in zip(ticks[1:last], widths[1:last], strict=True):
        if at - width / 2 >= end and at + width / 2 <= limit:
            kept.append((at, text))
            end = at + width / 2 + _TICK_GAP
    return [*kept, ticks[last]]


def dots(positions: np.ndarray) -> str:
    """Points (n, 2) as one SVG path of zero-length strokes: round caps make them dots, at a few bytes each."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in np.round(positions, 1).tolist())


def scaled_to(positions: np.ndarray, width: float, height: float, margin: float) -> np.ndarray:
    """Move and scale points into a box, with one scale for both axes; the y axis points up.

    Parameters
    ----------
    positions : ndarray, (n, 2)
        Points.
    width, height : float
        Size of the box in user units.
    margin : float
        Empty margin inside the box.

    Returns
    -------
    positions : ndarray, (n, 2)
    """
    low, high = positions.min(axis=0), positions.max(axis=0)
    size = np.maximum(high - low, 1e-12)
    scale = min((width - 2 * margin) / size[0], (height - 2 * margin) / size[1])
    scale = scale if math.isfinite(scale) and size.max() > 1e-9 else 0.0
    moved = (positions - (low + high) / 2) * scale
    return moved * [1, -1] + [width / 2, height / 2]


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """SVG path through points; None lifts the pen, and a single point becomes a dot."""
    parts, pen_down = [], False
    for point in points:
        if point is None:
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{point[0]:g} {point[1]:g}")
        pen_down = True
    if len(parts) == 1:
        parts.append("h0")
    return "".join(parts)
