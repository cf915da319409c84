"""Topics by class and over time, with confidence intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.corpus.times import UNITS, calendar_units, suitable_unit, times_of
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of

_MAX_VALUES = 50  # times that are shown without bins
_N_BINS = 20


def wilson(successes: Any, n: Any, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's confidence interval of a proportion (Wilson 1927).

    Parameters
    ----------
    successes : array-like of int
        Number of successes.
    n : array-like of int
        Number of trials.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : ndarray
        Ends of the interval, of the shape of `successes`.
    """
    from scipy.stats import norm

    successes, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = norm.ppf((1 + level) / 2)
    proportion = successes / n
    centre = (proportion + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(proportion * (1 - proportion) / n + z**2 / (4 * n**2))
    return np.clip(centre - half_width, 0, 1), np.clip(centre + half_width, 0, 1)


def bootstrap_means(
    theta: np.ndarray, *, level: float = 0.95, resamples: int = 500, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap interval of the mean of each column; documents are resampled (Efron 1979).

    Parameters
    ----------
    theta : ndarray, (n_docs, n_topics)
        Topic proportions.
    level : float
        Confidence level, between 0 and 1.
    resamples, seed : int
        Number of resamples, and the seed.

    Returns
    -------
    low, high : ndarray, (n_topics,)
        Ends of the interval.
    """
    rng = np.random.default_rng(seed)
    n = len(theta)
    means = np.empty((resamples, theta.shape[1]))
    for i in range(resamples):
        means[i] = np.bincount(rng.integers(0, n, n), minlength=n).astype(theta.dtype) @ theta / n
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def topics_per_class(
    view: BaseView,
    field: str,
    *,
    interval: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Topics in each class of documents, with confidence intervals.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        Document field with the classes. Missing values and documents without words are left out. Categories keep
        their order; numbers are sorted by value.
    interval : {"bootstrap", "wilson"}
        ``bootstrap``: value is the mean of theta, with a bootstrap interval over documents. ``wilson``: value is the
        share of the class's documents that the topic leads, with Wilson's interval.
    level : float
        Confidence level, between 0 and 1.
    resamples, seed : int
        Number of bootstrap resamples, and the seed.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each class and shown topic: class, topic, label, value, low, high, documents.

    Raises
    ------
    InputError
        If the view has no documents, the field does not exist or has no value, or an argument is out of range.
    """
    names, codes = view.classes(field)
    groups = [(name, codes == i) for i, name in enumerate(names)]
    return frame_of(_columns(view, "class", field, groups, _Interval(interval, level, resamples, seed)), frame)


def topics_over_time(
    view: BaseView,
    field: str,
    *,
    by: str | int | None = None,
    interval: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Topics over time, with confidence intervals.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        Document field with times or numbers such as years; `topicml.corpus.times.times_of` says what is a time.
    by : {"year", "quarter", "month", "week", "day", "hour"}, int, or None
        A calendar unit, for times (weeks begin on Monday); or a number of bins of equal width, named by their start.
        None: every value, or 20 bins if there are more than 50 values.
    interval, level, resamples, seed, frame
        As in `topics_per_class`.

    Returns
    -------
    table : DataFrame
        A row for each time and shown topic: time, topic, label, value, low, high, documents.

    Raises
    ------
    InputError
        If the view has no documents, the field does not exist or holds neither times nor numbers, or an argument is
        out of range.
    """
    times, is_known = _periods(view, field, by)
    groups = [(time, (times == time) & is_known) for time in np.unique(times[is_known])]
    columns = _columns(view, "time", field, groups, _Interval(interval, level, resamples, seed))
    columns["time"] = np.array(columns["time"])
    return frame_of(columns, frame)


def counts_over_time(view: BaseView, field: str, *, by: str | int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Number of documents that each topic leads in each period.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field, by
        As in `topics_over_time`.

    Returns
    -------
    times : ndarray, (n_periods,)
        The periods that have a document with words, in order.
    counts : ndarray of int, (n_periods, n_topics)

    Raises
    ------
    InputError
        As `topics_over_time`.
    """
    times, is_known = _periods(view, field, by)
    rows = np.flatnonzero(is_known & view.has_words)
    periods, of_rows = np.unique(times[rows], return_inverse=True)
    counts = np.zeros((len(periods), view.n_topics), dtype=np.int64)
    np.add.at(counts, (of_rows, view.leading(view.theta[rows])), 1)
    return periods, counts


def calendar_unit(view: BaseView, field: str) -> str | None:
    """The calendar unit that suits a field of times: the shortest with at most 40 periods and enough documents in each.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        Document field, as in `topics_over_time`.

    Returns
    -------
    unit : str or None
        None for a field of numbers, and if even years are too many.

    Raises
    ------
    InputError
        If the view has no documents, the field does not exist, or it holds neither times nor numbers.
    """
    times, is_known = _times(view.field(field), field)
    if times.dtype.kind != "M":
        return None
    return suitable_unit(times[is_known & view.has_words])


def _periods(view: BaseView, field: str, by: str | int | None) -> tuple[np.ndarray, np.ndarray]:
    """The period of each document, and whether it is known; see `topics_over_time`."""
    times, is_known = _times(view.field(field), field)
    if isinstance(by, str):
        if by not in UNITS or times.dtype.kind != "M":
            raise InputError(
                f"by={by!r} needs times, and must be one of {', '.join(UNITS)}, or a number of bins. Numbers are "
                "times only if all are dates such as 20240531, or seconds since 1970; convert others (pandas)."
            )
        times = calendar_units(times, by)
    elif by is not None or len(np.unique(times[is_known])) > _MAX_VALUES:
        times = _binned(times, is_known, _N_BINS if by is None else by)
    return times, is_known


@dataclass(frozen=True)
class _Interval:
    """Which value of a topic in a group, and its confidence interval; see `topics_per_class`."""

    kind: str
    level: float
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in ("bootstrap", "wilson") or not 0 < self.level < 1 or self.resamples < 1:
            raise InputError(
                "interval must be 'bootstrap' or 'wilson', level between 0 and 1, and resamples positive; received "
                f"{self.kind!r}, {self.level} and {self.resamples}."
            )

    def of(self, view: BaseView, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, low and high of each topic over some documents, (n_topics,) each."""
        n_docs = int(rows.sum())
        if self.kind == "wilson":
            leading = view.leading_counts(rows)
            return leading / n_docs, *wilson(leading, n_docs, level=self.level)
        theta = view.theta[rows]
        interval = bootstrap_means(theta, level=self.level, resamples=self.resamples, seed=self.seed)
        return theta.mean(axis=0, dtype=np.float64), *interval


def _columns(
    view: BaseView, name: str, field: str, groups: list[tuple[Any, np.ndarray]], interval: _Interval
) -> dict[str, Any]:
    """Columns of the table: a row for each group (key, mask of documents) and shown topic."""
    columns: dict[str, Any] = {key: [] for key in (name, "topic", "label", "value", "low", "high", "documents")}
    shown, labels = view.shown, view.labels
    for key, mask in groups:
        rows = mask & view.has_words
        if not rows.any():
            continue
        columns[name] += [key] * len(shown)
        columns["topic"] += shown
        columns["label"] += [labels[k] for k in shown]
        for column, values in zip(("value", "low", "high"), interval.of(view, rows), strict=True):
            columns[column] += values[shown].tolist()
        columns["documents"] += [int(rows.sum())] * len(shown)
    if not columns[name]:
        raise InputError(f"Field {field!r} has no value in any document with words.")
    return columns


def _binned(times: np.ndarray, is_known: np.ndarray, n_bins: int) -> np.ndarray:
    """Times replaced by the starts of `n_bins` bins of equal width."""
    if n_bins < 1:
        raise InputError(f"by must be at least one bin; received {n_bins}.")
    numbers = times.astype(np.int64 if times.dtype.kind == "M" else np.float64)
    edges = np.linspace(numbers[is_known].min(), numbers[is_known].max(), n_bins + 1)
    bins = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, n_bins - 1)
    return edges[bins].astype(times.dtype)


def _times(values: np.ndarray, field: str) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds, or numbers; and a mask of those that are not missing."""
    times = times_of(values, field)
    return times, ~np.isnat(times) if times.dtype.kind == "M" else np.isfinite(times)
