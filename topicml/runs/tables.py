"""Tables of labelled rows: the columns of documents with their topics, as CSV, Parquet, JSON lines or Excel."""

import codecs
import io
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from topicml.errors import InputError, MissingExtraError, warn
from topicml.files import atomic_file
from topicml.runs.rows import LabelledRows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from topicml.corpus import Corpus

STDOUT = Path("-")
"""The path that stands for standard output, which gets CSV."""

_PREFIX = "topicml_"
_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_575, 32_767  # of a sheet without its header, and of a cell
_ROWS = 10_000  # at a time
ROW_GROUP = 1 << 20
"""Rows of a group of a Parquet file: documents that `write_tables` should get at a time."""


def labelled_table(
    corpus: "Corpus",
    rows: LabelledRows,
    shares: "np.ndarray | None" = None,
    predicted: "Mapping[str, Any] | None" = None,
) -> "pa.Table":
    """The original columns of documents, and the columns of labelled rows after them.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    rows : LabelledRows
        Their topics.
    shares : ndarray, (n_docs, n_topics), optional
        Topic proportions to add as ``theta_0``, ``theta_1`` and so on; missing for documents without known words.
    predicted : mapping of str to sequence, optional
        As `topicml.runs.rows.predicted_columns` returns it.

    Returns
    -------
    pyarrow.Table
        Row i is document i.
    """
    import pyarrow as pa

    original = original_columns(corpus)
    added = added_columns(rows, shares, original.column_names, predicted)
    table = original
    for name, values in added.items():
        column = pa.array(values, pa.large_string()) if isinstance(values, list) else pa.array(values, from_pandas=True)
        table = table.append_column(name, column)
    return table


def added_columns(
    rows: LabelledRows,
    shares: "np.ndarray | None",
    taken: "list[str] | Any",
    predicted: "Mapping[str, Any] | None" = None,
) -> dict[str, Any]:
    """The columns of labelled rows, under names that the documents do not use.

    Parameters
    ----------
    rows : LabelledRows
        The topics of documents.
    shares : ndarray, (n_docs, n_topics), or None
        Topic proportions.
    taken : collection of str
        Names of the columns of the documents. They keep their names; if an added column has the same name, it gets the
        prefix ``topicml_``, with a `TopicWarning`; so do all topic proportions if one of them has.
    predicted : mapping of str to sequence, optional
        Columns of a predicted response, which come before the topic proportions.

    Returns
    -------
    columns : dict of str to sequence
        Missing values are NaN in columns of numbers and None in columns of text.
    """
    import numpy as np

    columns = {**rows.columns(), **(predicted or {})}
    thetas = [] if shares is None else [f"theta_{k}" for k in range(shares.shape[1])]
    if shares is not None:
        known = ~np.isnan(rows.confidence)
        for k, name in enumerate(thetas):
            columns[name] = np.where(known, shares[:, k], np.nan).astype(np.float32)
    names = set(taken)
    clashes = [name for name in columns if name in names]
    if clashes:
        warn(
            f"The documents have columns named {', '.join(clashes[:8])} already, which stay; topicml's own begin with "
            f"{_PREFIX!r}."
        )
    prefixed = {*clashes}
    if not prefixed.isdisjoint(thetas):
        prefixed.update(thetas)  # all of them: theta_1 beside somebody else's theta_0 would be taken for theirs
    renamed = {}
    for name, values in columns.items():
        while name in prefixed or name in names:
            name = _PREFIX + name
        names.add(name)
        renamed[name] = values
    return renamed


def original_columns(corpus: "Corpus") -> "pa.Table":
    """The fields of a corpus by the names that their columns had in the source, or else the words as ``text``."""
    import pyarrow as pa

    table = corpus.fields.table
    names = [_original(field) for field in table.schema]
    if len(set(names)) == len(names):
        table = table.rename_columns(names)
    if not table.num_columns:
        words = [" ".join(document) for document in corpus]
        return pa.table({"text": pa.array(words, pa.large_string())})
    if "text" not in corpus.fields and "text" not in names:
        words = pa.array([" ".join(document) for document in corpus], pa.large_string())
        table = table.add_column(0, "text", words)
    return table


