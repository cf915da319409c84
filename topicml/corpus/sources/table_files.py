"""Read files of tables into Arrow: CSV, TSV, JSON lines, Parquet, Excel."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.corpus.columns import column_of, encodable
from topicml.corpus.places import Places
from topicml.corpus.sources.column_types import ArrowTypes, whole_table
from topicml.corpus.sources.decoding import open_text, suffix_of
from topicml.corpus.sources.delimited import read_delimited
from topicml.corpus.sources.excel import read_excel
from topicml.errors import InputError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
DELIMITED = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")
_CHARACTERS = 4_000_000  # of a batch of JSON, after which it ends before it has all its rows


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
        return whole_table(parquet_batches(path), ArrowTypes)
    if suffix in JSON_LINES:
        return whole_table(json_batches(path, encoding), ArrowTypes)
    if suffix == ".xlsx":
        return read_excel(path, sheet)
    return read_delimited(path, encoding, delimiter) if suffix in DELIMITED else read_json(path, encoding)


def read_json(path: Path, encoding: str = "utf-8") -> pa.Table:
    """Read a ``.json`` file: an array of objects, an object of columns or of numbered rows, or an object per line.

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
    whole = _whole(text)
    records: list[Any]
    numbers: list[int] = []  # lines
    if isinstance(whole, dict):
        records = _rows_of_object(whole, path)
    elif text.lstrip().startswith("["):
        records = _parsed(text, path, 1) if whole is None else whole
    else:
        lines = enumerate(text.split("\n"), start=1)  # not splitlines(): JSON strings may contain U+2028
        parsed = [(number, _parsed(line, path, number)) for number, line in lines if line.strip()]
        records, numbers = [record for _, record in parsed], [number for number, _ in parsed]
    if not records:
        raise InputError(f"{path} is empty.")
    return _table_of_records(path, records, numbers)


def json_batches(path: Path, encoding: str = "utf-8", rows: int = 10_000) -> Iterator[pa.Table]:
    """Read a file of one JSON object per line in batches, which bound the memory.

    Parameters
    ----------
    path, encoding
        As in `read_json`.
    rows : int
        Objects of a batch.

    Yields
    ------
    pyarrow.Table
        The next objects, with their places. Its columns are the keys of these objects.

    Raises
    ------
    InputError
        As `read_json`.
    """
    records: list[Any] = []
    numbers: list[int] = []
    known: list[str] = []  # a table needs a column to have rows: objects without keys get one of the others
    n_characters = 0
    with open_text(path, encoding) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            records.append(_parsed(line, path, number))
            numbers.append(number)
            n_characters += len(line)
            if (len(records) >= rows or n_characters >= _CHARACTERS) and (known or any(records)):
                table = _table_of_records(path, records, numbers, known)
                known = table.column_names[:1]
                yield table
                records, numbers, n_characters = [], [], 0
    if records:
        yield _table_of_records(path, records, numbers, known)
    elif not known:
        raise InputError(f"{path} is empty.")


def parquet_batches(path: Path, rows: int = 10_000) -> Iterator[pa.Table]:
    """Read a Parquet file in batches, which bound the memory.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        Rows of a batch at most.

    Yields
    ------
    pyarrow.Table
        The next rows. There is at least one table.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as stream:  # Arrow takes only names in UTF-8
            file = pq.ParquetFile(stream)
            is_empty = True
            for batch in file.iter_batches(batch_size=rows):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                is_empty = False
                yield table
            if is_empty:
                yield file.schema_arrow.empty_table()
    except (pa.ArrowException, OSError, MemoryError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error


def _table_of_records(path: Path, records: list[Any], numbers: list[int], known: Sequence[str] = ()) -> pa.Table:
    """A table of JSON objects; `numbers` are the lines in which they are, if each is in one.

    `known` are the names of its columns if no object has a key.
    """
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            place = f"Line {numbers[row]}" if numbers else f"Object {row + 1}"
            raise InputError(f"{place} of {path} is {json.dumps(record)[:60]}, not a JSON object with named values.")
    names = dict.fromkeys(name for record in records for name in record) or known
    # Python and pandas write a missing value as NaN, which json reads as a float: `column_of` takes it as missing.
    table = pa.table({encodable(name): column_of(name, [record.get(name) for record in records]) for name in names})
    return Places.of_numbers("line", numbers).in_table(table) if numbers else table


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
