"""The fields with classes and times of documents, and the shares of topics in their groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from topicml.errors import InputError
from topicml.explore import TopicView, topics_over_time, topics_per_class
from topicml.explore.groups import calendar_unit
from topicml.report.text import plain

MOST_CLASSES = 60  # a report with more cannot be read
_MAX_NAME = 80  # characters of a group's name
_CLASS_NAMES = ("label", "class", "category", "section", "theme", "topic")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
_TIME_NAMES = ("date", "time", "year", "month", "day", "timestamp", "published", "created")


@dataclass(frozen=True)
class Share:
    """The share of a group's documents that a topic leads, with its 95% confidence interval."""

    group: str
    value: float
    low: float
    high: float
    documents: int


@dataclass(frozen=True)
class Groups:
    """The groups of a field.

    Attributes
    ----------
    name : str
        Name of the field on the page.
    shares : dict of int to list of Share
        For each topic, its shares in the groups.
    unit : str or None
        The calendar unit of groups of time.
    """

    name: str
    shares: dict[int, list[Share]]
    unit: str | None = None


def class_field(view: TopicView, named: str | None) -> str | None:
    """The field of classes: the named one, or a field with a usual name and 2 to 60 different values.

    Parameters
    ----------
    view : TopicView
        The topics.
    named : str or None
        The field that the caller chose.

    Returns
    -------
    field : str or None
        None if no field was named and none fits.

    Raises
    ------
    InputError
        If the named field does not exist, holds vectors or has more than 60 values.
    """
    if named is not None:
        n_classes = _count_classes(view.field(named))
        if n_classes > MOST_CLASSES:
            raise InputError(
                f"Field {named!r} has {n_classes:,} different values; a report shows {MOST_CLASSES} classes at most. "
                "Pass a field with fewer values."
            )
        return named
    if view.corpus is None:
        return None
    names = {name.lower(): name for name in view.corpus.fields}
    for name in _CLASS_NAMES:
        if name in names and 2 <= _count_classes(view.corpus.fields[names[name]]) <= MOST_CLASSES:
            return names[name]
    return None


def time_field(view: TopicView, named: str | None) -> str | None:
    """The field of times: the named one, or a field of dates, or one with a usual name.

    Parameters
    ----------
    view : TopicView
        The topics.
    named : str or None
        The field that the caller chose.

    Returns
    -------
    field : str or None
        None if no field was named and none fits.

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
    dates = [name for name in fields if _is_date(fields.column(name).type)]
    names = {name.lower(): name for name in fields}
    return next(iter([*dates, *(names[name] for name in _TIME_NAMES if name in names)]), None)


def _is_date(kind: pa.DataType) -> bool:
    """Whether the values of a column are times; its array need not be made, which has all texts of a field of texts."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def per_class(view: TopicView, field: str, names: Mapping[str, str] | None = None) -> Groups:
    """Shares of each topic in the classes.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        The field of classes.
    names : mapping of str to str, optional
        Names of fields on the page, if these differ.

    Returns
    -------
    groups : Groups
        For each topic, the largest shares first.
    """
    shares = _shares(topics_per_class(view, field, interval="wilson"), "class")
    return Groups(
        (names or {}).get(field, field), {k: sorted(each, key=lambda s: -s.value) for k, each in shares.items()}
    )


def over_time(
    view: TopicView,
    field: str,
    names: Mapping[str, str] | None = None,
    *,
    unit: str | None = None,
    named: bool,
) -> Groups | None:
    """Shares of each topic over time, in calendar units if the field holds dates.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    field : str
        The field of times.
    names : mapping of str to str, optional
        Names of fields on the page, if these differ.
    unit : str, optional
        Calendar unit; by default the one that suits the field (`topicml.explore.groups.calendar_unit`).
    named : bool
        Whether the caller chose the field.

    Returns
    -------
    groups : Groups or None
        None if the caller did not choose the field, and it cannot be read as times or has a single time.

    Raises
    ------
    InputError
        If the caller chose the field and it cannot be read as times, or a unit that does not fit them.
    """
    try:
        by = unit or calendar_unit(view, field)
        shares = _shares(topics_over_time(view, field, by=by, interval="wilson"), "time", by)
    except InputError:
        if named:
            raise
        return None
    if not named and any(len(each) < 2 for each in shares.values()):
        return None
    return Groups((names or {}).get(field, field), shares, by)


def _shares(table: Any, name: str, unit: str | None = None) -> dict[int, list[Share]]:
    shares: dict[int, list[Share]] = {}
    columns = [table[column].tolist() for column in ("topic", name, "value", "low", "high", "documents")]
    for topic, group, value, low, high, documents in zip(*columns, strict=True):
        shares.setdefault(topic, []).append(Share(group_name(group, unit), value, low, high, documents))
    return shares


def group_name(group: Any, unit: str | None = None) -> str:
    """The name of a group: of a class, or of a time in words of its calendar unit, such as May 2024.

    Parameters
    ----------
    group : object
        A class, a number, or the start of a period.
    unit : str, optional
        The calendar unit of the period.

    Returns
    -------
    name : str
    """
    if hasattr(group, "isoformat"):
        if unit in ("year", "quarter", "month"):
            month = {"year": "", "quarter": f"Q{(group.month + 2) // 3} ", "month": f"{_MONTHS[group.month - 1]} "}
            return f"{month[unit]}{group.year}"
        text = str(group.isoformat()).removesuffix("T00:00:00").replace("T", " ")
        return text[:16] if unit == "hour" else text[:10]
    return f"{group:g}" if isinstance(group, float) else plain(group)[:_MAX_NAME]


def _count_classes(values: np.ndarray) -> int:
    if values.ndim != 1:
        raise InputError("Classes are single values; this field holds vectors.")
    return len({str(value) for value in values.tolist() if value is not None and value == value})
