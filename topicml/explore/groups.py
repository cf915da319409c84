"""Topics by class and over time, with intervals."""

from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.frames import frame_of

if TYPE_CHECKING:
    from topicml.explore.view import TopicView

_UNITS = {"year": "Y", "month": "M", "week": "W", "day": "D", "hour": "h"}


def wilson(successes: Any, n: Any, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a share: low and high, of the shape of `successes` (Wilson 1927)."""
    from scipy.stats import norm

    successes, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = norm.ppf((1 + level) / 2)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def bootstrap_means(
    theta: np.ndarray, *, level: float = 0.95, resamples: int = 500, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of the mean of each column: low and high, (n_topics,) (Efron 1979). Documents are redrawn."""
    rng = np.random.default_rng(seed)
    n = len(theta)
    means = np.empty((resamples, theta.shape[1]))
    for i in range(resamples):
        means[i] = np.bincount(rng.integers(0, n, n), minlength=n).astype(theta.dtype) @ theta / n
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def topics_per_class(
    view: "TopicView",
    field: str,
    *,
    interval: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Topics in each class of documents: class, topic, label, value, low, high, documents.

    Parameters
    ----------
    field : str
        A field of the documents. Missing values and documents without words are left out.
    interval : {"bootstrap", "wilson"}
        ``bootstrap``: value is the mean of theta, its interval from documents redrawn. ``wilson``: value is the share
        of the class's documents that the topic leads, with Wilson's interval.
    level : float
        Of the interval.
    resamples, seed : int
        Of the bootstrap.
    frame : {"pandas", "polars"}
        Whose data frame.

    Raises
    ------
    InputError
        If there is no such field, it has no value, or an argument is out of range.
    """
    values = view.field(field)
    if values.ndim != 1:
        raise InputError(f"Field {field!r} holds vectors; classes are single values.")
    groups = np.array([None if _missing(v) else str(v) for v in values.tolist()], dtype=object)
    names = sorted({name for name in groups if name is not None})
    return _table(view, "class", field, groups, names, names, interval, level, resamples, seed, frame)


def topics_over_time(
    view: "TopicView",
    field: str,
    *,
    by: str | int | None = None,
    interval: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Topics over time: time, topic, label, value, low, high, documents.

    Parameters
    ----------
    field : str
        Times (dates, or text as ISO 8601 has it) or numbers such as years.
    by : {"year", "month", "week", "day", "hour"}, int, or None
        The calendar's units, for times; or that many bins of equal width, named by their start. None: every value, or
        20 bins where there are more than 50 values.
    interval, level, resamples, seed, frame
        As in `topics_per_class`.

    Raises
    ------
    InputError
        If there is no such field, it is no time or number, or an argument is out of range.
    """
    times, known = _times(view.field(field), field)
    if isinstance(by, str):
        if by not in _UNITS or times.dtype.kind != "M":
            raise InputError(f"by={by!r} needs times, and must be one of {', '.join(_UNITS)}, or a number of bins.")
        times = times.astype(f"datetime64[{_UNITS[by]}]").astype("datetime64[s]")
    elif by is not None or len(np.unique(times[known])) > 50:
        n_bins = 20 if by is None else by
        if n_bins < 1:
            raise InputError(f"by must be at least one bin; received {by}.")
        dtype = times.dtype
        numbers = times.astype(np.int64 if dtype.kind == "M" else np.float64)
        edges = np.linspace(numbers[known].min(), numbers[known].max(), n_bins + 1)
        places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, n_bins - 1)
        times = edges[places].astype(dtype)
    points = np.unique(times[known])
    groups = np.where(known, np.searchsorted(points, np.where(known, times, points[0])), -1)
    return _table(
        view, "time", field, groups, list(range(len(points))), list(points), interval, level, resamples, seed, frame
    )


def _table(
    view: "TopicView",
    name: str,
    field: str,
    groups: np.ndarray,
    keys: list[Any],
    told: list[Any],
    interval: str,
    level: float,
    resamples: int,
    seed: int,
    frame: str,
) -> Any:
    if interval not in ("bootstrap", "wilson") or not 0 < level < 1 or resamples < 1:
        raise InputError(
            "interval must be 'bootstrap' or 'wilson', level between 0 and 1, and resamples positive; received "
            f"{interval!r}, {level} and {resamples}."
        )
    held = np.diff(view.counts.indptr) > 0
    columns: dict[str, list[Any]] = {key: [] for key in (name, "topic", "label", "value", "low", "high", "documents")}
    shown, labels = view.shown, view.labels
    for key, called in zip(keys, told, strict=True):
        theta = view.theta[(groups == key) & held]
        if not len(theta):
            continue
        if interval == "wilson":
            leading = np.bincount(view.leading(theta), minlength=view.n_topics)
            values, (low, high) = leading / len(theta), wilson(leading, len(theta), level=level)
        else:
            values = theta.mean(axis=0, dtype=np.float64)
            low, high = bootstrap_means(theta, level=level, resamples=resamples, seed=seed)
        columns[name] += [called] * len(shown)
        columns["topic"] += shown
        columns["label"] += [labels[k] for k in shown]
        for column, of_topics in (("value", values), ("low", low), ("high", high)):
            columns[column] += of_topics[shown].tolist()
        columns["documents"] += [len(theta)] * len(shown)
    if not columns[name]:
        raise InputError(f"Field {field!r} has no value in any document with words.")
    if name == "time":
        columns[name] = np.array(columns[name])  # type: ignore[assignment]
    return frame_of(columns, frame)


def _times(values: np.ndarray, field: str) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds or numbers, and where they are known."""
    if values.ndim == 1 and values.dtype.kind == "M":
        return values.astype("datetime64[s]"), ~np.isnat(values)
    if values.ndim == 1 and values.dtype.kind in "iuf":
        return values, np.isfinite(values)
    try:
        missing = [_missing(v) for v in values.tolist()]
        texts = ["NaT" if gone else str(v) for v, gone in zip(values.tolist(), missing, strict=True)]
        times = np.array(texts, dtype="datetime64[s]")
        known = ~np.isnat(times)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"Field {field!r} is no time: {error}. Give dates, numbers, or text such as 2024-05-31."
        ) from error
    if not known.any():
        raise InputError(f"Field {field!r} has no value in any document.")
    return times, known


def _missing(value: Any) -> bool:
    return value is None or value != value  # NaN and NaT differ from themselves
