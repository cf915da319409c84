"""The first pass over a shard: split its texts into words, and count them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Self
from uuid import uuid4

import numpy as np
import pyarrow as pa

from topicml.corpus.columns import plain_column
from topicml.corpus.counts import document_frequency, word_frequency
from topicml.corpus.npy_headers import reading
from topicml.corpus.sources.column_types import ArrowTypes, TextTypes, Types
from topicml.corpus.sources.tables import is_tokens, with_text
from topicml.corpus.storage import write_json
from topicml.corpus.tokens import encode_with_vocabulary, offsets_of
from topicml.errors import InputError
from topicml.files import atomic_file, file_json, utf8_name

_turn = Lock()


@dataclass(frozen=True)
class Splitting:
    """How the texts of all shards are split into words.

    Attributes
    ----------
    text, label : str and str or None
        The columns of texts and of labels.
    preprocessor : Preprocessor or None
        None: the texts are tokens, separated by white space.
    strings_only : bool
        Whether the columns are strings that may stand for numbers and times, as in CSV.
    columns : tuple of str
        The columns of the first shard.
    tokens : bool
        Whether the first shard has lists of tokens in place of texts: they are not preprocessed.
    """

    text: str
    label: str | None = None
    preprocessor: Any = None
    strings_only: bool = False
    columns: tuple[str, ...] = ()
    tokens: bool = False

    def write(self, path: Path) -> None:
        """Write it to a file of plain values, without the preprocessor."""
        with atomic_file(path) as temporary:
            temporary.write_text(file_json(asdict(replace(self, preprocessor=None))), "utf-8")

    @classmethod
    def read(cls, path: Path, preprocessor: Any) -> Self:
        """Read what `write` wrote, and add the preprocessor."""
        stored = json.loads(path.read_text("utf-8"))
        return cls(**{**stored, "columns": tuple(stored["columns"]), "preprocessor": preprocessor})


@dataclass(frozen=True)
class CountedShard:
    """The words of a shard, in a folder.

    Attributes
    ----------
    folder : Path
        What `count_shard` wrote.
    """

    folder: Path

    @property
    def information(self) -> dict[str, Any]:
        """Number of documents, name of the column of labels, and number of tokens after each rule."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "counted.json").read_text("utf-8"))
            return {"n_docs": int(found["n_docs"]), **found}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.folder} is damaged ({error}). Remove this folder: the same command makes it again."
            ) from error

    @property
    def words(self) -> list[str]:
        """The words of this shard; word i has the code i."""
        words: list[str] = json.loads((self.folder / "words.json").read_text("utf-8"))
        return words

    def array(self, name: str) -> np.ndarray:
        """One of ``codes``, ``lengths``, ``frequency`` and ``document_frequency``, memory-mapped."""
        path = self.folder / f"{name}.npy"
        found: np.ndarray = reading(lambda: np.load(path, mmap_mode="r" if name == "codes" else None))
        return found

    def fields(self) -> pa.Table:
        """All columns of the documents, memory-mapped."""
        with utf8_name(self.folder / "fields.arrow") as name, pa.memory_map(name) as source:
            return pa.ipc.open_file(source).read_all()

    def types(self) -> dict[str, Types]:
        """What the columns can be, but for the column of texts."""
        stored = self.information["types"]
        if stored is not None:
            return {name: TextTypes.parsed(each) for name, each in stored.items()}
        fields = self.fields()
        return {name: ArrowTypes.of(fields.column(name)) for name in fields.column_names}


def count_shard(folder: Path, table: pa.Table, splitting: Splitting) -> int:
    """Split the texts of a shard into words, and write words and columns to a folder.

    It calls no engine, and needs nothing but its arguments: any process can run it.

    Parameters
    ----------
    folder : Path
        A new folder. It appears under its name when it is complete.
    table : pyarrow.Table
        The documents of the shard.
    splitting : Splitting
        How to split them.

    Returns
    -------
    int
        Number of documents.

    Raises
    ------
    InputError
        If the column of texts does not hold text.
    """
    table = pa.table({name: plain_column(table.column(name)) for name in table.column_names})
    for name in (splitting.text, splitting.label):  # the objects of a shard of JSON may all lack a key
        if name is not None and name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.large_string()))
    texts, table, label = with_text(table, splitting.text, splitting.label)
    with _turn:  # workers of an engine may be threads, and spaCy's pipelines are not made for several
        words, codes, lengths, remaining = _split(texts, splitting)
    types = None
    if splitting.strings_only:
        others = [name for name in table.column_names if name != "text"]
        types = {name: asdict(TextTypes.of(table.column(name))) for name in others}
    if is_tokens(texts.type):
        table = table.drop_columns(["text"])
    with appearing(folder) as new:
        np.save(new / "codes.npy", codes)
        np.save(new / "lengths.npy", lengths)
        np.save(new / "frequency.npy", word_frequency(codes, len(words)))
        np.save(new / "document_frequency.npy", document_frequency(codes, offsets_of(lengths), len(words)))
        write_json(new / "words.json", words)
        with open(new / "fields.arrow", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.unify_dictionaries())
        information = {"n_docs": len(lengths), "label": label, "remaining": remaining, "types": plain(types)}
        write_json(new / "counted.json", information)
    return len(lengths)


def _split(texts: pa.ChunkedArray, splitting: Splitting) -> tuple[list[str], np.ndarray, np.ndarray, dict[str, int]]:
    """Words, codes of the tokens, lengths of the documents, and numbers of tokens after each rule."""
    values = texts.to_pylist()
    if not is_tokens(texts.type) and not pa.types.is_large_string(texts.type):
        raise InputError(
            f"Column {splitting.text!r} has the type {texts.type} in some of the documents, not text. Choose another "
            "column: text_column=… (--text-column)."
        )
    if splitting.preprocessor is not None and not is_tokens(texts.type):
        encoded, remaining = splitting.preprocessor.encoded(values)
        return encoded.words, encoded.codes.astype(np.int32), encoded.lengths, remaining
    if is_tokens(texts.type):
        documents = [[token for token in tokens or () if token is not None] for tokens in values]
    else:
        documents = [text.split() for text in values]
    tokens, offsets, vocabulary = encode_with_vocabulary(documents)
    return list(vocabulary), tokens, np.diff(offsets), {}


def plain(types: dict[str, dict[str, Any]] | None) -> Any:
    """The attributes of `TextTypes` of each column as values for JSON, from which `TextTypes.parsed` makes them."""
    if types is None:
        return None
    return {
        name: {key: sorted(value) if isinstance(value, frozenset) else value for key, value in each.items()}
        for name, each in types.items()
    }


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Context manager: yield a new folder that gets the name `folder` at the end.

    A kill leaves ``NAME.….new``. A process that was believed dead may write the same folder: the first one counts.
    """
    new = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}.new")
    new.mkdir()
    yield new
    try:
        new.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(new)
