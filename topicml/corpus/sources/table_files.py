"""Read files of tables into Arrow: CSV, TSV, JSON lines, Parquet, Excel."""

import csv
import itertools
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from topicml.corpus.columns import column_of, encodable
from topicml.corpus.places import Places
from topicml.corpus.sources.decoding import open_text, suffix_of
from topicml.corpus.sources.delimiters import delimiter_of, named_in, recognised
from topicml.corpus.sources.excel import read_excel
from topicml.errors import InputError

_log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
DELIMITED = (".csv", ".tsv")
_ZONE = r"\s?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"  # at the end of a time
_WITH_ZONE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+" + _ZONE
_SAMPLE = 200  # lines from which the delimiter is recognised


def read_table(
    path: Path, encoding: str = "utf-8", delimiter: str | None = None, sheet: str | int | None = None
) -> pa.Table:
    """Read a table with the reader for its suffix.

    Parameters
    ----------
    path : Path
        A file with a suffix of `SUFFIXES`; all but Parquet and Excel may be compressed (``.gz``, ``.zst``).
    encoding : str
        Encoding of the file; ignored for Parquet and Excel.
    delimiter : str, optional
        As in `read_delimited`; ignored for other formats.
    sheet : str or int, optional
        As in `topicml.corpus.sources.excel.read_excel`; ignored for other formats.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file cannot be read; the message gives the line.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix == ".xlsx":
        return read_excel(path, sheet)
    return read_delimited(path, encoding, delimiter) if suffix in DELIMITED else read_json(path, encoding)


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
        If the file is empty, the number of values of a row differs from the number of columns, or quotes are
        malformed. The message gives the line.
    """
    with open_text(path, encoding, newline="") as stream, _values_of_any_length():
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
        lines = itertools.chain(sample, stream)
        if delimiter != "\t":
            return _delimited(path, lines, delimiter, csv.QUOTE_MINIMAL, skipped)
        kept = list(lines)  # most programs write tabs without quoting, which shows only where a quote is malformed
        try:
            return _delimited(path, kept, delimiter, csv.QUOTE_MINIMAL, skipped)
        except InputError as error:
            try:
                return _delimited(path, kept, delimiter, csv.QUOTE_NONE, skipped)
            except InputError:
                raise error from None


def read_json(path: Path, encoding: str = "utf-8") -> pa.Table:
    """Read one JSON object per line (``.jsonl``), or one JSON array of objects (``.json``).

    A ``.json`` file may also be one object of columns or of numbered rows, as pandas writes it.

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
    whole = _whole(text) if suffix_of(path) == ".json" else None
    records: list[Any]
    numbers: list[int] = []  # lines
    if isinstance(whole, dict):
        records = _rows_of_object(whole, path)
    elif suffix_of(path) == ".json" and text.lstrip().startswith("["):
        records = _parsed(text, path, 1) if whole is None else whole
    else:
        lines = enumerate(text.split("\n"), start=1)  # not splitlines(): JSON strings may contain U+2028
        parsed = [(number, _parsed(line, path, number)) for number, line in lines if line.strip()]
        records, numbers = [record for _, record in parsed], [number for number, _ in parsed]
    if not records:
        raise InputError(f"{path} is empty.")
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            place = f"Line {numbers[row]}" if numbers else f"Object {row + 1}"
            raise InputError(f"{place} of {path} is {json.dumps(record)[:60]}, not a JSON object with named values.")
    names = dict.fromkeys(name for record in records for name in record)
    # Python and pandas write a missing value as NaN, which json reads as a float: `column_of` takes it as missing.
    table = pa.table({encodable(name): column_of(name, [record.get(name) for record in records]) for name in names})
    return Places.of_numbers("line", numbers).in_table(table) if numbers else table


def read_parquet(path: Path) -> pa.Table:
    """Read a Parquet file; raise `InputError` if it is damaged."""
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as stream:  # Arrow takes only names in UTF-8
            table = pq.read_table(stream)
        table.validate(full=True)  # a damaged file may have text that is not UTF-8, or offsets past the end
    except (pa.ArrowException, OSError, MemoryError, ValueError, OverflowError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    return table


def _delimited(path: Path, lines: Iterable[str], delimiter: str, quoting: Any, skipped: int) -> pa.Table:
    """Parse the lines of a table; `skipped` lines of the file came before them."""
    lines = iter(lines)
    first = next(lines)
    # "id, text": the blank belongs to the delimiter, and a quotation mark after it opens a value.
    blanks = all(name[:1] == " " for name in first.rstrip("\r\n").split(delimiter)[1:])
    rows = csv.reader(
        itertools.chain([first], lines), delimiter=delimiter, quoting=quoting, strict=True, skipinitialspace=blanks
    )
    columns: list[list[str]] = []
    starts: list[int] = []  # the line in which each row begins
    end = 0
    try:
        names = [name.strip() or f"column_{i}" for i, name in enumerate(next(rows), start=1)]
        columns = [[] for _ in names]
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
    except csv.Error as error:
        raise InputError(
            f"{path}: the row that begins in line {end + 1 + skipped}: {error}. Quote a value that contains quotes, "
            "and double the quotes inside."
        ) from error
    table = pa.Table.from_arrays([_typed(column) for column in columns], names=names)
    return Places.of_numbers("line", starts).in_table(table)


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


def _typed(values: list[str]) -> pa.Array:
    """Convert strings to the most specific Arrow type that loses no information."""
    strings = pa.array(list(map(encodable, values)), pa.large_string())
    present = pc.if_else(pc.equal(strings, ""), None, strings)
    if present.null_count == len(present):
        return strings
    try:
        numbers = present.cast(pa.int64())
        if numbers.cast(pa.large_string()).equals(present):
            return numbers
    except pa.ArrowException:
        pass
    # 007 and numbers with more digits than a float can represent are identifiers, not quantities.
    if pc.any(pc.match_substring_regex(present, r"^[+-]?(0[0-9]|[0-9]{16})")).as_py():
        return strings
    if pc.all(pc.match_substring_regex(present, _WITH_ZONE)).as_py():
        present = pc.replace_substring_regex(present, _ZONE, "")
    for each in (pa.float64(), pa.date32(), pa.timestamp("us")):
        try:
            return present.cast(each)
        except pa.ArrowException:
            continue
    return strings


def _parsed(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"Line {line} of {path} is not JSON: {error}. It begins {text[:60]!r}.") from error
    except RecursionError as error:
        raise InputError(
            f"Line {line} of {path} has JSON that is nested too deeply. Use one object of plain values per line."
        ) from error


def _whole(text: str) -> Any:
    """The JSON value that a text is; None if it is none, or several."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rows_of_object(record: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Rows of an object of columns or of numbered rows, as pandas's `to_json` writes; another object is one row."""
    parts = list(record.values())
    names = list(parts[0]) if parts and isinstance(parts[0], dict) else []
    if not names or not all(isinstance(part, dict) and list(part) == names for part in parts):
        return [record]
    if all(map(str.isdecimal, names)) and not all(map(str.isdecimal, record)):
        return [{column: values[name] for column, values in record.items()} for name in names]
    if all(map(str.isdecimal, record)) and not all(map(str.isdecimal, names)):
        return parts
    raise InputError(
        f"{path} is an object of objects, of which either the outer or the inner ones may be the rows. Write a list of "
        "objects, one for each row (pandas: to_json(..., orient='records'))."
    )
