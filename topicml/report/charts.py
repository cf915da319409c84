"""Geometry of drawings: scales, ticks and paths as SVG has them; the templates set the ink."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Line:
    """A curve of a chart: name, path, band around it (a closed path, or empty), and where it ends."""

    name: str
    path: str
    band: str = ""
    style: int = 0
    end: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """A line chart: size in user units, ticks as (place, text), lines, and what it shows in words."""

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
    """Lay out curves over equally spaced points 0, 1, 2 and so on; a missing value interrupts its curve.

    Parameters
    ----------
    curves : sequence of (str, sequence of float or None)
        Name and values; all of one length.
    x_ticks : sequence of (int, str)
        Points that are named on the axis.
    bands : sequence of (low, high), optional
        One a curve.
    from_zero : bool
        Whether the axis begins at 0.
    """
    bottom, top, right = height - 34.0, 12.0, 10.0
    n_points = max(len(values) for _, values in curves)
    known = [v for _, values in curves for v in values if v is not None and math.isfinite(v)]
    known += [v for low, high in bands for v in (*low, *high)]
    known = known or [0.0, 1.0]
    ticks = nice_ticks(0.0 if from_zero else min(known), max(known))
    lowest, highest = min(ticks[0], *known), max(ticks[-1], *known)
    span = (highest - lowest) or 1.0
    decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 2
    names = [f"{t:.{max(0, decimals - 2)}%}" if as_percent else f"{t:,.{decimals}f}" for t in ticks]
    left = max(52.0, 24 + 7.0 * max(map(len, names)))  # the axis's name stands to the left of the longest

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
            around = [(x(i), y(v)) for i, v in enumerate(high)]
            around += [(x(i), y(v)) for i, v in reversed(list(enumerate(low)))]
            band = "M" + "L".join(f"{a:g} {b:g}" for a, b in around) + "Z"
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
        [(x(i), text) for i, text in x_ticks],
        [(y(t), name.replace("-", "−")) for t, name in zip(ticks, names, strict=True)],  # noqa: RUF001
        x_name,
        y_name,
        lines,
    )


def nice_ticks(low: float, high: float, n: int = 4) -> list[float]:
    """About `n` round numbers from at most `low` to at least `high` (steps of 1, 2 or 5 times a power of ten)."""
    if not high > low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    raw = (high - low) / n
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def spread_ticks(names: Sequence[str], n: int = 5) -> list[tuple[int, str]]:
    """At most `n` of the points, evenly spread, the first and last among them."""
    if len(names) <= n:
        return list(enumerate(names))
    places = sorted({round(i * (len(names) - 1) / (n - 1)) for i in range(n)})
    return [(i, names[i]) for i in places]


def dots(places: np.ndarray) -> str:
    """Points (n, 2) as one path of zero-length strokes: round caps make them dots, at a few bytes each."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in np.round(places, 1).tolist())


def fitted(places: np.ndarray, width: float, height: float, margin: float) -> np.ndarray:
    """Places (n, 2) moved and scaled alike on both axes into a box; the y axis points up."""
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.maximum(high - low, 1e-12)
    scale = min((width - 2 * margin) / size[0], (height - 2 * margin) / size[1])
    scale = scale if math.isfinite(scale) and size.max() > 1e-9 else 0.0
    moved = (places - (low + high) / 2) * scale
    return moved * [1, -1] + [width / 2, height / 2]


def numbers_placed(
    numbers: Sequence[int], places: np.ndarray, reach: np.ndarray, width: float, height: float, most: int = 300
) -> list[tuple[float, float] | None]:
    """Where numbers stand so that none covers another: at their places or near these; None where there is no room.

    Parameters
    ----------
    numbers : sequence of int
        What is written; the first go first.
    places : ndarray, (n, 2)
        Where they would stand.
    reach : ndarray, (n,)
        How far each may be from its place.
    width, height : float
        Of the drawing; numbers stay in it.
    most : int
        How many are tried.
    """
    angles = np.arange(12) * math.pi / 6
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    boxes = np.array([[15.0 * len(str(k)) + 5, 21.0] for k in numbers])  # in the largest type that the page has them in
    found: list[tuple[float, float] | None] = [None] * len(places)
    taken: list[int] = []
    stand = places.astype(np.float64)
    for i in range(min(len(places), most)):
        others = np.delete(places, i, axis=0)
        for share in (0.0, 0.25, 0.5, 0.75, 0.95):
            tried = places[i] + share * reach[i] * (around if share else np.zeros((1, 2)))
            tried = np.clip(tried, boxes[i] / 2, [width, height] - boxes[i] / 2)
            apart = (boxes[i] + boxes[taken]) / 2  # (n_taken, 2)
            free = ~(np.abs(tried[:, None] - stand[taken]) < apart).all(axis=2).any(axis=1)
            if free.any():
                clear = np.linalg.norm(tried[:, None] - others, axis=2).min(axis=1, initial=np.inf)
                stand[i] = tried[np.where(free, clear, -np.inf).argmax()]
                found[i] = (round(float(stand[i, 0]), 1), round(float(stand[i, 1]), 1))
                taken.append(i)
                break
    return found


def _path(points: Sequence[tuple[float, float] | None]) -> str:
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
