"""OCTIS's folders: ``corpus.tsv``, ``vocabulary.txt``, ``metadata.json``."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from topicml.corpus import Corpus
from topicml.corpus.sources.octis import MARK, only_partition, read_octis
from topicml.errors import InputError
from topicml.files import atomic_folder
from topicml.integrations.octis.partitions import metadata_of, partitions_of, restored, type_name

# White space to every reader of words, but not to pandas, with which OCTIS reads: it keeps an empty document from being
# taken for a missing one, "1" and "nan" for numbers, and a quotation mark for the beginning of a quoted column.
_GUARD = "\u00a0"
_BOM = "\ufeff"
# What pandas takes for a missing value (its `read_csv`, na_values); "#N/A N/A" is even a document of two words.
_MISSING = frozenset(
    (
        *("#N/A", "#N/A N/A", "#NA", "N/A", "n/a", "NA", "<NA>", "NULL", "null", "None"),
        *("NaN", "-NaN", "nan", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    )
)


def write_folder(
    corpus: Corpus,
    folder: str | os.PathLike[str],
    *,
    partition: str | None = "partition",
    label: str | None = "label",
    overwrite: bool = False,
) -> None:
    """Write a corpus as an OCTIS folder that OCTIS, `Corpus.read` and `read_folder` read.

    Rows keep the corpus's order (OCTIS moves them itself to train, val, test). OCTIS holds words, partitions and
    labels: other fields are not written. A missing or empty label is an empty column, which OCTIS reads as NaN; "NA"
    and the like get a no-break space before them, so that OCTIS keeps them. Labels that are all numbers are numbers to
    OCTIS. `read_folder` gives back the same corpus; `Corpus.read` does, too, but that labels are strings, every row has
    a partition, and words have an order.

    Parameters
    ----------
    partition, label : str or None
        Fields of the partition ("train", "val", "test"; without such a field, "train") and of the label (strings,
        numbers or truth values).
    overwrite : bool
        Replace an older folder.

    Raises
    ------
    InputError
        If a word is empty or holds white space, a label holds a tab or a line's end or has white space around it, a
        partition is none of OCTIS's, the corpus has no words, or the folder exists.
    """
    if not corpus.n_words:
        raise InputError("The corpus has no words, and an OCTIS folder needs some.")
    for word in corpus.vocabulary:
        if word.split() != [word]:
            raise InputError(f"The word {word!r} is empty or holds white space, which separates words in OCTIS's file.")
    partitions = partitions_of(corpus, partition)
    types = {"partition": "string"} if partition is not None and partition in corpus.fields else {}
    labels = None
    if label is not None and label in corpus.fields:
        labels, types["label"] = _labels(corpus.fields.table.column(label), label)
    metadata = metadata_of(corpus, partitions, Path(folder).name, types, labels)
    with atomic_folder(folder, overwrite=overwrite) as temporary:
        with open(temporary / MARK, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_rows(corpus, partitions, labels))
        words = [_GUARD + word if word.startswith(_BOM) else word for word in corpus.vocabulary]
        (temporary / "vocabulary.txt").write_text("\n".join([*words, ""]), encoding="utf-8", newline="\n")
        (temporary / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")


def read_folder(folder: str | os.PathLike[str], split: str | None = None) -> Corpus:
    """Read an OCTIS folder; one of `write_folder` becomes the corpus that it was made from.

    Parameters
    ----------
    split : str, optional
        Rows of this partition alone.

    Raises
    ------
    InputError
        As `Corpus.read`; or if ``metadata.json`` is no JSON.
    """
    folder = Path(folder)
    corpus, path = Corpus.from_data(read_octis(folder)), folder / "metadata.json"
    if path.exists():
        try:
            corpus = restored(corpus, json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
            raise InputError(f"{path} is damaged ({error}). Remove it: the corpus is read without, too.") from error
    return only_partition(corpus, split, str(folder))


def _rows(corpus: Corpus, partitions: list[str], labels: list[str] | None) -> Iterator[str]:
    for i, (words, partition) in enumerate(zip(corpus, partitions, strict=True)):
        text = " ".join(words)
        guard = _GUARD if len(words) < 2 or text in _MISSING or text.startswith(('"', _BOM)) else ""
        columns = [guard + text, partition, *([] if labels is None else [labels[i]])]
        yield "\t".join(columns) + "\n"


def _labels(column: pa.ChunkedArray, field: str) -> tuple[list[str], str]:
    """The labels as text, and the name of their type."""
    kind = type_name(column.type)
    if kind == "any":
        raise InputError(f"The field {field!r} is of type {column.type}, no label for OCTIS; make strings of it.")
    texts = ["" if value is None else value for value in column.cast(pa.large_string()).to_pylist()]
    for row, text in enumerate(texts):
        if text.strip() != text or any(mark in text for mark in "\t\n\r"):
            raise InputError(f"The label of document {row} is {text!r}: OCTIS's file cannot hold its white space.")
    odd = _MISSING if kind == "string" else frozenset()
    return [_GUARD + text if text in odd or text.startswith('"') else text for text in texts], kind
