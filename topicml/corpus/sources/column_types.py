"""The types of columns that are read in batches: what all batches allow, as if they had been read at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from topicml.corpus.columns import plain_column, text_column, values_of
from topicml.corpus.places import Places

_ZONE = r"\s?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"  # at the end of a time
_WITH_ZONE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+" + _ZONE
_IDENTIFIER = r"^[+-]?(0[0-9]|[0-9]{16})"
_LARGE = 8 << 20  # bytes of batches after which they are joined
_KINDS = {"float": pa.float64(), "date": pa.date32(), "time": pa.timestamp("us")}  # in the order of preference


@dataclass(frozen=True)
class TextTypes:
    """What the strings of a column of a CSV file can be: integers, floats, dates or times, without loss.

    Attributes
    ----------
    present : bool
        Whether there is a value that is not empty.
    integers : bool
        Whether all values are integers as Python writes them.
    identifiers : bool
        Whether a value has a leading zero, or more digits than a float can represent: it is no quantity.
    zones : bool
        Whether all values are times with a zone.
    plain, without_zone : frozenset of str
        What all values can be cast to, and what they can be cast to without their zones.
    """

    present: bool = False
    integers: bool = True
    identifiers: bool = False
    zones: bool = True
    plain: frozenset[str] = frozenset(_KINDS)
    without_zone: frozenset[str] = frozenset(_KINDS)

    @classmethod
    def of(cls, strings: pa.ChunkedArray) -> TextTypes:
        """What the values of one batch, of `large_string`, can be."""
        present = pc.if_else(pc.equal(strings, ""), None, strings)
        if present.null_count == len(present):
            return cls()
        integers = _is_integer(present)
        zones = bool(pc.all(pc.match_substring_regex(present, _WITH_ZONE)).as_py())
        stripped = pc.replace_substring_regex(present, _ZONE, "") if zones else present
        return cls(
            present=True,
            integers=integers,
            identifiers=bool(pc.any(pc.match_substring_regex(present, _IDENTIFIER)).as_py()),
            zones=zones,
            plain=frozenset({"float"}) if integers else _castable(present),
            without_zone=_castable(stripped) if zones else frozenset(),
        )

    @classmethod
    def parsed(cls, attributes: Mapping[str, Any]) -> TextTypes:
        """The object of these attributes, with lists for the sets, as JSON has them."""
        sets = {name: frozenset(attributes[name]) for name in ("plain", "without_zone")}
        return cls(**{**attributes, **sets})

    def merged(self, other: TextTypes) -> TextTypes:
        """What the values of both batches can be."""
        if not (self.present and other.present):
            return self if self.present else other
        return TextTypes(
            present=True,
            integers=self.integers and other.integers,
            identifiers=self.identifiers or other.identifiers,
            zones=self.zones and other.zones,
            plain=self.plain & other.plain,
            without_zone=self.without_zone & other.without_zone,
        )

    def cast(self, strings: pa.ChunkedArray) -> pa.ChunkedArray:
        """The values of a batch, of `large_string`, in the type that all batches allow; an empty value is missing."""
        if not self.present:
            return strings
        present = pc.if_else(pc.equal(strings, ""), None, strings)
        if self.integers:
            return present.cast(pa.int64())
        possible = self.without_zone if self.zones else self.plain
        if self.identifiers or not possible:
            return strings
        if self.zones:
            present = pc.replace_substring_regex(present, _ZONE, "")
        return present.cast(next(kind for name, kind in _KINDS.items() if name in possible))


@dataclass(frozen=True)
class ArrowTypes:
    """The Arrow types of a column in several batches, of JSON lines or Parquet.

    Attributes
    ----------
    types : tuple of pyarrow.DataType
        The different types, in the order of the batches; without those of batches that have no value.
    empty : pyarrow.DataType or None
        The type of a batch without a value.
    """

    types: tuple[pa.DataType, ...] = ()
    empty: pa.DataType | None = field(default=None)

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> ArrowTypes:
        """The type of one batch."""
        if column.null_count == len(column):
            return cls((), column.type)
        return cls((column.type,))

    def merged(self, other: ArrowTypes) -> ArrowTypes:
        """The types of both batches."""
        types = [*self.types, *(kind for kind in other.types if kind not in self.types)]
        return replace(self, types=tuple(types), empty=self.empty if self.empty is not None else other.empty)

    @property
    def common(self) -> pa.DataType | None:
        """The type that holds the values of all batches; None if there is none: the values become text."""
        if not self.types:
            return self.empty
        try:
            schemas = [pa.schema([("column", kind)]) for kind in self.types]
            return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except pa.ArrowException:
            return None

    def cast(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The values of a batch in the common type, or as text."""
        common = self.common
        if column.type == common:
            return column
        if common is not None and column.null_count == len(column):
            return pa.chunked_array([pa.nulls(len(column), common)])
        if common is not None and not pa.types.is_large_string(common):
            try:
                return plain_column(column.cast(common))
            except pa.ArrowException:
                pass
        return pa.chunked_array([text_column(values_of(column))])


