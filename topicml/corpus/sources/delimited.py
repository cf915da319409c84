"""Read CSV and TSV files, in batches of rows."""

import csv
import itertools
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from topicml.corpus.columns import encodable
from topicml.corpus.places import Places
from topicml.corpus.sources.column_types import TextTypes, whole_table
from topicml.corpus.sources.decoding import open_text, suffix_of
from topicml.corpus.sources.delimiters import delimiter_of, named_in, recognised
from topicml.errors import InputError

_log = logging.getLogger(__name__)

_SAMPLE = 200  # lines from which the delimiter is recognised
_ROWS = 10_000  # of a batch
_CHARACTERS = 1_000_000  # of a batch, after which it ends before it has all its rows


def read_delimited(path: Path, encoding: str = "utf-8", delimiter: str | None = None) -> pa.Table:
    """Read a CSV or TSV file. The first row names the columns; quoted values may contain line breaks.

    A column is converted to integers, floats, dates or times if all its values allow it (an empty value is missing);
    otherwise it keeps strings. Times with a zone become the time on the clock of that zone. Blank lines are skipped.

    Parameters
    ----------
    path : Path
        The file, which may be compressed.
    encoding : str
        Encoding of the file.
    delimiter : str, optional
        As in `delimiter_of`. Default: the character of a first line ``sep=;``; else the comma, tab, semicolon or bar
        for which the first rows have as many values as the header.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file is empty, two columns have the same name, the number of values of a row differs from the number of
        columns, or quotes are malformed. The message gives the line.
    """
    return whole_table(delimited_batches(path, encoding, delimiter), TextTypes)


def delimited_batches(path: Path, encoding: str = "utf-8", delimiter: str | None = None) -> Iterator[pa.Table]:
    """Read a CSV or TSV file in batches, which bound the memory.

    Parameters
    ----------
    path, encoding, delimiter
        As in `read_delimited`.

    Yields
    ------
    pyarrow.Table
        The next rows, with their places. All columns are `large_string`. There is at least one table.

    Raises
    ------
    InputError
        As `read_delimited`.
    """
    with open_text(path, encoding, newline="") as stream, _values_of_any_length():
        lines, delimiter, skipped = _begin(path, stream, delimiter)
        if delimiter != "\t":
            yield from _parsed(path, lines, delimiter, csv.QUOTE_MINIMAL, skipped)
            return
        # Most programs write tabs without quoting, which shows only where a quote is malformed: parse all lines first.
        kept: Iterable[str] = lines if path.is_file() else list(lines)  # a pipe cannot be read a second time
        try:
            for _ in _parsed(path, kept, delimiter, csv.QUOTE_MINIMAL, skipped):
                pass
            quoting, problem = csv.QUOTE_MINIMAL, None
        except InputError as error:
            quoting, problem = csv.QUOTE_NONE, error
    with open_text(path, encoding, newline="") if path.is_file() else _given(kept) as again, _values_of_any_length():
        whole = itertools.islice(again, skipped, None) if path.is_file() else again
        try:
            yield from _parsed(path, whole, delimiter, quoting, skipped)
        except InputError:
            if problem is None:
                raise
            raise problem from None


@contextmanager
def _given(lines: Iterable[str]) -> Iterator[Iterable[str]]:
    yield lines


def _begin(path: Path, stream: IO[str], delimiter: str | None) -> tuple[Iterator[str], str, int]:
    """The lines of a table, its delimiter, and the number of lines before the table."""
    first = stream.readline()
    skipped = 0
    if (named := named_in(first)) is not None:
        delimiter, first, skipped = delimiter or named, stream.readline(), 1
    if not first.strip():
        raise InputError(f"{path} is empty, or its first line is blank: the first line must name the columns.")
    sample = [first, *itertools.islice(stream, _SAMPLE)]
    usual = "\t" if suffix_of(path) == ".tsv" else ","
    delimiter = recognised(sample, usual) if delimiter is None else delimiter_of(delimiter)
    if delimiter != usual:
        _log.info("%s has columns delimited by %r; choose another with delimiter=… (--delimiter)", path, delimiter)
    return itertools.chain(sample, stream), delimiter, skipped


def _parsed(path: Path, lines: Iterable[str], delimiter: str, quoting: Any, skipped: int) -> Iterator[pa.Table]:
    """Parse the lines of a table; `skipped` lines of the file came before them."""
    lines = iter(lines)
    first = next(lines)
    # "id, text": the blank belongs to the delimiter, and a quotation mark after it opens a value.
    blanks = all(name[:1] == " " for name in first.rstrip("\r\n").split(delimiter)[1:])
    rows = csv.reader(
        itertools.chain([first], lines), delimiter=delimiter, quoting=quoting, strict=True, skipinitialspace=blanks
    )
    end, n_batches, characters = 0, 0, 0
    try:
        names = [name.strip() or f"column_{i}" for i, name in enumerate(next(rows), start=1)]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"There is more than one column {', '.join(map(repr, repeated))} in {path}; rename them.")
        columns: list[list[str]] = [[] for _ in names]
        starts: list[int] = []  # the line in which each row begins
        end = rows.line_num
        for row in rows:
            start, end = end + 1 + skipped, rows.line_num
            if not row:
                continue
            if len(row) != len(names):
                raise InputError(_ragged(path, row, start, names, delimiter))
            starts.append(start)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
                characters += len(value)
            if len(starts) == _ROWS or characters >= _CHARACTERS:
                yield _table(names, columns, starts)
                columns, starts = [[] for _ in names], []
                n_batches, characters = n_batches + 1, 0
    except csv.Error as error:
        raise InputError(
            f"{path}: the row that begins in line {end + 1 + skipped}: {error}. Quote a value that contains quotes, "
            "and double the quotes inside."
        ) from error
    if starts or not n_batches:
        yield _table(names, columns, starts)


def _table(names: list[str], columns: list[list[str]], starts: list[int]) -> pa.Table:
    arrays = [pa.array(list(map(encodable, column)), pa.large_string()) for column in columns]
    return Places.of_numbers("line", starts).in_table(pa.Table.from_arrays(arrays, names=names))


def _ragged(path: Path, row: list[str], line: int, names: list[str], delimiter: str) -> str:
    """Message for a row whose number of values differs from the number of columns."""
    return (
        f"The row in line {line} of {path} has {len(row)} values, but there are {len(names)} columns "
        f"({', '.join(map(repr, names))}). The row begins {delimiter.join(row)[:60]!r}. Quote a value that contains "
        f"the delimiter {delimiter!r}, or pass another: delimiter=… (--delimiter)."
    )


@contextmanager
def _values_of_any_length() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters per value, which a long document exceeds."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
