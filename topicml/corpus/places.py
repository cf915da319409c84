"""Where documents are in their file, for messages: people find line 18 of a file, not row 16."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from topicml.corpus.data import CorpusData

_UNIT, _NUMBERS = b"topicml.unit", b"topicml.numbers"


@dataclass(frozen=True, eq=False)
class Places:
    """The line of a file in which each document begins, its row of a sheet, or the name of its file.

    Attributes
    ----------
    unit : {"line", "row", "file"}
        What the values are. Lines, and rows of a sheet, are counted from 1, with the header.
    values : ndarray, (n_docs,)
        Numbers, or names of files.
    """

    unit: str
    values: np.ndarray

    @classmethod
    def of_numbers(cls, unit: str, numbers: Iterable[int]) -> Places:
        """Places from the number of each document."""
        return cls(unit, np.fromiter(numbers, dtype=np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Places:
        """The places of several parts, one after the other; at least one."""
        return cls(parts[0].unit, np.concatenate([part.values for part in parts]))

    @classmethod
    def of_table(cls, table: pa.Table) -> Places | None:
        """The places that `in_table` stored; None if there are none."""
        stored = table.schema.metadata or {}
        if _UNIT not in stored or _NUMBERS not in stored:
            return None
        places = cls(stored[_UNIT].decode(), np.frombuffer(stored[_NUMBERS], dtype=np.int64))
        return places if len(places.values) == table.num_rows else None

    def in_table(self, table: pa.Table) -> pa.Table:
        """The table with these places of its rows, in its metadata, from a reader to the maker of a corpus."""
        return table.replace_schema_metadata({_UNIT: self.unit.encode(), _NUMBERS: self.values.tobytes()})

    def take(self, rows: Any) -> Places:
        """The places of some documents."""
        return Places(self.unit, self.values[rows])


def place_of(corpus: CorpusData | None, row: int) -> str:
    """Where a document is, for a heading: "line 18", "row 18 of the sheet", "a.txt"; else "row 16 counted from 0".

    Parameters
    ----------
    corpus : Corpus or None
        The documents.
    row : int
        Row of the document, from 0.

    Returns
    -------
    str
    """
    return places_of(corpus, [row])


def places_of(corpus: CorpusData | None, rows: Sequence[int] | np.ndarray, most: int = 10) -> str:
    """Where documents are, for a message: "lines 18, 74", "rows 16, 72 counted from 0".

    Parameters
    ----------
    corpus : Corpus or None
        The documents.
    rows : sequence of int
        Rows of the documents, from 0.
    most : int
        Number of documents to name; the text ends in an ellipsis if there are more.

    Returns
    -------
    str
    """
    named = [int(row) for row in rows[:most]]
    places = None if corpus is None else corpus.places
    values = [f"{row:,}" for row in named]
    if places is not None:
        values = [str(value) if places.unit == "file" else f"{value:,}" for value in places.values[named].tolist()]
    text = ", ".join([*values, *(["…"] if len(rows) > most else [])])
    several = "s" if len(rows) != 1 else ""
    if places is None:
        return f"row{several} {text} counted from 0"
    if places.unit == "file":
        return f"file{several} {text}"
    return f"{places.unit}{several} {text}{' of the sheet' if places.unit == 'row' else ''}"
