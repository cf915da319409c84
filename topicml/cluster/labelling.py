"""Topics of the documents of one table, and of one file, in any process."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from topicml.corpus.columns import plain_column
from topicml.corpus.sources.batches import Files
from topicml.corpus.sources.decoding import suffix_of
from topicml.corpus.sources.table_files import SUFFIXES, parquet_batches, read_table
from topicml.corpus.sources.tables import is_tokens, text_and_label
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.rows import counts_of_texts, fields_read, in_words, infer, label_inferred
from topicml.files import atomic_file
from topicml.runs import open_run
from topicml.runs.rows import predicted_columns
from topicml.runs.tables import added_columns

_MADE_BY = b"topicml.labelled"  # key of the metadata of a file of labelled rows
_ROWS = 20_000  # documents at a time
_opening = Lock()


@dataclass(frozen=True)
class Labelling:
    """How documents are labelled, as plain values that another process can get.

    Attributes
    ----------
    run : str
        Absolute path of what `topicml fit --out` wrote, or of a saved model, which every worker can read.
    text_column : str or None
        As in `Corpus.from_frame`.
    encoding, delimiter, sheet : str or None
        As in `Corpus.read`; Parquet needs none.
    min_confidence : float or None
        Documents with a smaller confidence get topic -1.
    theta : bool
        Whether to add the topic proportions.
    trust : bool
        As in `topicml.open_run`.
    """

    run: str
    text_column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    min_confidence: float | None = None
    theta: bool = False
    trust: bool = False

    def identity(self) -> str:
        """A digest of the model with its edits, and of the settings."""
        sha = hashlib.sha256(json.dumps({**asdict(self), "run": None, "trust": None}).encode())
        folder = Path(self.run)
        model = folder / "model" if (folder / "model").is_dir() else folder
        for file in sorted([*(each for each in model.iterdir() if each.is_file()), folder / "labels.csv"]):
            if file.is_file():
                with open(file, "rb") as stream:
                    sha.update(file.name.encode() + hashlib.file_digest(stream, "sha256").digest())
        return sha.hexdigest()


def label_table(view: TopicView, table: pa.Table, labelling: Labelling, name: str = "the table") -> pa.Table:
    """Add the topics of documents to a table.

    Parameters
    ----------
    view : TopicView
        The topics.
    table : pyarrow.Table
        One row per document; it may have no rows.
    labelling : Labelling
        Column of the texts, and what to add.
    name : str
        What messages call the table.

    Returns
    -------
    pyarrow.Table
        All columns of `table`, and those of `topicml transform`.

    Raises
    ------
    InputError
        If no column holds text.
    """
    table = pa.table({each: plain_column(table.column(each)) for each in table.column_names})
    text, _ = text_and_label(table, labelling.text_column, None, name)
    texts = table.column(text)
    values = texts.to_pylist()
    if is_tokens(texts.type):
        values = [" ".join(token for token in tokens or () if token is not None) for tokens in values]
    counts, n_words = counts_of_texts(view.model, [value or "" for value in values])
    documents = in_words(view.model, counts, fields_read(view.model, table))
    inferred = infer(view.model, documents)
    rows = label_inferred(view, inferred, counts, n_words, labelling.min_confidence)
    shares = view.changed(inferred, counts) if labelling.theta else None
    predicted = predicted_columns(view.model, documents, counts)
    for column, added in added_columns(rows, shares, table.column_names, predicted).items():
        table = table.append_column(column, _array(added))
    return table


def label_file(source: Path, out: Path, labelling: Labelling, identity: str) -> int:
    """Write the documents of a file with their topics to a Parquet file.

    It calls no engine, and needs nothing but its arguments and the files: any process can run it. A process opens the
    model once.

    Parameters
    ----------
    source : Path
        A table, or a text file with a document in each line. Parquet is read in batches, other formats at once.
    out : Path
        The file to write; it appears when it is complete.
    labelling : Labelling
        The model, and how to read and label.
    identity : str
        `Labelling.identity`, which the file keeps: `is_labelled` compares it.

    Returns
    -------
    int
        Number of documents.

    Raises
    ------
    InputError
        If the file or the model cannot be read.
    """
    with _opening:  # workers of an engine may be threads
        view = _view(labelling.run, identity, labelling.trust)
    metadata = {_MADE_BY: json.dumps({"identity": identity, "source": _stamp(source)}).encode()}
    n_docs, schema = 0, None
    with atomic_file(out) as temporary, open(temporary, "wb") as stream:
        writer = None
        for table in _tables(source, labelling):
            labelled = label_table(view, table, labelling, str(source))
            if writer is None:
                schema = labelled.schema.with_metadata(metadata)
                writer = pq.ParquetWriter(stream, schema)
            writer.write_table(labelled.cast(schema))
            n_docs += labelled.num_rows
        if writer is None:
            raise InputError(f"There are no documents in {source}.")
        writer.close()
    return n_docs


def is_labelled(source: Path, out: Path, identity: str) -> bool:
    """Whether a file has the topics of a source, of the same model and settings, and is complete.

    Parameters
    ----------
    source, out : Path
        As for `label_file`.
    identity : str
        `Labelling.identity`.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        If `out` is a file that topicml did not write.
    """
    if not out.exists():
        return False
    try:
        with open(out, "rb") as stream:
            metadata = pq.read_schema(stream).metadata or {}
    except (pa.ArrowException, OSError, ValueError):
        metadata = {}
    if _MADE_BY not in metadata:
        raise InputError(f"{out} exists, and topicml did not write it. Choose another folder, or remove it.")
    return bool(json.loads(metadata[_MADE_BY]) == {"identity": identity, "source": _stamp(source)})


def _tables(source: Path, labelling: Labelling) -> Iterator[pa.Table]:
    if suffix_of(source) == ".parquet":
        return parquet_batches(source, _ROWS)
    encoding = labelling.encoding or "utf-8"
    if suffix_of(source) in SUFFIXES:
        return iter([read_table(source, encoding, labelling.delimiter, labelling.sheet).replace_schema_metadata(None)])
    return (table for table, _ in Files((source,), encoding).batches(_ROWS))


@lru_cache(maxsize=1)
def _view(run: str, identity: str, trust: bool) -> TopicView:
    """The topics of a model, which a process opens once; `identity` changes with its edits."""
    return TopicView.of(open_run(run, trust=trust, progress=False).model)


def _stamp(source: Path) -> list[Any]:
    found = source.stat()
    return [source.name, found.st_size, found.st_mtime_ns]


def _array(values: Any) -> pa.Array:
    if isinstance(values, list):
        return pa.array(values, pa.large_string())
    return pa.array(np.asarray(values), from_pandas=True)
