"""Slices of a field of times or numbers."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from topicml.checks import nearest
from topicml.corpus.corpus import Corpus
from topicml.corpus.places import places_of
from topicml.corpus.times import UNITS, calendar_units, suitable_unit, times_of
from topicml.errors import InputError, warn

SLICES = tuple(unit for unit in UNITS if unit != "hour")
"""Calendar units of slices."""

MOST_SLICES = 500
_MOST_VALUES, _EQUAL_SLICES = 50, 10  # numbers that are slices each; slices of times or numbers without a suitable unit
EQUAL, NUMBERS = ("second", "number"), ("whole", "number")  # units of slices of equal width, and of numbers
UNKNOWN_GROUPS = "unknown groups"  # a cause of warnings
_OUTSIDE = "times outside of the slices"  # another


@dataclass(frozen=True)
class Slices:
    """Consecutive slices of a field of times or numbers.

    Slice i begins at ``first + i * width`` units. Slices between the first and the last may have no document.

    Attributes
    ----------
    field : str
        The field.
    unit : str
        A calendar unit, counted from 1970; ``whole``, for slices that are whole numbers; ``second`` or ``number``, for
        slices of equal width of times or numbers.
    first, width : float
        Begin of the first slice, and width of all.
    n : int
        Number of slices.
    """

    field: str
    unit: str
    first: float
    width: float
    n: int

    @classmethod
    def of(cls, field: str, by: str | int | None, corpus: Corpus | None, rows: np.ndarray) -> Self:
        """Learn the slices of documents.

        Parameters
        ----------
        field : str
            A field that `topicml.corpus.times.times_of` can read.
        by : {"year", "quarter", "month", "week", "day"}, int or None
            A calendar unit, or a number of slices of equal width. None: the shortest unit with at most 40 slices and
            20 documents in each; each whole number, if there are at most 50; otherwise 10 slices of equal width.
        corpus : Corpus or None
            The documents.
        rows : ndarray of int
            Rows to learn from.

        Returns
        -------
        Slices

        Raises
        ------
        InputError
            If there is no such field, a value is not a time, there is one slice only, or there are more than 500.
        """
        corpus = with_field(corpus, field, "time")
        times = times_of(corpus.fields[field], field, corpus)[rows]
        known = times[_is_known(times)]
        if not len(known):
            raise InputError(f"The field {field!r} has no time in any of the documents with words.")
        unit = _unit(known, by, field)
        numbers = _ordinals(known, unit)
        first, last = numbers.min(), numbers.max()
        width, n = 1.0, int(last - first) + 1
        if unit in EQUAL:
            n = by if isinstance(by, int) else _EQUAL_SLICES
            width = float(last - first) / n
        if first == last:
            raise InputError(
                f"All documents are of one slice: the field {field!r} has {_range(known)}, by {by or unit}. Topics "
                "move between two slices or more: choose a shorter unit, or leave `time` out."
            )
        if n > MOST_SLICES:
            raise InputError(
                f"The field {field!r} by {by or unit} has {n:,} slices, from {_range(known)}; at most {MOST_SLICES} "
                "are possible. Choose a longer unit, or check the times."
            )
        made = cls(field, unit, float(first), width, n)
        empty = np.flatnonzero(np.bincount(made._positions(numbers), minlength=n) == 0)
        if len(empty):
            named = ", ".join(made.names[i] for i in empty[:5]) + (", …" if len(empty) > 5 else "")
            warn(
                f"{len(empty):,} of {n:,} slices have no document ({named}): their topics lie between those of their "
                "neighbours."
            )
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each slice, such as 2012, 2012-Q2, 2012-05 or 2012-05-31."""
        return tuple(_name(self.first + i * self.width, self.unit) for i in range(self.n))

    def codes(self, corpus: Corpus) -> np.ndarray:
        """Find the slice of each document.

        Parameters
        ----------
        corpus : Corpus
            With the field.

        Returns
        -------
        ndarray of int64, (n_docs,)
            -1 for a missing time, and the nearest slice for one before the first or after the last, with a warning.
        """
        slices, is_known = self.positions(corpus)
        if len(lost := np.flatnonzero(~is_known)):
            warn(
                f"{documents_that(len(lost), 'has', 'have')} no time in {self.field!r} ({places_of(corpus, lost)}): "
                "the topics of all slices together stand for theirs.",
                cause=UNKNOWN_GROUPS,
            )
        if outside := int(((slices < 0) | (slices >= self.n))[is_known].sum()):
            warn(
                f"{documents_that(outside, 'is', 'are')} before {self.names[0]} or after {self.names[-1]}: the "
                "topics of the nearest slice stand for theirs. partial_fit adds later slices.",
                cause=_OUTSIDE,
            )
        return np.where(is_known, slices.clip(0, self.n - 1), -1)

    def positions(self, corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
        """The slice of each document, which may be outside of those of the fit; and whether its time is known."""
        times = times_of(corpus.fields[self.field], self.field, corpus)
        is_time, is_known = times.dtype.kind == "M", _is_known(times)
        are_alike = is_time != (self.unit in NUMBERS)
        are_years = self.unit in ("year", "whole") and is_known.any() and _are_years(times[is_known])
        if is_known.any() and not are_alike and not are_years:
            raise InputError(
                f"The field {self.field!r} has {'times' if is_time else 'numbers'}, and that of the fit had "
                f"{'numbers' if is_time else 'times'}. Convert it."
            )
        slices = np.full(len(times), -1, dtype=np.int64)
        slices[is_known] = self._positions(_ordinals(times[is_known], self.unit))
        return slices, is_known

    def until(self, last: int) -> Self:
        """The same slices, and further ones up to slice `last`."""
        return replace(self, n=max(self.n, last + 1))

    def _positions(self, numbers: np.ndarray) -> np.ndarray:
        positions: np.ndarray = np.floor((numbers - self.first) / self.width + 1e-9).astype(np.int64)
        if self.unit in EQUAL:  # the end of the last slice belongs to it
            positions[np.abs(numbers - self.first - self.n * self.width) < 1e-6 * self.width] = self.n - 1
        return positions


def with_field(corpus: Corpus | None, field: str, setting: str) -> Corpus:
    """Return documents that have a field.

    Parameters
    ----------
    corpus : Corpus or None
        The documents.
    field : str
        The field.
    setting : str
        The setting that names it, for messages.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If they have not.
    """
    if corpus is None:
        raise InputError(f"{setting}={field!r} names a field of the documents: fit on a Corpus that has it.")
    if field not in corpus.fields:
        names = list(corpus.fields)
        similar = nearest(field, names)
        hint = f" Did you mean {', '.join(map(repr, similar))}?" if similar else ""
        raise InputError(
            f"The documents have no field {field!r}, which {setting}={field!r} names.{hint} Their fields: "
            f"{', '.join(names[:10]) or 'none'}."
        )
    return corpus


def _unit(known: np.ndarray, by: str | int | None, field: str) -> str:
    if known.dtype.kind != "M":
        if isinstance(by, str) and not (by == "year" and _are_years(known)):
            raise InputError(
                f"by={by!r} needs times, and the field {field!r} has numbers, from {_range(known)}. Numbers are times "
                "only if all are dates such as 20240531, or seconds since 1970. Choose a number of slices."
            )
        return "whole" if by == "year" or (by is None and _are_few(known)) else "number"
    if isinstance(by, str):
        return by
    return (suitable_unit(known) if by is None else None) or "second"


def _ordinals(times: np.ndarray, unit: str) -> np.ndarray:
    """The number of the unit of each time, from 1970; numbers stay what they are."""
    if times.dtype.kind != "M":
        return times.astype(np.float64) - (1970 if unit == "year" else 0)
    if unit in NUMBERS:  # years in another form
        return times.astype("datetime64[Y]").astype(np.int64) + 1970.0
    if unit == "second":
        return times.astype("datetime64[s]").astype(np.float64)
    begins = calendar_units(times, unit)
    if unit == "week":
        return (begins.astype("datetime64[D]").astype(np.int64) + 3) // 7
    if unit == "hour":
        return begins.astype("datetime64[h]").astype(np.int64)
    code = {"year": "Y", "quarter": "M", "month": "M", "day": "D"}[unit]
    return begins.astype(f"datetime64[{code}]").astype(np.int64) // (3 if unit == "quarter" else 1)


def _name(number: float, unit: str) -> str:
    """The name of the slice that begins at this number of units."""
    if unit in NUMBERS:
        return f"{number:.6g}"
    whole = int(number)
    if unit == "year":
        return str(1970 + whole)
    if unit == "quarter":
        return f"{1970 + whole // 4}-Q{whole % 4 + 1}"
    if unit == "month":
        return f"{1970 + whole // 12}-{whole % 12 + 1:02}"
    if unit == "second":
        return str(np.datetime64(whole, "s")).removesuffix("T00:00:00")
    return str(np.datetime64(7 * whole - 3 if unit == "week" else whole, "D"))


def documents_that(n: int, one: str, more: str) -> str:
    """Words for a number of documents and what they do: "1 document has", "2 documents have"."""
    return f"{n:,} document {one}" if n == 1 else f"{n:,} documents {more}"


def _is_known(times: np.ndarray) -> np.ndarray:
    known: np.ndarray = ~np.isnat(times) if times.dtype.kind == "M" else np.isfinite(times)
    return known


def _are_years(numbers: np.ndarray) -> bool:
    if numbers.dtype.kind == "M":
        return bool((numbers == numbers.astype("datetime64[Y]").astype(numbers.dtype)).all())
    return bool((numbers == np.floor(numbers)).all() and numbers.min() >= 1000 and numbers.max() < 3000)


def _are_few(numbers: np.ndarray) -> bool:
    """Whether numbers are whole, and near enough to each other for a slice each."""
    return bool((numbers == np.floor(numbers)).all() and numbers.max() - numbers.min() < _MOST_VALUES)


def _range(known: np.ndarray) -> str:
    return f"{known.min()} to {known.max()}"
