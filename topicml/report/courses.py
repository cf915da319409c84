"""Topics over time: the largest changes first, each with a sentence and a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topicml.corpus.slices import Slices
from topicml.explore import TopicView, topic_changes
from topicml.report.charts import Chart, line_chart, spread_ticks
from topicml.report.groups import Groups, Share, group_name
from topicml.report.text import percent, plain

MAX_CHANGES = 8  # with a panel


@dataclass(frozen=True)
class Change:
    """A topic that changed.

    Attributes
    ----------
    topic : int
        The topic.
    name : str
        Its name.
    sentence : str
        The shares and times of the change; it follows the name.
    short : str
        Only the shares.
    chart : Chart
        Its share over time.
    words : list of (str, str)
        Names of some slices, and the first words of the topic in them; empty if its words do not move over time.
    """

    topic: int
    name: str
    sentence: str
    short: str
    chart: Chart
    words: list[tuple[str, str]]


@dataclass(frozen=True)
class Courses:
    """Changes of topics over time.

    Attributes
    ----------
    field : str
        Name of the field of times on the page.
    unit : str
        The unit of the charts: a calendar unit, or "time".
    first, last : str
        Names of the first and the last period.
    changes : list of Change
        The largest first, at most 8; only changes that chance does not explain.
    further : int
        Number of further topics that changed.
    steady : int
        Number of topics whose changes chance can explain.
    """

    field: str
    unit: str
    first: str
    last: str
    changes: list[Change]
    further: int
    steady: int


def courses_of(view: TopicView, field: str, times: Groups, names: Mapping[int, str]) -> Courses | None:
    """Describe the changes of topics over time.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        The field of times.
    times : Groups
        Shares of topics over time.
    names : mapping of int to str
        Names of topics.

    Returns
    -------
    courses : Courses or None
        None if there are fewer than two periods.
    """
    periods = [share.group for share in times.shares[view.shown[0]]] if view.shown else []
    if len(periods) < 2:
        return None
    table = topic_changes(view, field, by=times.unit)
    rows = [row for row in table.to_dict("records") if row["certain"] > 0]
    slices = words_by_slice(view, field) if rows else []
    changes = [
        Change(
            row["topic"],
            names[row["topic"]],
            *_described(row, times),
            time_chart(names[row["topic"]], times.name, times.shares[row["topic"]], height=180),
            [(name, words[row["topic"]]) for name, words in slices],
        )
        for row in rows[:MAX_CHANGES]
    ]
    return Courses(
        plain(times.name),
        times.unit or "time",
        periods[0],
        periods[-1],
        changes,
        len(rows) - len(changes),
        len(table) - len(rows),
    )


def words_by_slice(view: TopicView, field: str, n: int = 6) -> list[tuple[str, list[str]]]:
    """The first words of each topic in the first slice of time, in the middle one and in the last.

    Parameters
    ----------
    view : TopicView
        The topics.
    field : str
        The field of times.
    n : int
        Words of each slice.

    Returns
    -------
    list of (str, list of str)
        The name of each of these slices, and the words of each topic in it. Empty if the topics of the model do not
        move by this field.
    """
    slices = getattr(view.model, "groups_", None)
    if not isinstance(slices, Slices) or slices.field != field:
        return []
    numbers = dict.fromkeys((0, slices.n // 2, slices.n - 1))
    return [(slices.names[i], [", ".join(words) for words in view.topics_at(i, n)]) for i in numbers]


def time_chart(name: str, field: str, shares: list[Share], *, height: float = 170) -> Chart:
    """The share of documents that a topic leads, over time.

    Parameters
    ----------
    name : str
        Name of the topic.
    field : str
        Name of the field of times on the page.
    shares : list of Share
        Shares of the periods, at least one.
    height : float
        Height of the chart in user units.

    Returns
    -------
    chart : Chart
    """
    values = [share.value for share in shares]
    peak = max(shares, key=lambda share: share.value)
    description = (
        f"Share of documents that the topic leads, with 95% intervals, from {shares[0].group} to {shares[-1].group}. "
        f"From {percent(values[0])} to {percent(values[-1])}; the maximum is {percent(peak.value)}, at {peak.group}."
    )
    return line_chart(
        f"Over time: {name}",
        description,
        [(name, values)],
        x_ticks=spread_ticks([share.group for share in shares]),
        x_name=plain(field),
        y_name="share of documents",
        bands=[([share.low for share in shares], [share.high for share in shares])],
        from_zero=True,
        height=height,
        as_percent=True,
    )


def spark(shares: list[Share], largest: float) -> str:
    """A topic's shares over time as a small SVG path, in a box of 100 by 20 units.

    Parameters
    ----------
    shares : list of Share
        Shares of the periods, at least one.
    largest : float
        The share at the top of the box.

    Returns
    -------
    path : str
    """
    step = 100 / max(1, len(shares) - 1)
    points = [(i * step, 19 - 18 * share.value / (largest or 1)) for i, share in enumerate(shares)]
    return "M" + "L".join(f"{x:.4g} {y:.3g}" for x, y in points)


def _described(row: Mapping[str, Any], times: Groups) -> tuple[str, str]:
    """A change as the end of a sentence, and in short; as a burst if the shares before and after it are low."""
    shares = times.shares[row["topic"]]
    before = _stretch(row["before"], row["before_end"], times.unit)
    after = _stretch(row["after"], row["after_end"], times.unit)
    is_rise = row["change"] > 0
    high, low = (row["after_share"], row["before_share"]) if is_rise else (row["before_share"], row["after_share"])
    names = [share.group for share in shares]
    ends = ("after", "after_end") if is_rise else ("before", "before_end")
    start, stop = (names.index(group_name(row[end], times.unit)) for end in ends)
    earlier, later = _mean(shares[:start]), _mean(shares[stop + 1 :])
    if earlier is not None and later is not None and max(earlier, later) < (high + low) / 2:
        when = after if is_rise else before
        verb = "was at" if start == stop else "was at a mean of"
        against = f"against {percent(earlier)} before and {percent(later)} after"
        return f"{verb} {percent(high)} of the documents ({when}), {against}", f"{percent(high)} in {when}"
    first, last = (percent(row[name]) for name in ("before_share", "after_share"))
    sentence = f"{'rose' if is_rise else 'fell'} from {first} of the documents ({before}) to {last} ({after})"
    if group_name(row["after_end"], times.unit) != names[-1]:
        sentence += f"; in the end ({names[-1]}) it is {percent(shares[-1].value)}"
    return sentence, f"{first} to {last}"


def _mean(shares: list[Share]) -> float | None:
    """Share of all documents of some periods; None without any."""
    total = sum(share.documents for share in shares)
    return sum(share.value * share.documents for share in shares) / total if total else None


def _stretch(first: Any, last: Any, unit: str | None) -> str:
    names = [group_name(each, unit) for each in (first, last)]
    return names[0] if names[0] == names[1] else f"{names[0]} to {names[1]}"
