"""Read tables: find the column of texts, and turn the other columns into fields."""

import logging
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from topicml.checks import did_you_mean
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import ORIGINAL_NAME
from topicml.corpus.sources.texts import corpus_of_texts
from topicml.errors import InputError

_log = logging.getLogger(__name__)

# Usual names of a column of texts, the most likely first.
_TEXT_NAMES = (
    *("text", "document", "content", "body", "abstract", "message", "review", "comment", "tweet", "sentence"),
    *("description", "headline", "title"),
)


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
    if repeated := {column for column in table.column_names if table.column_names.count(column) > 1}:
        raise InputError(
            f"There is more than one column {', '.join(map(repr, sorted(repeated)))} in {name}; rename them."
        )
    if not table.num_rows:
        raise InputError(f"There are no rows in {name}.")
    table = _simplified(table)
    text = _find_text(table, name) if text_column is None else _checked(table, text_column, "text_column", name)
    label = None if label_column is None else _checked(table, label_column, "label_column", name)
    if label == text:
        raise InputError(f"Column {text!r} of {name} cannot be both text and label.")
    texts = table.column(text)
    if _is_tokens(texts.type):
        table = _with_roles(table, text, label).drop_columns(["text"])
        return CorpusData.from_tokens([tokens or [] for tokens in texts.to_pylist()], None, table)
    if not pa.types.is_large_string(texts.type):
        raise InputError(f"Column {text!r} of {name} has the type {texts.type}, not text. {_columns(table)}")
    texts = pc.fill_null(texts, "")
    table = _with_roles(table.set_column(table.column_names.index(text), text, texts), text, label)
    return corpus_of_texts(texts.to_pylist(), preprocessor, table)


def table_of_frame(frame: Any) -> pa.Table:
    """Convert a data frame to an Arrow table; see `Corpus.from_frame` for the supported types."""
    library = type(frame).__module__.partition(".")[0]
    try:
        if isinstance(frame, pa.Table):
            return frame
        if library == "pandas" and hasattr(frame, "columns"):
            return pa.Table.from_pandas(frame, preserve_index=False)
        if library == "polars" and hasattr(frame, "collect_schema"):
            return (frame.collect() if hasattr(frame, "collect") else frame).to_arrow()
        if library == "datasets" and hasattr(frame, "num_rows"):
            if isinstance(frame.num_rows, dict):
                raise InputError(f"This is a DatasetDict; choose one of its splits: {', '.join(map(repr, frame))}.")
            return frame.with_format("arrow")[:]
        if isinstance(frame, Mapping):
            return pa.table({str(name): pa.array(values, from_pandas=True) for name, values in frame.items()})
    except (pa.ArrowException, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"The frame cannot be converted to an Arrow table; column names must be unique, and each column must have "
            f"values of one type: {error}"
        ) from error
    raise InputError(
        f"{type(frame).__module__}.{type(frame).__qualname__} is not a supported frame: pass a pandas or "
        "polars frame, a Hugging Face dataset (one split, not streamed), an Arrow table, or a dict of columns."
    )


def _find_text(table: pa.Table, name: str) -> str:
    """Return the column of texts: by its usual name, else the column of strings with the longest mean text."""
    is_text = {column.name: pa.types.is_large_string(column.type) or _is_tokens(column.type) for column in table.schema}
    by_name = {column.strip().lower(): column for column in reversed(table.column_names) if is_text[column]}
    column = next((by_name[usual] for usual in _TEXT_NAMES if usual in by_name), None)
    if column is None:
        mean_lengths = {
            each: pc.mean(pc.utf8_length(table.column(each))).as_py() or 0.0
            for each in table.column_names
            if pa.types.is_large_string(table.column(each).type)
        }
        if not mean_lengths:
            raise InputError(f"No column of {name} contains text. {_columns(table)}")
        column = max(mean_lengths, key=lambda each: mean_lengths[each])
    _log.info("reading texts from column %r of %s; choose another with text_column=… (--text-column)", column, name)
    return column


def _checked(table: pa.Table, column: str, argument: str, name: str) -> str:
    """Return the name of an existing column; otherwise raise `InputError`, which names `argument`."""
    column = str(column)  # pandas's column names may be numbers, which Arrow converts to strings
    if column in table.column_names:
        return column
    hint = did_you_mean(column, table.column_names, n=1, cutoff=0.6)
    raise InputError(f"There is no column {column!r} in {name} ({argument}).{hint} {_columns(table)}")


def _columns(table: pa.Table) -> str:
    return f"Its columns: {', '.join(map(repr, table.column_names))}."


def _with_roles(table: pa.Table, text: str, label: str | None) -> pa.Table:
    """Rename the columns of texts and labels to "text" and "label"; append an underscore to names that clash."""
    roles = {text: "text"} if label is None else {text: "text", label: "label"}
    names_in_use = {*roles.values(), *table.column_names}
    names = []
    for column in table.column_names:
        name = roles.get(column, column)
        if column not in roles and name in roles.values():
            while name in names_in_use:
                name += "_"
            names_in_use.add(name)
        names.append(name)
    fields = []
    for field, name in zip(table.schema, names, strict=True):
        metadata = field.metadata if field.name == name else {ORIGINAL_NAME: field.name}
        fields.append(field.with_name(name).with_metadata(metadata))
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def text_column_of(table: pa.Table, name: str = "the table") -> str:
    """The column of texts of a table: by its usual name, else the column of strings with the longest mean text.

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
        If no column holds text.
    """
    return _find_text(_simplified(table), name)


def _simplified(table: pa.Table) -> pa.Table:
    """Decode dictionary columns, and cast every string type to `large_string`."""
    for i, column in enumerate(table.columns):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if str(kind) in ("string", "string_view"):
            kind = pa.large_string()
        if kind != column.type:
            table = table.set_column(i, table.column_names[i], column.cast(kind))
    return table


def _is_tokens(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    return pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)
