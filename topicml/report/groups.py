"""Which fields of the documents the report tells classes and times from, and what they tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.explore import TopicView, topics_over_time, topics_per_class
from topicml.report.text import plain

MOST_CLASSES = 60
_CLASS_NAMES = ("label", "class", "category", "section", "theme", "topic")
_TIME_NAMES = ("date", "time", "year", "month", "day", "timestamp", "published", "created")


@dataclass(frozen=True)
class Share:
    """What share of a group's documents a topic leads, with its 95% interval."""

    group: str
    value: float
    low: float
    high: float
    documents: int


@dataclass(frozen=True)
class Groups:
    """What the page calls a field, and for each topic the shares in its groups."""

    called: str
    shares: dict[int, list[Share]]


def class_field(view: TopicView, named: str | None) -> str | None:
    """The field of classes: the one that was named, or one with such a name and between 2 and 60 values.

    Raises
    ------
    InputError
        If the named field does not exist, or has too many values.
    """
    if named is not None:
        found = _classes(view.field(named))
        if found > MOST_CLASSES:
            raise InputError(
                f"Field {named!r} has {found:,} different values; a report shows {MOST_CLASSES} classes at most. "
                "Give a field of fewer values."
            )
        return named
    if view.corpus is None:
        return None
    names = {name.lower(): name for name in view.corpus.fields}
    for name in _CLASS_NAMES:
        if name in names and 2 <= _classes(view.corpus.fields[names[name]]) <= MOST_CLASSES:
            return names[name]
    return None


def time_field(view: TopicView, named: str | None) -> str | None:
    """The field of times: the one that was named, or one of dates, or with such a name.

    Raises
    ------
    InputError
        If the named field does not exist.
    """
    if named is not None:
        view.field(named)
        return named
    if view.corpus is None:
        return None
    fields = view.corpus.fields
    dates = [name for name in fields if fields[name].ndim == 1 and fields[name].dtype.kind == "M"]
    names = {name.lower(): name for name in fields}
    return next(iter([*dates, *(names[name] for name in _TIME_NAMES if name in names)]), None)


def per_class(view: TopicView, field: str, names: Mapping[str, str] | None = None) -> Groups:
    """Shares of each topic in the classes, the largest first."""
    shares = _shares(topics_per_class(view, field, interval="wilson"), "class")
    return Groups(
        (names or {}).get(field, field), {k: sorted(each, key=lambda s: -s.value) for k, each in shares.items()}
    )


def over_time(view: TopicView, field: str, names: Mapping[str, str] | None = None, *, named: bool) -> Groups | None:
    """Shares of each topic over time; None where a field that was not asked for is no time, or has one moment."""
    try:
        shares = _shares(topics_over_time(view, field, interval="wilson"), "time")
    except InputError:
        if named:
            raise
        return None
    if not named and any(len(each) < 2 for each in shares.values()):
        return None
    return Groups((names or {}).get(field, field), shares)


def _shares(table: Any, name: str) -> dict[int, list[Share]]:
    found: dict[int, list[Share]] = {}
    columns = [table[column].tolist() for column in ("topic", name, "value", "low", "high", "documents")]
    for topic, group, value, low, high, documents in zip(*columns, strict=True):
        found.setdefault(topic, []).append(Share(_told(group), value, low, high, documents))
    return found


def _told(group: Any) -> str:
    if hasattr(group, "isoformat"):
        told = group.isoformat()
        return told.removesuffix("T00:00:00")
    return f"{group:g}" if isinstance(group, float) else plain(group)[:80]


def _classes(values: np.ndarray) -> int:
    if values.ndim != 1:
        raise InputError("Classes are single values; this field holds vectors.")
    return len({str(value) for value in values.tolist() if value is not None and value == value})
