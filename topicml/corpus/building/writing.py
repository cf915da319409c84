"""The second pass over a shard: write it as a part of a corpus, in the vocabulary of all shards."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from topicml.corpus.building.counting import CountedShard, appearing
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.parts import Before, write_part
from topicml.corpus.sources.column_types import Types
from topicml.corpus.tokens import renumbered
from topicml.corpus.vocabulary import Vocabulary


@dataclass(frozen=True)
class Columns:
    """The columns of all shards.

    Attributes
    ----------
    types : dict of str to Types
        What the values of each column can be in all shards, in the order of the columns. The column of texts is
        ``text`` and stays as it is.
    label : str or None
        The column of labels.
    metadata : dict of str to dict
        Metadata of columns that have another name in the source.
    """

    types: dict[str, Types]
    label: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def of(self, table: pa.Table) -> Fields:
        """The fields of a shard: all columns in their types; a column that the shard lacks has missing values."""
        arrays, described = [], []
        for name, types in self.types.items():
            if name in table.column_names:
                column = table.column(name)
            else:
                column = pa.chunked_array([pa.nulls(table.num_rows, pa.large_string())])
            column = column if name == "text" else types.cast(column)
            arrays.append(column)
            described.append(pa.field(name, column.type, metadata=self.metadata.get(name)))
        whole = pa.Table.from_arrays(arrays, schema=pa.schema(described)).unify_dictionaries()
        return Fields.of(whole, table.num_rows, label=self.label)


def write_shard(part: Path, counted: Path, vocabulary: Path, columns: Columns, before: Before) -> dict[str, Any]:
    """Write a counted shard as a part of a corpus.

    It calls no engine, and needs nothing but its arguments and the files: any process can run it.

    Parameters
    ----------
    part : Path
        A new folder. It appears under its name when it is complete.
    counted : Path
        What `count_shard` wrote.
    vocabulary : Path
        A JSON file with the words of the corpus.
    columns : Columns
        The columns of all shards.
    before : Before
        What is in the parts before this one.

    Returns
    -------
    dict
        The sizes of the part, for `topicml.corpus.parts.write_manifest`.
    """
    shard, words = CountedShard(counted), _vocabulary(vocabulary, vocabulary.stat().st_mtime_ns)
    tokens, offsets = renumbered(shard.array("codes"), shard.array("lengths"), new_ids(shard.words, words))
    data = CorpusData(words, tokens=tokens, offsets=offsets, fields=columns.of(shard.fields()))
    with appearing(part) as new:
        return write_part(new, data, before)


def new_ids(words: list[str], vocabulary: Vocabulary) -> np.ndarray:
    """The position in the vocabulary of each word of a shard, int32; -1 for a word that is not in it."""
    index = vocabulary.index
    return np.fromiter((index.get(word, -1) for word in words), dtype=np.int32, count=len(words))


@lru_cache(maxsize=1)
def _vocabulary(path: Path, changed: int) -> Vocabulary:
    """The words in a file, which a process reads once; `changed` is the time of the file."""
    return Vocabulary(json.loads(path.read_text("utf-8")))
