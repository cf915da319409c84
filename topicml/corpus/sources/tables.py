"""Read tables: find the column of texts, and turn the other columns into fields."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from topicml.checks import did_you_mean
from topicml.corpus.columns import column_of, encodable, plain_column
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import ORIGINAL_NAME, Fields
from topicml.corpus.places import Places
from topicml.corpus.sources.texts import corpus_of_texts, report_empty
from topicml.errors import InputError, warn

_log = logging.getLogger(__name__)

# Usual names of a column of texts, the most likely first.
_TEXT_NAMES = (
    *("text", "document", "content", "body", "abstract", "message", "review", "comment", "tweet", "sentence"),
    *("description", "headline", "title", "tokens", "words"),
)
_MANY_WORDS = 6  # of the name of a column
_FEWEST_TO_JUDGE = 20  # values of a column before it is said to look like labels


def corpus_of_table(
    table: pa.Table,
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessor: Any = None,
    name: str = "the table",
) -> CorpusData:
    """Make a corpus from an Arrow table.

    Parameters
    ----------
    table : pyarrow.Table
        One row per document.
    text_column, label_column, preprocessor
        As in `Corpus.from_frame`.
    name : str
        What messages call the table; it must read well inside a sentence.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.from_frame`; also if two columns have the same name.
    """
    _check_rows_and_names(table, name)
    places = Places.of_table(table)
    table = _plain(table.replace_schema_metadata(None))
    text, label = text_and_label(table, text_column, label_column, name)
    texts, table, label = with_text(table, text, label)
    if not is_tokens(texts.type):
        return corpus_of_texts(texts, preprocessor, Fields.of(table, len(texts), label=label), places)
    token_lists = [[token for token in tokens or () if token is not None] for tokens in texts.to_pylist()]
    corpus = CorpusData.from_tokens(token_lists)
    corpus.fields, corpus.places = Fields.of(table.drop_columns(["text"]), len(texts), label=label), places
    report_empty(corpus)
    return corpus


def text_and_label(
    table: pa.Table, text_column: str | None, label_column: str | None, name: str = "the table"
) -> tuple[str, str | None]:
    """Find the columns of texts and of labels.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of plain types (`topicml.corpus.columns.plain_column`).
    text_column, label_column : str, optional
        As in `Corpus.from_frame`.
    name : str
        What messages call the table.

    Returns
    -------
    text : str
        The column of texts.
    label : str or None
        The column of labels.

    Raises
    ------
    InputError
        As `Corpus.from_frame`.
    """
    label = None if label_column is None else _checked(table, label_column, "label_column", name)
    text = _find_text(table, label, name) if text_column is None else _checked(table, text_column, "text_column", name)
    if label == text:
        raise InputError(f"Column {text!r} of {name} cannot be both text and label.")
    kind = _as_text(table.column(text)).type
    if not (is_tokens(kind) or pa.types.is_large_string(kind)):
        raise InputError(f"Column {text!r} of {name} has the type {kind}, not text. {_columns(table)}")
    return text, label


def with_text(table: pa.Table, text: str, label: str | None) -> tuple[pa.ChunkedArray, pa.Table, str | None]:
    """Give the column of texts the name "text", and make missing texts empty.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of plain types.
    text, label
        As `text_and_label` returns them.

    Returns
    -------
    texts : pyarrow.ChunkedArray
        Strings, or lists of tokens.
    table : pyarrow.Table
        All columns; another column that has the name "text" gets another one.
    label : str or None
        The name that the column of labels has now.
    """
    texts = _as_text(table.column(text))
    if pa.types.is_large_string(texts.type):
        texts = pc.fill_null(texts, "")
    position = table.column_names.index(label) if label is not None else 0
    table = _text_renamed(table.set_column(table.column_names.index(text), text, texts), text)
    return texts, table, None if label is None else table.column_names[position]


def table_of_frame(frame: Any) -> pa.Table:
    """Convert a data frame to an Arrow table; see `Corpus.from_frame` for the supported types."""
    library = type(frame).__module__.partition(".")[0]
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if library == "pandas" and hasattr(frame, "columns"):
        return _table_of_columns((str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns))
    if library == "polars" and hasattr(frame, "collect_schema"):
        frame = frame.collect() if hasattr(frame, "collect") else frame
        return _table_of_columns((name, frame.get_column(name)) for name in frame.columns)
    if library == "datasets" and hasattr(frame, "num_rows"):
        if isinstance(frame.num_rows, dict):
            raise InputError(f"This is a DatasetDict; choose one of its splits: {', '.join(map(repr, frame))}.")
        return frame.with_format("arrow")[:]
    if isinstance(frame, Mapping):
        return _table_of_columns((str(name), values) for name, values in frame.items())
    raise InputError(
        f"{type(frame).__module__}.{type(frame).__qualname__} is not a supported frame: pass a pandas or "
        "polars frame, a Hugging Face dataset (one split, not streamed), an Arrow table, or a dict of columns."
    )


def _check_rows_and_names(table: pa.Table, name: str) -> None:
    if repeated := [column for column, times in Counter(table.column_names).items() if times > 1]:
        raise InputError(
            f"There is more than one column {', '.join(map(repr, sorted(repeated)))} in {name}; rename them."
        )
    if not table.num_rows:
        raise InputError(f"There are no rows in {name}.")


def _table_of_columns(columns: Iterable[tuple[str, Any]]) -> pa.Table:
    """Convert each column separately, so that a column of mixed values does not affect the others."""
    names, arrays = [], []
    for name, values in columns:
        names.append(encodable(name))
        arrays.append(column_of(name, values))
    lengths = dict(zip(names, map(len, arrays), strict=True))
    if len(set(map(len, arrays))) > 1:
        shown = ", ".join(f"{name!r} {length:,}" for name, length in lengths.items())
        raise InputError(f"The columns of the table have different numbers of values: {shown}.")
    return pa.Table.from_arrays(arrays, names=names)


def _find_text(table: pa.Table, label: str | None, name: str) -> str:
    """Return the column of texts: by its usual name, else the column of text with the longest mean text."""
    lengths = {each: _mean_length(table.column(each)) for each in table.column_names if each != label}
    by_name = {column.strip().lower(): column for column in reversed(lengths)}
    usual = [by_name[each] for each in _TEXT_NAMES if each in by_name]
    column = next((each for each in usual if lengths[each] is not None), None)
    if column is None:
        with_text = {each: length for each, length in lengths.items() if length is not None}
        if not with_text:
            raise InputError(f"No column of {name} contains text. {_columns(table)}")
        column = max(with_text, key=lambda each: with_text[each])
    passed_over = usual[0] if usual and usual[0] != column else None
    if passed_over is not None:
        _warn(
            f"Column {passed_over!r} of {name} has the type {table.column(passed_over).type}, not text, so the texts "
            f"were read from {column!r}. If that is wrong, choose another column: text_column=… (--text-column)."
        )
    elif not usual and _looks_like_labels(table.column(column)):
        _warn(
            f"The texts were read from column {column!r} of {name}, the one with the longest texts, but it looks like "
            f"labels. If that is wrong, choose another: text_column=… (--text-column). {_columns(table)}"
        )
    if len(column.split()) >= _MANY_WORDS:
        _warn(
            f"The column of the texts of {name} has the name {column[:80]!r}, which looks like a text. The first row "
            "must name the columns."
        )
    _log.info("reading texts from column %r of %s; choose another with text_column=… (--text-column)", column, name)
    return column


def _mean_length(column: pa.ChunkedArray) -> float | None:
    """Mean number of characters of a text, or of the tokens of a document with blanks; None for other types."""
    column = _as_text(column)
    if pa.types.is_large_string(column.type):
        return pc.mean(pc.utf8_length(column)).as_py() or 0.0
    if is_tokens(column.type):
        tokens = pc.list_flatten(column)
        characters = (pc.sum(pc.utf8_length(tokens)).as_py() or 0) + len(tokens)
        return characters / max(len(column) - column.null_count, 1)
    return None


def _looks_like_labels(column: pa.ChunkedArray) -> bool:
    """Whether most values are repeated, and are one or two words."""
    if len(column) < _FEWEST_TO_JUDGE or not pa.types.is_large_string(column.type):
        return False
    blanks = pc.mean(pc.count_substring(column, " ")).as_py() or 0.0
    return blanks < 1 and pc.count_distinct(column).as_py() * 2 < len(column)


def _warn(message: str) -> None:
    warn(message)


def _checked(table: pa.Table, column: str, argument: str, name: str) -> str:
    """Return the name of an existing column; otherwise raise `InputError`, which names `argument`."""
    column = str(column)  # pandas's column names may be numbers, which Arrow converts to strings
    if column in table.column_names:
        return column
    with_blanks = [each for each in table.column_names if each.strip() == column.strip()]
    if len(with_blanks) == 1:
        return with_blanks[0]
    hint = did_you_mean(column, table.column_names, n=1, cutoff=0.6)
    raise InputError(f"There is no column {column!r} in {name} ({argument}).{hint} {_columns(table)}")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decode categories: texts that are repeated may be stored as such."""
    return plain_column(column.cast(column.type.value_type)) if pa.types.is_dictionary(column.type) else column


def _columns(table: pa.Table) -> str:
    return f"Its columns: {', '.join(map(repr, table.column_names))}."


def text_column_of(table: pa.Table, name: str = "the table") -> str:
    """Return the column of texts of a table: by its usual name, else the column with the longest mean text.

    Parameters
    ----------
    table : pyarrow.Table
        One row per document.
    name : str
        What messages call the table.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If no column holds text, there are no rows, or two columns have the same name.
    """
    _check_rows_and_names(table, name)
    return _find_text(_plain(table), None, name)


def _plain(table: pa.Table) -> pa.Table:
    return pa.Table.from_arrays([plain_column(each) for each in table.columns], names=table.column_names)


def _text_renamed(table: pa.Table, text: str) -> pa.Table:
    """Rename the column of texts to "text", and append an underscore to another column of that name.

    Metadata of the renamed columns keep the names of the source.
    """
    names = []
    for column in table.column_names:
        name = "text" if column == text else column
        if name == "text" and column != text:
            while name == "text" or name in table.column_names:
                name += "_"
        names.append(name)
    fields = [
        field.with_name(name)
        if name == field.name
        else field.with_name(name).with_metadata({ORIGINAL_NAME: field.name})
        for field, name in zip(table.schema, names, strict=True)
    ]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def is_tokens(kind: pa.DataType) -> bool:
    """Whether an Arrow type is lists of strings."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    return pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)
