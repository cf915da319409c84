"""Read the times of documents from a field: dates, ISO 8601 text, and numbers that are dates or seconds."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.corpus.columns import is_missing
from topicml.corpus.places import place_of
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.corpus.data import CorpusData

UNITS = {"year": "Y", "quarter": "3M", "month": "M", "week": "W", "day": "D", "hour": "h"}
"""Calendar units, and NumPy's codes of them."""

_MOST_PERIODS, _MIN_DOCUMENTS = 40, 20  # of a calendar unit that is chosen, and documents in a period on average
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?!\d)")
_EPOCH_UNITS = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (1e20, "ns"))  # of numbers below the bound
_FIRST_EPOCH = 1e8  # in 1973; smaller numbers may be anything


def times_of(values: np.ndarray, field: str, corpus: CorpusData | None = None) -> np.ndarray:
    """Return the times of a field, or its numbers.

    Text is in ISO 8601: 2024, 2024-05, 2024-05-31, 20240531 or 2024-05-31T10:00+02:00. The result is the local time
    of the zone. Whole numbers are dates if all of them have the form 20240531, and seconds, milliseconds,
    microseconds or nanoseconds since 1970 if all of them are at least 10**8. Other numbers, such as years, are
    not converted.

    Parameters
    ----------
    values : ndarray, (n_docs,)
        A field as `Fields` returns it.
    field : str
        Its name, for messages.
    corpus : Corpus, optional
        The documents, whose places messages name.

    Returns
    -------
    ndarray, (n_docs,)
        ``datetime64[s]``, NaT where the time is missing; or numbers, NaN where one is missing.

    Raises
    ------
    InputError
        If a value is neither a time nor a number; the message shows the first such value.
    """
    if values.ndim != 1:
        raise InputError(f"Field {field!r} cannot be read as times: it holds vectors.")
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]")
    if values.dtype.kind in "iuf":
        return _numbers(values)
    plain = [None if _is_missing(value) else value for value in values.tolist()]
    known = [value for value in plain if value is not None]
    if not known:
        raise InputError(f"Field {field!r} has no value in any document.")
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return _numbers(np.array([np.nan if value is None else value for value in plain], dtype=np.float64))
    if all(isinstance(value, str) and re.fullmatch(r"\s*\d{5,20}\s*", value) for value in known):
        numbers = _numbers(np.array([np.nan if value is None else int(value) for value in plain], dtype=np.float64))
        if numbers.dtype.kind == "M":
            return numbers
    times = np.full(len(plain), "NaT", dtype="datetime64[s]")
    read: dict[str, np.datetime64 | None] = {}  # dates are repeated
    for row, value in enumerate(plain):
        if value is None:
            continue
        if not isinstance(value, str):
            time = _time(value)
        elif value in read:
            time = read[value]
        else:
            time = read[value] = _time(value)
        if time is None:
            raise InputError(
                f"Field {field!r} cannot be read as times: {value!r:.60} ({place_of(corpus, row)}) is not a time. Pass "
                "dates, numbers, or text such as 2024-05-31; convert other forms first (pandas.to_datetime)."
            )
        times[row] = time
    return times


def calendar_units(times: np.ndarray, unit: str) -> np.ndarray:
    """Return the beginning of the calendar unit of each time. Weeks begin on Monday.

    Parameters
    ----------
    times : ndarray of datetime64
        Times; NaT stays NaT.
    unit : {"year", "quarter", "month", "week", "day", "hour"}
        The unit.

    Returns
    -------
    ndarray of datetime64[s]
        Of the shape of `times`.
    """
    if unit != "week":
        return times.astype(f"datetime64[{UNITS[unit]}]").astype("datetime64[s]")
    days = times.astype("datetime64[D]")
    # Day 0, the first of January 1970, was a Thursday; NumPy's own weeks begin on that day.
    weekday = np.where(np.isnat(days), 0, (days.astype(np.int64) + 3) % 7)
    return (days - weekday.astype("timedelta64[D]")).astype("datetime64[s]")


def suitable_unit(times: np.ndarray) -> str | None:
    """Return the shortest calendar unit with at most 40 periods that have documents, and enough documents in each.

    Parameters
    ----------
    times : ndarray of datetime64
        Times of documents, none of them missing.

    Returns
    -------
    unit : str or None
        None if even years are too many.
    """
    best, most = None, 0
    for unit in UNITS:
        n_periods = len(np.unique(calendar_units(times, unit)))
        is_crowded = best is not None and len(times) < _MIN_DOCUMENTS * n_periods
        if n_periods > _MOST_PERIODS or is_crowded:
            break
        if n_periods > most:  # a shorter unit that separates no more documents says nothing new
            best, most = unit, n_periods
    return best


def _numbers(numbers: np.ndarray) -> np.ndarray:
    """Numbers as times if all of them are dates, or seconds since 1970; otherwise unchanged."""
    is_known = np.isfinite(numbers)
    known = numbers[is_known]
    if not len(known) or (known != np.floor(known)).any():
        return numbers
    if known.min() >= 1000_01_01 and known.max() <= 2999_12_31:
        days = [_date_of(number) for number in known.astype(np.int64).tolist()]
        if None not in days:
            times = np.full(len(numbers), "NaT", dtype="datetime64[s]")
            times[is_known] = np.array(days, dtype="datetime64[s]")
            return times
    if known.min() < _FIRST_EPOCH or known.max() >= _EPOCH_UNITS[-1][0]:
        return numbers
    unit = next(unit for bound, unit in _EPOCH_UNITS if known.max() < bound)
    times = np.full(len(numbers), "NaT", dtype="datetime64[s]")
    times[is_known] = known.astype(np.int64).astype(f"datetime64[{unit}]").astype("datetime64[s]")
    return times


def _date_of(number: int) -> date | None:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        return None


def _time(value: Any) -> np.datetime64 | None:
    """The local time of a value, without its zone; None if the value is not a time."""
    if isinstance(value, datetime):
        return np.datetime64(value.replace(tzinfo=None), "s")
    if isinstance(value, date):
        return np.datetime64(value.isoformat(), "s")
    text = str(value).strip()
    try:
        if re.fullmatch(r"\d{4}", text):
            return np.datetime64(text, "s")
        day = _DAY.match(text)
        if day is not None:
            year, month, number = day.groups()
            text = f"{year}-{int(month):02}-{int(number or 1):02}{text[day.end() :]}"
        elif not re.match(r"\d{8}(?!\d)|\d{4}-?W\d", text):
            return None
        return np.datetime64(datetime.fromisoformat(text).replace(tzinfo=None), "s")
    except ValueError:
        return None


def _is_missing(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())
