"""Fields of a corpus: columns such as text, label and time, with one value per document."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from topicml.errors import InputError

ORIGINAL_NAME = b"topicml.original_name"
"""Metadata of a column of fields: its name in the source, if reading gave it another one."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class MissingFieldError(InputError, KeyError):
    """The corpus has no field of this name."""

    __str__ = Exception.__str__  # a KeyError would show its message as a quoted string


class Fields(Mapping[str, np.ndarray]):
    """Read-only mapping of names to columns, backed by an Arrow table; row i belongs to document i.

    ``fields[name]`` is a read-only NumPy array of length n_docs. Numbers, booleans and times keep their dtype; strings
    become objects (None if missing); vectors become a matrix of shape (n_docs, size).

    Parameters
    ----------
    table : pyarrow.Table
        The columns; also the attribute `table`.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self._arrays: dict[str, np.ndarray] = {}

    @classmethod
    def of(cls, columns: "Mapping[str, Any] | pa.Table | None", n_docs: int) -> "Fields":
        """Make fields from columns.

        Parameters
        ----------
        columns : mapping of str to array-like, pyarrow.Table, Fields or None
            The columns; None for no fields.
        n_docs : int
            Number of documents.

        Returns
        -------
        Fields

        Raises
        ------
        InputError
            If a column does not have `n_docs` values, or cannot be converted to Arrow.
        """
        if isinstance(columns, Fields):
            columns = columns.table
        if columns is None or (isinstance(columns, pa.Table) and not columns.num_columns):
            return cls(pa.table({}))
        if isinstance(columns, pa.Table):
            arrays = {name: columns.column(i) for i, name in enumerate(columns.column_names)}
        else:
            arrays = {str(name): _column(str(name), values) for name, values in columns.items()}
        for name, array in arrays.items():
            if len(array) != n_docs:
                raise InputError(f"Field {name!r} has {len(array):,} values, but there are {n_docs:,} documents.")
        return cls(columns if isinstance(columns, pa.Table) else pa.table(arrays))  # a table may have metadata

    def take(self, rows: slice | np.ndarray) -> "Fields":
        """Return the fields of the selected documents. A slice of step 1 copies nothing."""
        if not self.table.num_columns:
            return self
        if isinstance(rows, slice):
            return Fields(self.table.slice(rows.start, rows.stop - rows.start))
        return Fields(self.table.take(pa.array(rows)))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.table.column_names:
            names = ", ".join(map(repr, self.table.column_names)) or "none"
            raise MissingFieldError(f"There is no field {name!r} in this corpus; its fields: {names}.")
        if name not in self._arrays:
            array = _numpy(self.table.column(name))
            array.flags.writeable = False
            self._arrays[name] = array
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.column_names)

    def __len__(self) -> int:
        return self.table.num_columns

    def __contains__(self, name: object) -> bool:
        return name in self.table.column_names

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name}: {column.type}" for column in self.table.schema)
        return f"Fields({columns})"


def _column(name: str, values: Any) -> pa.Array | pa.ChunkedArray:
    try:
        if isinstance(values, np.ndarray) and values.ndim == 2:
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        if isinstance(values, pa.Array | pa.ChunkedArray):
            array = values
        else:
            array = _array(values if hasattr(values, "__len__") else list(values))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"Field {name!r} cannot be a column: its values do not have one type: {error}.") from error
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    # 64-bit offsets: the text of a large corpus exceeds the 2 GB that a `string` column can address.
    return array.cast(pa.large_string()) if str(array.type) in ("string", "string_view") else array


def _array(values: Any) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        return pa.array([encodable(each) if isinstance(each, str) else each for each in values], from_pandas=True)


def encodable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, with U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _numpy(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_fixed_size_list(column.type):
        flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), column.type.list_size)
    return column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy()