def _original(field: "pa.Field") -> str:
    from topicml.corpus.fields import ORIGINAL_NAME

    name = (field.metadata or {}).get(ORIGINAL_NAME)
    return field.name if name is None else name.decode("utf-8", "replace")


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a table in the format of the path's suffix; CSV to standard output for ``-``.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl`` or ``.xlsx``, or `STDOUT`.
    table : pyarrow.Table
        The table.

    Raises
    ------
    InputError
        If the suffix is another one, or the table does not fit an Excel sheet.
    MissingExtraError
        If openpyxl is not installed and the suffix is ``.xlsx``.
    """
    write_tables(path, [table])


def write_tables(path: Path, tables: "Iterable[pa.Table]") -> None:
    """Write the rows of several tables, one after the other, as `write_table` writes one.

    Parameters
    ----------
    path : Path
        As for `write_table`.
    tables : iterable of pyarrow.Table
        At least one, all with the same columns. Of each but an Excel file, one table is in memory at a time; tables of
        `ROW_GROUP` rows give the same file as one table.
    """
    writer = table_writer(path)
    if path == STDOUT:
        with _utf8_output() as stream:
            _write_csv_text(stream, tables)
        return
    with atomic_file(path) as temporary:
        writer(temporary, tables)


def table_writer(path: Path) -> Callable[[Path, "Iterable[pa.Table]"], None]:
    """The function that writes a table in the format of a suffix; call it early, because it refuses other suffixes.

    Parameters
    ----------
    path : Path
        Only its suffix is used.

    Returns
    -------
    callable
        Takes a path and tables with the same columns.

    Raises
    ------
    InputError
        If there is no format with this suffix.
    MissingExtraError
        If openpyxl is not installed and the suffix is ``.xlsx``.
    """
    writers = {
        ".csv": _write_csv,
        ".tsv": _write_tsv,
        ".parquet": _write_parquet,
        ".jsonl": _write_jsonl,
        ".xlsx": _write_xlsx,
    }
    if path == STDOUT:
        return _write_csv
    if path.suffix.lower() not in writers:
        raise InputError(
            f"{path} ends in {path.suffix or 'no suffix'}. Choose one of {', '.join(writers)}, or - for standard "
            "output."
        )
    if path.suffix.lower() == ".xlsx":
        _openpyxl()
    return writers[path.suffix.lower()]


@contextmanager
def _utf8_output() -> Iterator[TextIO]:
    """Standard output; in UTF-8 where the locale's encoding lacks letters, unless people read it in a terminal."""
    output = sys.stdout
    is_utf8 = not isinstance(output, io.TextIOWrapper) or codecs.lookup(output.encoding).name == "utf-8"
    if is_utf8 or output.isatty():
        yield output
        return
    output.flush()
    stream = io.TextIOWrapper(output.buffer, "utf-8", newline="", write_through=True)
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()


def _write_csv(path: Path, tables: "Iterable[pa.Table]") -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        _write_csv_text(stream, tables)


def _write_tsv(path: Path, tables: "Iterable[pa.Table]") -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        _write_csv_text(stream, tables, "\t")


def _write_csv_text(stream: Any, tables: "Iterable[pa.Table]", delimiter: str = ",") -> None:
    import csv

    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    for number, table in enumerate(tables):
        if not number:
            writer.writerow(table.column_names)
        for values in _rows(table):
            writer.writerow(["" if value is None else _cell(value) for value in values])


def _write_parquet(path: Path, tables: "Iterable[pa.Table]") -> None:
    import pyarrow.parquet as pq

    parts = iter(tables)
    first = next(parts)
    # Arrow takes only names in UTF-8, so the file is opened here.
    with open(path, "wb") as stream, pq.ParquetWriter(stream, first.schema) as writer:
        writer.write_table(first)
        del first
        for part in parts:
            writer.write_table(part)


def _write_jsonl(path: Path, tables: "Iterable[pa.Table]") -> None:
    with open(path, "w", encoding="utf-8") as stream:
        for table in tables:
            for values in _rows(table):
                record = _finite(dict(zip(table.column_names, values, strict=True)))
                stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False, default=str) + "\n")


def _finite(value: Any) -> Any:
    """A value with None for each NaN or infinite number in it, because JSON has none of them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _write_xlsx(path: Path, tables: "Iterable[pa.Table]") -> None:
    openpyxl = _openpyxl()
    import pyarrow as pa
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    table = pa.concat_tables(tables)
    if table.num_rows > _EXCEL_ROWS:
        raise InputError(
            f"An Excel sheet holds {_EXCEL_ROWS:,} rows, and there are {table.num_rows:,} documents. Write .csv or "
            ".parquet."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("documents")
    n_cut = 0

    def cell(value: Any) -> Any:
        nonlocal n_cut
        if value is None or (isinstance(value, (bool, int, float)) and value == value):
            return value
        if isinstance(value, date) and getattr(value, "tzinfo", None) is None and value.year >= 1900:
            return value  # Excel knows neither zones nor earlier years: these stay text
        if isinstance(value, timedelta) or (isinstance(value, time) and value.tzinfo is None):
            return value
        text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(_cell(value)))
        n_cut += len(text) > _EXCEL_CHARACTERS
        made = WriteOnlyCell(sheet, text[:_EXCEL_CHARACTERS])
        made.data_type = "s"  # text that begins with = is text, not a formula
        return made

    with _plain_errors():
        sheet.append([cell(name) for name in table.column_names])
        for values in _rows(table):
            sheet.append([cell(value) for value in values])
        book.save(path)
    if n_cut:
        warn(
            f"{n_cut:,} texts have more than the {_EXCEL_CHARACTERS:,} characters that a cell of Excel holds; their "
            "ends are cut off. Write .csv or .parquet to keep them."
        )


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise the error of the disk, which openpyxl hides behind one of its closed file."""
    try:
        yield
    except ValueError as error:
        before: BaseException | None = error
        while before is not None and not isinstance(before, OSError):
            before = before.__context__
        raise before or error from None


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("Excel files need openpyxl. Install it with: pip install 'topicml[excel]'") from error
    return openpyxl


def _rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    """Rows as tuples of plain values; NaN is None."""
    for batch in table.to_batches(max_chunksize=_ROWS):
        columns = [_values(column) for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield tuple(None if isinstance(value, float) and value != value else value for value in values)


def _values(column: "pa.Array") -> list[Any]:
    import pyarrow as pa

    from topicml.corpus.columns import values_of

    values = values_of(column)  # also dates of years that Python does not know
    if pa.types.is_float32(column.type):  # not the digits that a conversion to 64 bits adds
        return [None if value is None else float(f"{value:.7g}") for value in values]
    return values


def _cell(value: Any) -> Any:
    """A value of a cell: lists and records as JSON, text that UTF-8 can encode."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and not value.isascii():
        from topicml.corpus.columns import encodable

        return encodable(value)
    return value
