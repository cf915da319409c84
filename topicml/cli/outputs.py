"""The files that `fit` and `transform` write."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError
from topicml.files import atomic_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from topicml.models import TopicModel

WORDS = 25  # words of a topic in topics.json and topics.csv
_ROWS = 50_000  # documents written at once


def write_topics(folder: Path, model: "TopicModel") -> list[list[str]]:
    """Write ``topics.json`` (a list of words a topic) and ``topics.csv`` (topic, rank, word, probability)."""
    topics = model.topics(min(WORDS, model.components_.shape[1]))
    write_json(folder / "topics.json", topics)
    assert model.vocabulary_ is not None  # fitted on a Corpus
    column = {word: i for i, word in enumerate(model.vocabulary_)}
    with atomic_file(folder / "topics.csv") as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("topic", "rank", "word", "probability"))
        for number, words in enumerate(topics):
            for rank, word in enumerate(words, start=1):
                writer.writerow((number, rank, word, f"{model.components_[number, column[word]]:.6g}"))
    return topics


def write_theta(path: Path, theta: "np.ndarray") -> None:
    """Write topic proportions, (n_docs, n_topics), as the suffix says: columns row, theta_0 and so on."""
    with atomic_file(path) as temporary:
        theta_writer(path)(temporary, theta)


def theta_writer(path: Path) -> Callable[[Path, "np.ndarray"], None]:
    """Return what writes theta to a file of this suffix; InputError where nothing does."""
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
    if path.suffix.lower() not in writers:
        raise InputError(f"{path} ends in {path.suffix or 'no suffix'}. Choose one of {', '.join(writers)}.")
    return writers[path.suffix.lower()]


def write_json(path: Path, value: Any) -> None:
    """Write JSON, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_topics(path: Path) -> list[list[str]]:
    """Read ``topics.json``.

    Raises
    ------
    InputError
        If it is not a list of lists of words.
    """
    try:
        topics = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not JSON in UTF-8 ({error}).") from error
    if not isinstance(topics, list) or not topics or not all(map(_is_topic, topics)):
        raise InputError(f'{path} must hold a list of topics, each a list of words: [["game", "team"], …].')
    return topics


def _is_topic(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _write_parquet(path: Path, theta: "np.ndarray") -> None:
    import pyarrow.parquet as pq

    parts = _tables(theta)
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _write_csv(path: Path, theta: "np.ndarray") -> None:
    import pyarrow.csv as pc

    parts = _tables(theta)
    first = next(parts)
    with pc.CSVWriter(path, first.schema, write_options=pc.WriteOptions(quoting_style="none")) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _write_jsonl(path: Path, theta: "np.ndarray") -> None:
    with open(path, "w", encoding="utf-8") as stream:
        for part in _tables(theta):
            stream.writelines(json.dumps(record) + "\n" for record in part.to_pylist())


def _tables(theta: "np.ndarray") -> Iterator["pa.Table"]:
    import numpy as np
    import pyarrow as pa

    names = ["row", *(f"theta_{k}" for k in range(theta.shape[1]))]
    for start in range(0, max(len(theta), 1), _ROWS):
        part = theta[start : start + _ROWS]
        rows = np.arange(start, start + len(part), dtype=np.int64)
        yield pa.table([pa.array(rows), *(pa.array(np.ascontiguousarray(column)) for column in part.T)], names=names)
