"""Read files of tables into Arrow: CSV, TSV, JSON lines, Parquet."""

import csv
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from topicml.corpus.fields import encodable
from topicml.corpus.sources.decoding import open_text, suffix_of
from topicml.errors import InputError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


def read_table(path: Path, encoding: str = "utf-8") -> pa.Table:
    """Read a table with the reader for its suffix.

    Parameters
    ----------
    path : Path
        A file with a suffix of `SUFFIXES`; all but Parquet may be compressed (``.gz``, ``.zst``).
    encoding : str
        Encoding of the file; ignored for Parquet.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file cannot be read; the message gives the row and the line.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return read_parquet(path)
    return read_delimited(path, encoding) if suffix in (".csv", ".tsv") else read_json(path, encoding)


def read_delimited(path: Path, encoding: str = "utf-8", delimiter: str | None = None) -> pa.Table:
    """Read a CSV or TSV file. The first row names the columns; quoted values may contain line breaks.

    A column is converted to integers, floats, dates or times if all its values allow it (an empty value is missing);
    otherwise it keeps strings. Blank lines are skipped.

    Parameters
    ----------
    path : Path
        The file, which may be compressed.
    encoding : str
        Encoding of the file.
    delimiter : str, optional
        Default: a tab for ``.tsv``; else a comma, or a semicolon if the first line has semicolons and no comma.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file is empty, the number of values of a row differs from the number of columns, or quotes are
        malformed. The message gives the row and the line.
    """
    if delimiter is None and suffix_of(path) == ".tsv":
        try:
            return _delimited(path, encoding, "\t", csv.QUOTE_MINIMAL)
        except csv.Error:
            return _delimited(path, encoding, "\t", csv.QUOTE_NONE)  # most programs write TSV without quoting
    try:
        return _delimited(path, encoding, delimiter, csv.QUOTE_MINIMAL)
    except csv.Error as error:
        raise InputError(
            f"{path}: {error}. Quote a value that contains quotes, and double the quotes inside."
        ) from error


def read_json(path: Path, encoding: str = "utf-8") -> pa.Table:
    """Read one JSON object per line (``.jsonl``), or one JSON array of objects (``.json``).

    The columns are the keys of all objects; a key that an object does not have is a missing value. If the values of a
    key have several types, values other than strings are converted to JSON text.

    Parameters
    ----------
    path : Path
        The file, which may be compressed.
    encoding : str
        Encoding of the file.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file is empty or is not JSON. The message gives the line.
    """
    with open_text(path, encoding) as stream:
        text = stream.read()
    if suffix_of(path) == ".json" and text.lstrip().startswith("["):
        records = _parsed(text, path, 1)
    else:
        lines = enumerate(text.split("\n"), start=1)  # not splitlines(): JSON strings may contain U+2028
        records = [_parsed(line, path, number) for number, line in lines if line.strip()]
    if not records:
        raise InputError(f"{path} is empty.")
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise InputError(f"Row {row} of {path} is {json.dumps(record)[:60]}, not a JSON object with named values.")
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: _json_column([record.get(name) for record in records]) for name in names})


def read_parquet(path: Path) -> pa.Table:
    """Read a Parquet file; raise `InputError` if it is damaged."""
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as stream:  # Arrow takes only names in UTF-8
            return pq.read_table(stream)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error


def _delimited(path: Path, encoding: str, delimiter: str | None, quoting: Any) -> pa.Table:
    with open_text(path, encoding, newline="") as stream, _values_of_any_length():
        first = stream.readline()
        if not first.strip():
            raise InputError(f"{path} is empty, or its first line is blank: the first line must name the columns.")
        if delimiter is None:
            delimiter = ";" if ";" in first and "," not in first else ","
        lines = itertools.chain([first], stream)
        rows = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
        try:
            names = [name.strip() or f"column_{i}" for i, name in enumerate(next(rows), start=1)]
            columns: list[list[str]] = [[] for _ in names]
            for row in filter(None, rows):
                if len(row) != len(names):
                    raise InputError(_ragged(path, row, len(columns[0]), rows.line_num, names))
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
        except csv.Error as error:
            raise csv.Error(f"row {len(columns[0])}, line {rows.line_num}: {error}") from error
    return pa.Table.from_arrays([_typed(column) for column in columns], names=names)


def _ragged(path: Path, row: list[str], number: int, line: int, names: list[str]) -> str:
    """Message for a row whose number of values differs from the number of columns."""
    return (
        f"Row {number} of {path} (line {line}) has {len(row)} values, but there are {len(names)} columns "
        f"({', '.join(map(repr, names))}). The row begins {', '.join(row)[:60]!r}. "
        "Quote a value that contains the delimiter."
    )


@contextmanager
def _values_of_any_length() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters per value, which a long document exceeds."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _typed(values: list[str]) -> pa.Array:
    """Convert strings to the most specific Arrow type that loses no information."""
    strings = pa.array(values, pa.large_string())
    present = pc.if_else(pc.equal(strings, ""), None, strings)
    if present.null_count == len(present):
        return strings
    # 007 and numbers with more digits than a float can represent are identifiers, not quantities.
    if not pc.any(pc.match_substring_regex(present, r"^[+-]?(0[0-9]|[0-9]{16})")).as_py():
        types = [pa.int64(), pa.float64(), pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")]
    else:
        types = [pa.int64()]
    for each in types:
        try:
            typed = present.cast(each)
        except pa.ArrowException:
            continue
        if each != pa.int64() or typed.cast(pa.large_string()).equals(present):
            return typed
    return strings


def _parsed(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"Line {line} of {path} is not JSON: {error}. It begins {text[:60]!r}.") from error


def _json_column(values: list[Any]) -> pa.Array:
    values = [encodable(value) if isinstance(value, str) else value for value in values]
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError):
        return pa.array([value if isinstance(value, str | None) else json.dumps(value) for value in values])
