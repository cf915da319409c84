"""Which topics changed over time, and how much of each change is certain."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.checks import require
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.groups import counts_over_time, wilson


def topic_changes(
    view: BaseView, field: str, *, by: str | int | None = None, level: float = 0.95, frame: str = "pandas"
) -> Any:
    """Changes of topics over time, the largest first.

    For each topic, the function compares the share of documents in two stretches of time. A stretch is one period or
    several neighbouring ones, so that it finds both bursts and slow trends. Of all pairs, it takes the one whose
    difference has the largest certain part: the end of Newcombe's interval that is nearer to 0 (his method 10, from
    Wilson's intervals of the two shares). The intervals have the given level for all topics and pairs together
    (Bonferroni), because the largest of many differences would otherwise be large by chance.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field, by
        As in `topics_over_time`.
    level : float
        Confidence level of all intervals together, between 0 and 1.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each shown topic: topic, label; ``before``, ``before_end`` and ``after``, ``after_end`` (first and
        last period of the earlier and of the later stretch), ``before_share`` and ``after_share`` (shares of their
        documents that the topic leads), ``change`` (the later share minus the earlier), ``certain`` (the certain part
        of the change; 0 or less if chance can explain all of it). The largest ``certain`` is first. Empty if there are
        fewer than two periods.

    Raises
    ------
    InputError
        If `level` is out of range, and as in `topics_over_time`.

    References
    ----------
    Newcombe 1998, Interval estimation for the difference between independent proportions.
    """
    require(0 < level < 1, "level", level, "between 0 and 1")
    times, counts = counts_over_time(view, field, by=by)
    labels = view.labels
    names = ("before", "before_end", "after", "after_end")
    columns: dict[str, list[Any]] = {name: [] for name in ("topic", "label", *names)}
    columns |= {name: [] for name in ("before_share", "after_share", "change", "certain")}
    found = _largest_changes(counts[:, view.shown], counts.sum(axis=1), level) if len(times) > 1 else []
    for k, change in sorted(zip(view.shown, found, strict=False), key=lambda pair: -pair[1].certain):
        columns["topic"].append(k)
        columns["label"].append(labels[k])
        for name, period in zip(names, change.periods, strict=True):
            columns[name].append(times[period])
        columns["before_share"].append(change.before)
        columns["after_share"].append(change.after)
        columns["change"].append(change.after - change.before)
        columns["certain"].append(change.certain)
    return frame_of({name: np.array(values) if name in names else values for name, values in columns.items()}, frame)


@dataclass(frozen=True)
class _Change:
    """First and last period of both stretches, their shares, and the certain part of the difference."""

    periods: tuple[int, int, int, int]
    before: float
    after: float
    certain: float


def _largest_changes(leading: np.ndarray, totals: np.ndarray, level: float) -> list[_Change]:
    """The most certain change of each topic.

    `leading` has the number of documents that each topic leads in each period, (n_periods, n_topics); `totals` the
    number of all documents of each period.
    """
    start, stop = stretches(len(totals))
    n_docs = _sums(totals, start, stop)
    first, second = np.nonzero(stop[:, None] <= start)  # all pairs of an earlier and a later stretch
    joint = 1 - (1 - level) / (len(first) * max(1, leading.shape[1]))
    changes = []
    for of_topic in leading.T:
        led = _sums(of_topic, start, stop)
        share, (low, high) = led / n_docs, wilson(led, n_docs, level=joint)
        down, up = share - low, high - share
        difference = share[second] - share[first]
        rising = difference > 0
        # The interval reaches towards 0 by the lower end of the larger share and the upper end of the smaller one.
        margin = np.hypot(np.where(rising, down[second], up[second]), np.where(rising, up[first], down[first]))
        i = int((np.abs(difference) - margin).argmax())
        a, b = first[i], second[i]
        changes.append(
            _Change(
                (int(start[a]), int(stop[a]) - 1, int(start[b]), int(stop[b]) - 1),
                float(share[a]),
                float(share[b]),
                float(np.abs(difference[i]) - margin[i]),
            )
        )
    return changes


def stretches(n_periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Stretches of 1, 2, 3, 4, 6, 8, 12, … neighbouring periods: first period, and the period after the last.

    Long stretches start only at every second or fourth period and so on, which keeps their number small.
    """
    pairs = []
    for length in _lengths(n_periods):
        step = max(1, length // 4)
        pairs += [(a, a + length) for a in {*range(0, n_periods - length + 1, step), n_periods - length}]
    start, stop = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    return start, stop


def _sums(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(values)])
    return total[stop] - total[start]


def _lengths(n_periods: int) -> Iterator[int]:
    power = 1
    while power < n_periods:
        yield power
        if power > 1 and power * 3 // 2 < n_periods:
            yield power * 3 // 2
        power *= 2
