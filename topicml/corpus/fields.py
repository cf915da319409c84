"""Fields of a corpus: columns such as text, label and time, with one value per document."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topicml.corpus.classes import classes_of
from topicml.corpus.columns import column_of, plain_column
from topicml.corpus.mapped import MappedFile
from topicml.errors import InputError

_LABEL = b"topicml.label"  # key of the table's metadata: the name of the column of labels

ORIGINAL_NAME = b"topicml.original_name"
"""Metadata of a column of fields: its name in the source, if reading gave it another one."""


class MissingFieldError(InputError, KeyError):
    """The corpus has no field of this name."""

    __str__ = Exception.__str__  # a KeyError would show its message as a quoted string


class Fields(Mapping[str, np.ndarray]):
    """Read-only mapping of names to columns, backed by an Arrow table; row i belongs to document i.

    ``fields[name]`` is a read-only NumPy array of length n_docs. Numbers, booleans and times keep their dtype; strings
    become objects (None if missing); vectors become a matrix of shape (n_docs, size). Times with a zone are the time
    on the clock of that zone.

    If one column holds the labels (`label_column` of `Corpus.read` and `Corpus.from_frame`), ``fields["label"]`` is
    that column too, unless another column has the name "label".

    Parameters
    ----------
    table : pyarrow.Table, or function that returns one
        The columns; also the attribute `table`. A function is called when the columns are read first.
    files : sequence of MappedFile
        The memory-mapped files that the table is in, for `release`.
    """

    def __init__(self, table: pa.Table | Callable[[], pa.Table], files: Sequence[MappedFile] = ()) -> None:
        self._table = table
        self._files = files
        self._arrays: dict[str, np.ndarray] = {}

    @property
    def table(self) -> pa.Table:
        """The columns as an Arrow table."""
        if callable(self._table):
            self._table = self._table()
        return self._table

    @classmethod
    def of(cls, columns: "Mapping[str, Any] | pa.Table | None", n_docs: int, *, label: str | None = None) -> "Fields":
        """Make fields from columns.

        Parameters
        ----------
        columns : mapping of str to array-like, pyarrow.Table, Fields or None
            The columns; None for no fields.
        n_docs : int
            Number of documents.
        label : str, optional
            The column that holds the labels.

        Returns
        -------
        Fields

        Raises
        ------
        InputError
            If `columns` is not a mapping, or a column is not one, or does not have `n_docs` values.
        """
        if isinstance(columns, Fields):
            columns = columns.table
        if columns is None or (isinstance(columns, pa.Table) and not columns.num_columns):
            return cls(pa.table({}))
        if isinstance(columns, pa.Table):
            arrays = {name: plain_column(columns.column(i)) for i, name in enumerate(columns.column_names)}
            label = label or (columns.schema.metadata or {}).get(_LABEL, b"").decode() or None
        elif hasattr(columns, "items") or hasattr(columns, "to_dict"):
            given: Any = columns
            columns = given if hasattr(given, "items") else given.to_dict()  # a polars frame
            arrays = {str(name): column_of(str(name), values) for name, values in columns.items()}
        else:
            raise InputError(
                f"fields is a {type(columns).__name__}; pass a dict of columns, such as "
                "fields={'team': [...]}, with one value per document in each."
            )
        for name, array in arrays.items():
            if len(array) != n_docs:
                raise InputError(f"Field {name!r} has {len(array):,} values, but there are {n_docs:,} documents.")
        kept = {field.name: field.metadata for field in columns.schema} if isinstance(columns, pa.Table) else {}
        described = [pa.field(name, array.type, metadata=kept.get(name)) for name, array in arrays.items()]
        schema = pa.schema(described, metadata=None if label is None else {_LABEL: label})
        return cls(pa.Table.from_arrays(list(arrays.values()), schema=schema))

    @property
    def label_name(self) -> str | None:
        """Name of the column of labels: the one that was named as such, else "label"; None if there is neither."""
        named = (self.table.schema.metadata or {}).get(_LABEL, b"label").decode()
        return next((name for name in (named, "label") if name in self.table.column_names), None)

    @property
    def labels(self) -> np.ndarray | None:
        """The column of labels; None if there is none."""
        return None if self.label_name is None else self[self.label_name]

    def classes(self, name: str) -> tuple[list[str], np.ndarray]:
        """Return the different values of a column in their order, as text, and the number of each document's value.

        Parameters
        ----------
        name : str
            A column with one value per document.

        Returns
        -------
        names : list of str
            Categories in their order, numbers and times by value, text by the alphabet and the numbers in it.
        codes : ndarray of int64, (n_docs,)
            The position in `names` of each document's value; -1 if it is missing.

        Raises
        ------
        InputError
            If there is no such column, or it holds vectors.
        """
        return classes_of(self.column(name), name)

    def take(self, rows: slice | np.ndarray) -> "Fields":
        """Return the fields of the selected documents. A slice of step 1 copies nothing."""
        if not self.table.num_columns:
            return self
        if isinstance(rows, slice):
            return Fields(self.table.slice(rows.start, rows.stop - rows.start))
        if all(column.num_chunks == 1 for column in self.table.columns) or (np.diff(rows) < 0).any():
            return Fields(self.table.take(pa.array(rows)))
        # `Table.take` would first join the chunks of texts: a copy of all of them.
        parts, begin = [], 0
        for batch in self.table.to_batches():
            first, last = np.searchsorted(rows, [begin, begin + batch.num_rows])
            parts.append(batch.take(pa.array(rows[first:last] - begin)))
            begin += batch.num_rows
        return Fields(pa.Table.from_batches(parts, self.table.schema))

    def only(self, *names: str) -> "Fields":
        """Return the fields of these names, which `table` has; nothing is copied."""
        return Fields(self.table.select(names), self._files)

    def release(self) -> None:
        """Let go of what was read from memory-mapped files (`topicml.corpus.mapped`)."""
        for file in self._files:
            file.release()

    def __getitem__(self, name: str) -> np.ndarray:
        column = self.column(name)
        if name not in self._arrays:
            array = _numpy(name, column)
            array.flags.writeable = False
            self._arrays[name] = array
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.column_names)

    def __len__(self) -> int:
        return self.table.num_columns

    def __contains__(self, name: object) -> bool:
        return name in self.table.column_names or (name == "label" and self.label_name is not None)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column as an Arrow array; raises `InputError` if there is none of this name."""
        if name not in self:
            names = ", ".join(map(repr, self.table.column_names)) or "none"
            raise MissingFieldError(f"There is no field {name!r} in this corpus; its fields: {names}.")
        return self.table.column(name if name in self.table.column_names else str(self.label_name))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": ()}  # a copy for another process has no files

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name}: {column.type}" for column in self.table.schema)
        return f"Fields({columns})"


def _numpy(name: str, column: pa.ChunkedArray) -> np.ndarray:
    kind = column.type
    if pa.types.is_fixed_size_list(kind) and pa.types.is_primitive(kind.value_type):
        flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), kind.list_size)
    if pa.types.is_dictionary(kind):  # its own to_numpy gives missing values the last category
        column = column.cast(kind.value_type)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = _local(name, column)
    try:
        return column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy()
    except (pa.ArrowException, ValueError, OverflowError):
        array = np.empty(len(column), dtype=object)
        array[:] = column.cast(pa.large_string()).to_pylist()
        return array


def _local(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times on the clock of their zone: in UTC, the first of a month in Berlin would be in the month before."""
    try:
        return pc.local_timestamp(column)
    except pa.ArrowException as error:
        raise InputError(
            f"Field {name!r} has times of the zone {column.type.tz!r}, which this system does not know ({error}). "
            "Install the package tzdata, or convert the times to UTC."
        ) from error