Types = TextTypes | ArrowTypes


def merged_types(parts: Iterable[dict[str, Types]]) -> dict[str, Types]:
    """Merge the types of each column over the batches."""
    merged: dict[str, Types] = {}
    for part in parts:
        for name, types in part.items():
            before = merged.get(name)
            merged[name] = types if before is None else before.merged(types)  # type: ignore[arg-type]
    return merged


def whole_table(batches: Iterable[pa.Table], kind: type[Types]) -> pa.Table:
    """One table of all batches, with the places of their rows.

    The values are held once: a column of a batch is freed when it is converted.

    Parameters
    ----------
    batches : iterable of pyarrow.Table
        At least one. They may have different columns; what a batch does not have is missing.
    kind : {TextTypes, ArrowTypes}
        How the type of a column is found.

    Returns
    -------
    pyarrow.Table
    """
    n_rows, n_bytes = 0, 0
    places: list[Places | None] = []
    columns: dict[str, list[pa.ChunkedArray]] = {}
    types: dict[str, Types] = {}
    for batch in batches:
        places.append(Places.of_table(batch))
        for name in batch.column_names:
            columns.setdefault(name, [_missing(n_rows)] if n_rows else []).append(batch.column(name))
        for name in columns.keys() - set(batch.column_names):
            columns[name].append(_missing(batch.num_rows))
        types = merged_types([types, {name: kind.of(batch.column(name)) for name in batch.column_names}])
        n_rows, n_bytes = n_rows + batch.num_rows, n_bytes + batch.nbytes
        del batch  # it would stay while the next one is made
        if n_bytes > _LARGE:
            n_bytes = 0
            for parts in columns.values():
                _combine(parts)
    for name, parts in columns.items():
        for i, part in enumerate(parts):
            parts[i] = types[name].cast(part)
    arrays = [
        pa.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)
        for parts in columns.values()
    ]
    table = pa.Table.from_arrays(arrays, names=list(columns))
    if known := [each for each in places if each is not None]:
        table = Places.joined(known).in_table(table)
    del known, places, columns
    for pool in (pa.default_memory_pool(), pa.system_memory_pool()):
        pool.release_unused()  # for what comes next
    return table


def _combine(parts: list[pa.ChunkedArray]) -> None:
    """Join the last small parts of a column of strings: memory that is free between many small ones is lost."""
    first, kind = len(parts), parts[-1].type
    if str(kind) not in ("string", "large_string"):
        return
    while first and parts[first - 1].nbytes < _LARGE // 2 and parts[first - 1].type == kind:
        first -= 1
    if len(parts) - first > 1:
        chunks = [chunk for part in parts[first:] for chunk in part.chunks]
        parts[first:] = [pa.chunked_array([pa.concat_arrays(chunks, memory_pool=pa.system_memory_pool())])]


def _missing(length: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(length, pa.large_string())])


def _is_integer(present: pa.ChunkedArray) -> bool:
    try:
        return bool(present.cast(pa.int64()).cast(pa.large_string()).equals(present))
    except pa.ArrowException:
        return False


def _castable(present: pa.ChunkedArray) -> frozenset[str]:
    possible = set()
    for name, kind in _KINDS.items():
        try:
            present.cast(kind)
            possible.add(name)
        except pa.ArrowException:
            continue
    return frozenset(possible)
