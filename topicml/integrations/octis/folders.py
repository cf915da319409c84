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

# OCTIS reads the file with pandas, which does not strip this space, while readers of words treat it as white space. It
# prevents pandas from reading an empty document as missing, "1" and "nan" as numbers, and a quotation mark as the
# beginning of a quoted column.
_GUARD = "\u00a0"
_BOM = "\ufeff"
# What pandas reads as a missing value (`read_csv`, na_values); "#N/A N/A" is a possible document of two words.
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

    Rows keep the corpus's order (OCTIS sorts them by partition when it reads them). OCTIS's format has words,
    partitions and labels; other fields are not written. A missing or empty label becomes an empty column, which OCTIS
    reads as NaN. Labels such as "NA" get a no-break space in front, so that OCTIS keeps them. If all labels are
    numbers, OCTIS reads them as numbers. `read_folder` returns the same corpus. `Corpus.read` returns it with labels as
    strings, a partition for every row, and word order.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    folder : path
        Where to write.
    partition : str or None
        Field with the values "train", "val" and "test". If it is missing or None, all documents are in "train".
    label : str or None
        Field of labels: strings, numbers or booleans. It may be missing.
    overwrite : bool
        Replace an existing OCTIS folder.

    Raises
    ------
    InputError
        If a word is empty or contains white space; if a label contains a tab or line break, or has white space around
        it; if a partition has another name; if the corpus has no words; if the folder exists.
    """
    if not corpus.n_words:
        raise InputError("The corpus has no words; an OCTIS folder needs at least one.")
    for word in corpus.vocabulary:
        if word.split() != [word]:
            raise InputError(
                f"The word {word!r} is empty or contains white space, which separates words in OCTIS's file."
            )
    partitions = partitions_of(corpus, partition)
    types = {"partition": "string"} if partition is not None and partition in corpus.fields else {}
    labels = None
    if label is not None and label in corpus.fields:
        labels, types["label"] = _labels(corpus.fields.column(label), label)
    metadata = metadata_of(corpus, partitions, Path(folder).name, types, labels)
    with atomic_folder(folder, overwrite=overwrite) as temporary:
        with open(temporary / MARK, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_rows(corpus, partitions, labels))
        words = [_GUARD + word if word.startswith(_BOM) else word for word in corpus.vocabulary]
        (temporary / "vocabulary.txt").write_text("\n".join([*words, ""]), encoding="utf-8", newline="\n")
        (temporary / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")


def read_folder(folder: str | os.PathLike[str], split: str | None = None) -> Corpus:
    """Read an OCTIS folder.

    Parameters
    ----------
    folder : path
        The folder.
    split : str, optional
        Read this partition alone.

    Returns
    -------
    Corpus
        For a folder of `write_folder`, the original corpus.

    Raises
    ------
    InputError
        As `Corpus.read`, or if ``metadata.json`` is damaged.
    """
    folder = Path(folder)
    corpus, path = Corpus.from_data(read_octis(folder)), folder / "metadata.json"
    if path.exists():
        try:
            corpus = restored(corpus, json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
            raise InputError(f"{path} is damaged ({error}). Remove it: the corpus can be read without it.") from error
    return only_partition(corpus, split, str(folder))


def _rows(corpus: Corpus, partitions: list[str], labels: list[str] | None) -> Iterator[str]:
    """The lines of ``corpus.tsv``."""
    for i, (words, partition) in enumerate(zip(corpus, partitions, strict=True)):
        text = " ".join(words)
        guard = _GUARD if len(words) < 2 or text in _MISSING or text.startswith(('"', _BOM)) else ""
        columns = [guard + text, partition, *([] if labels is None else [labels[i]])]
        yield "\t".join(columns) + "\n"


def _labels(column: pa.ChunkedArray, field: str) -> tuple[list[str], str]:
    """The labels as strings, and the name of their type."""
    kind = type_name(column.type)
    if kind == "any":
        raise InputError(
            f"The field {field!r} is of type {column.type}, which cannot be a label in OCTIS. Convert it to strings."
        )
    texts = ["" if value is None else value for value in column.cast(pa.large_string()).to_pylist()]
    for row, text in enumerate(texts):
        if text.strip() != text or any(mark in text for mark in "\t\n\r"):
            raise InputError(f"The label of document {row} is {text!r}: OCTIS's file cannot represent its white space.")
    reserved = _MISSING if kind == "string" else frozenset()
    return [_GUARD + text if text in reserved or text.startswith('"') else text for text in texts], kind
