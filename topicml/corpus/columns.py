"""Convert a column of values of any library to an Arrow array."""

import json
import re
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topicml.errors import InputError

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 32  # lists in lists; what is nested more deeply becomes JSON text
_CANNOT = (pa.ArrowException, TypeError, ValueError, OverflowError)


def column_of(name: str, values: Any) -> pa.Array | pa.ChunkedArray:
    """Convert a column to Arrow.

    Categories keep their order. Intervals become text, ordered by their ends; periods become times; binary text is
    decoded. If the values have several types, or a type that Arrow does not support, they become text.

    Parameters
    ----------
    name : str
        Name of the column, for messages.
    values : array-like
        One value per document: a list, a NumPy array, a pandas or polars series, an Arrow array, or an iterator. A
        matrix has one vector per document.

    Returns
    -------
    pyarrow.Array or pyarrow.ChunkedArray
        Strings are `large_string`. Categories with an order are a dictionary; all other dictionaries are decoded.

    Raises
    ------
    InputError
        If `values` is not a column, such as one string, a set or a table.
    """
    _check_column(name, values)
    if _is_array(values):
        values = np.asarray(values)
        if values.ndim == 2 and values.dtype.kind in "biuf":
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        if values.ndim != 1:
            raise InputError(
                f"Field {name!r} cannot be a column: it is an array of shape {values.shape}. Pass one value, or one "
                "vector of numbers, per document."
            )
    values = values if hasattr(values, "__len__") else list(values)
    try:
        return plain_column(_converted(values))
    except _CANNOT:
        return text_column(values)


def text_column(values: Any) -> pa.Array:
    """Values of any types as text; missing values stay missing."""
    return pa.array([_text(value) for value in values], pa.large_string())


