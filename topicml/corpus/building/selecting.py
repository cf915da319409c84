"""Between the passes: the vocabulary and the columns of all shards, from what the first pass counted."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from topicml.corpus.building.counting import CountedShard, plain
from topicml.corpus.building.writing import Columns, new_ids
from topicml.corpus.parts import Before
from topicml.corpus.sources.column_types import ArrowTypes, TextTypes, merged_types
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import atomic_file, file_json


@dataclass(frozen=True)
class Selection:
    """What the second pass needs to know of all shards.

    Attributes
    ----------
    shards : list of str
        The names of the counted shards, one for each part.
    columns : Columns
        The columns and their types.
    before : list of Before
        What is in the parts before each part; the last entry is the whole corpus.
    n_words : int
        Number of words in the vocabulary, which is in a file of its own.
    """

    shards: list[str]
    columns: Columns
    before: list[Before]
    n_words: int

    def write(self, path: Path) -> None:
        """Write it to a file of plain values."""
        schema = pa.schema(
            pa.field(
                name, getattr(types, "common", None) or pa.large_string(), metadata=self.columns.metadata.get(name)
            )
            for name, types in self.columns.types.items()
        )
        texts = {name: asdict(types) for name, types in self.columns.types.items() if isinstance(types, TextTypes)}
        value = {
            "schema": base64.b64encode(schema.serialize().to_pybytes()).decode(),
            "text_types": plain(texts),
            "label": self.columns.label,
            "shards": self.shards,
            "before": [asdict(each) for each in self.before],
            "n_words": self.n_words,
        }
        with atomic_file(path) as temporary:
            temporary.write_text(file_json(value), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        value = json.loads(path.read_text("utf-8"))
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(value["schema"])))
        texts = {name: TextTypes.parsed(each) for name, each in value["text_types"].items()}
        types = {each.name: texts.get(each.name, ArrowTypes((each.type,))) for each in schema}
        metadata = {each.name: each.metadata for each in schema if each.metadata}
        before = [Before(**each) for each in value["before"]]
        return cls(value["shards"], Columns(types, value["label"], metadata), before, value["n_words"])


def select(counted: Sequence[Path], vocabulary: Path, preprocessor: Any) -> Selection:
    """Select the vocabulary from the counts of all shards, and write it to a file.

    Parameters
    ----------
    counted : sequence of Path
        What `count_shard` wrote, in the order of the shards.
    vocabulary : Path
        Where the words are written.
    preprocessor : Preprocessor or None
        Its limits select the words; None keeps all.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If no word is left.
    """
    shards = [CountedShard(folder) for folder in counted]
    words, remaining = _words(shards, preprocessor)
    if not words:
        steps = ", ".join(f"{count:,} after {name}" for name, count in remaining.items())
        raise InputError(
            f"No word is left after preprocessing. Tokens of all documents: {steps or 'none'}. Loosen the step that "
            "removed the last ones."
        )
    with atomic_file(vocabulary) as temporary:
        temporary.write_text(file_json(words), "utf-8")
    index, before, total = Vocabulary(words), [Before()], Before()
    for shard in shards:
        kept = new_ids(shard.words, index) >= 0
        total.n_docs += shard.information["n_docs"]
        total.n_entries += int(shard.array("document_frequency")[kept].sum())
        total.n_tokens += int(shard.array("frequency")[kept].sum())
        before.append(Before(**asdict(total)))
    return Selection([folder.name for folder in counted], _columns(shards), before, len(words))


def _words(shards: Sequence[CountedShard], preprocessor: Any) -> tuple[list[str], dict[str, int]]:
    """The sorted words of the vocabulary, and the number of tokens that remain after each step."""
    frequency: Counter[str] = Counter()
    document_frequency: Counter[str] = Counter()
    remaining: Counter[str] = Counter()
    n_docs = 0
    for shard in shards:
        words = shard.words
        for total, name in ((frequency, "frequency"), (document_frequency, "document_frequency")):
            for word, count in zip(words, shard.array(name).tolist(), strict=True):
                total[word] += count
        n_docs += shard.information["n_docs"]
        remaining.update(shard.information["remaining"])
    if preprocessor is None:
        return sorted(frequency), {}
    from topicml.corpus.preprocessing.selection import select_words

    limits = (preprocessor.min_df, preprocessor.max_df, preprocessor.max_features)
    selected, after_limits = select_words(frequency, document_frequency, n_docs, *limits)
    return selected, dict(remaining) | after_limits


def _columns(shards: Sequence[CountedShard]) -> Columns:
    schemas = [shard.fields().schema for shard in shards]
    merged = merged_types(shard.types() for shard in shards)
    names = dict.fromkeys(name for schema in schemas for name in schema.names)
    types = {name: merged.get(name, ArrowTypes((pa.large_string(),))) for name in names}
    metadata = {each.name: each.metadata for schema in schemas for each in schema if each.metadata}
    return Columns(types, shards[0].information["label"], metadata)


def total_of(parts: Sequence[dict[str, Any]]) -> Before:
    """The sizes of all parts together."""
    total = Before()
    for sizes in parts:
        total.add(sizes)
    return total