def plain_column(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Convert equivalent Arrow types to one of them.

    Parameters
    ----------
    array : pyarrow.Array or pyarrow.ChunkedArray
        A column of any type.

    Returns
    -------
    pyarrow.Array or pyarrow.ChunkedArray
        All types of strings, and binary values that are UTF-8, are `large_string`: the text of a large corpus exceeds
        the 2 GB that a `string` column can address. Dictionaries without an order are decoded. Extension types are
        their storage.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain_column(array.cast(kind.storage_type))
    if pa.types.is_dictionary(kind):
        return _ordered(array) if kind.ordered else plain_column(array.cast(kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return plain_column(pc.run_end_decode(array))
    if pa.types.is_null(kind) or str(kind) in ("string", "string_view"):
        return array.cast(pa.large_string())
    if _is_binary(kind):
        return _decoded(array, pa.large_string())
    if _is_list(kind) and (str(kind.value_type) in ("string", "string_view") or _is_binary(kind.value_type)):
        return _decoded(array, pa.large_list(pa.large_string()))
    if _is_list(kind) and pa.types.is_dictionary(kind.value_type):
        return array.cast(pa.large_list(pa.large_string()))
    return array


def values_of(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return the values of an Arrow column as Python objects; as text if Python has no such value (year 20000)."""
    try:
        return column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        pass
    try:
        return column.cast(pa.large_string()).to_pylist()
    except pa.ArrowException:
        return ["?"] * len(column)


def encodable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, with U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or pandas's NA; False for lists and arrays."""
    if value is None:
        return True
    if isinstance(value, str | list | tuple | dict | np.ndarray):
        return False
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):  # comparing NA gives NA, which is neither true nor false
        return type(value).__name__ == "NAType"


def _check_column(name: str, values: Any) -> None:
    """Raise `InputError` if `values` is not a sequence with one value per document."""
    if isinstance(values, str | bytes):
        problem = f"it is one string, {values[:40]!r}"
    elif isinstance(values, Mapping | Set):
        problem = f"a {type(values).__name__} has no order of documents"
    elif hasattr(values, "columns") or hasattr(values, "column_names"):
        problem = f"it is a whole table, a {type(values).__name__}"
    elif hasattr(values, "tocsr"):
        problem = "it is a sparse matrix"
    elif not hasattr(values, "__iter__") or (_is_array(values) and np.ndim(values) == 0):
        problem = f"it is {values!r:.60}, a {type(values).__name__}"
    else:
        return
    raise InputError(f"Field {name!r} cannot be a column: {problem}. Pass a list with one value per document.")


def _is_array(values: Any) -> bool:
    """Whether `values` is an array of NumPy, or of a library that converts to NumPy, such as a tensor."""
    library = type(values).__module__.partition(".")[0]
    return hasattr(values, "__array__") and hasattr(values, "ndim") and library not in ("pandas", "polars", "pyarrow")


def _converted(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    library = type(values).__module__.partition(".")[0]
    if library == "pandas" and hasattr(values, "dtype"):
        return _from_pandas(values)
    if library == "polars":
        if str(values.dtype) == "Object":  # polars would give the addresses of the objects
            raise TypeError("Python objects")
        return values.to_arrow()
    if any(_depth(value) > _MAX_DEPTH for value in values if isinstance(value, list | dict)):
        raise ValueError("nested too deeply")
    try:
        return pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        return pa.array([_encodable(value) for value in values], from_pandas=True)


def _from_pandas(values: Any) -> pa.Array | pa.ChunkedArray:
    import pandas

    kind = type(values.dtype).__name__
    if kind == "SparseDtype":
        return pa.array(np.asarray(values), from_pandas=True)
    if kind == "PeriodDtype":
        return pa.array(pandas.Series(values).dt.to_timestamp(), from_pandas=True)
    if kind in ("CategoricalDtype", "IntervalDtype"):
        categorical = pandas.Categorical(values)
        codes, names = np.asarray(categorical.codes), categorical.categories
        if type(names.dtype).__name__ == "IntervalDtype":
            names = [str(interval) for interval in names]
        # pandas shows categories in their order, whether it calls them ordered or not.
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32), mask=codes < 0), plain_column(_converted(names)), ordered=True
        )
    try:
        return pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        return pa.array([_encodable(value) for value in values.tolist()], from_pandas=True)


def _ordered(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A dictionary with an order: one dictionary for all chunks, of plain values, with 32-bit codes."""
    if not pa.types.is_string(array.type.value_type) and pa.types.is_nested(array.type.value_type):
        return plain_column(array.cast(array.type.value_type))
    chunks = array.unify_dictionaries().chunks if isinstance(array, pa.ChunkedArray) else [array]
    parts = [
        pa.DictionaryArray.from_arrays(
            chunk.indices.cast(pa.int32()), plain_column(chunk.dictionary), ordered=True, safe=True
        )
        for chunk in chunks
    ]
    return pa.chunked_array(parts) if parts else plain_column(array.cast(array.type.value_type))


def _decoded(array: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Binary values as text; unchanged if they are not UTF-8."""
    try:
        if pa.types.is_fixed_size_binary(array.type):
            array = array.cast(pa.large_binary())
        return array.cast(kind)
    except pa.ArrowException:
        return array


def _is_binary(kind: pa.DataType) -> bool:
    return str(kind) in ("binary", "large_binary", "binary_view") or pa.types.is_fixed_size_binary(kind)


def _is_list(kind: pa.DataType) -> bool:
    return str(kind).startswith(("list<", "large_list<", "list_view<", "large_list_view<", "fixed_size_list<"))


def _text(value: Any) -> str | None:
    """A value as text; None if it is missing."""
    if isinstance(value, str):
        return encodable(value)
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple | dict | np.ndarray):
        try:
            return encodable(json.dumps(value, ensure_ascii=False, default=str))
        except (TypeError, ValueError, RecursionError):  # keys that are not strings, a circle, too many levels
            return f"a {type(value).__name__} that is not JSON"
    return encodable(str(value))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list | tuple):
        return [_encodable(each) for each in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return value


def _depth(value: Any) -> int:
    """How deeply lists and dicts are nested; stops soon after `_MAX_DEPTH`."""
    level, depth = [value], 0
    while level and depth <= _MAX_DEPTH:
        inner: list[Any] = []
        for each in level:
            if isinstance(each, list | dict):
                inner += each.values() if isinstance(each, dict) else each
        level = [each for each in inner if isinstance(each, list | dict)]
        depth += 1
    return depth
