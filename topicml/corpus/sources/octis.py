"""Read OCTIS folders: ``corpus.tsv`` with the columns tokens, partition and label, and ``vocabulary.txt``."""

import csv
from pathlib import Path
from typing import TypeVar

from topicml.corpus.data import CorpusData
from topicml.corpus.sources.decoding import read_lines
from topicml.corpus.sources.wordlists import read_vocabulary
from topicml.errors import InputError, warn

MARK = "corpus.tsv"
_PARTITIONS = ("train", "val", "valid", "validation", "dev", "test")
_AnyCorpus = TypeVar("_AnyCorpus", bound=CorpusData)


def read_octis(folder: Path, split: str | None = None, encoding: str = "utf-8") -> CorpusData:
    """Read an OCTIS folder without preprocessing: white space separates tokens, and rows keep the order of the file.

    The partition becomes the field "partition" and the label the field "label" (both strings, None if missing).
    OCTIS's loader instead reorders rows to train, validation, test, and drops other partitions.

    OCTIS writes with pandas, which quotes a column that contains a quotation mark and doubles the marks inside. This
    reader undoes the quoting. A mark that does not open and close a column in this way is part of its word; pandas
    would merge everything after it, including other rows, into one column.

    If the file was written with pandas's row numbers, these and the line of column names are left out.

    Parameters
    ----------
    folder : Path
        The folder.
    split : str, optional
        Read this partition only; by default, and for "all", every row.
    encoding : str
        Encoding of the files.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        If a row has more than three columns, ``vocabulary.txt`` repeats a word, or no row has the partition.

    Warns
    -----
    TopicWarning
        If row numbers were left out.
    """
    path = folder / MARK
    rows = _without_row_numbers([columns_of(line) for line in read_lines(path, encoding)], path)
    for number, row in enumerate(rows, start=1):
        if len(row) > 3:
            raise InputError(
                f"Line {number} of {path} has {len(row)} columns; expected at most 3: tokens, partition and label."
            )
    columns = max(map(len, rows))
    fields = {name: [_at(row, i) for row in rows] for i, name in [(1, "partition"), (2, "label")] if i < columns}
    words = read_vocabulary(folder / "vocabulary.txt", encoding) if (folder / "vocabulary.txt").exists() else None
    corpus = CorpusData.from_tokens([row[0].split() for row in rows], words, fields)
    return only_partition(corpus, split, str(path))


def columns_of(line: str) -> list[str]:
    """Split a line of ``corpus.tsv`` into columns; see `read_octis` for quotation marks."""
    if line.startswith('"') or '\t"' in line:
        try:
            return next(csv.reader([line], delimiter="\t", strict=True))
        except csv.Error:  # a mark that is not closed, or closed inside a column
            pass
    return line.split("\t")


def _without_row_numbers(rows: list[list[str]], path: Path) -> list[list[str]]:
    """Leave out a first column that counts the rows from 0 or 1, and a first line of column names without one."""
    documents = rows[1:] if len(rows) > 2 and len(rows[0]) > 1 and not rows[0][0].strip() else rows
    first = [row[0] for row in documents]
    counted = any(first == [str(i) for i in range(start, start + len(first))] for start in (0, 1))
    if len(documents) < 2 or not counted or any(len(row) < 2 for row in documents):
        return rows
    if all(row[1].strip() in _PARTITIONS for row in documents):  # then the numbers are the documents
        return rows
    warn(
        f"The first column of {path} counts the rows, and was left out"
        f"{', as was the line of column names' if documents is not rows else ''}. Write it without row numbers "
        "(pandas: to_csv(..., sep='\t', index=False, header=False))."
    )
    return [row[1:] for row in documents]


def _at(row: list[str], i: int) -> str | None:
    return row[i].strip() or None if i < len(row) else None


def only_partition(corpus: _AnyCorpus, split: str | None, name: str) -> _AnyCorpus:
    """Select the documents of a partition.

    Parameters
    ----------
    corpus : CorpusData
        A corpus with a field "partition".
    split : str or None
        Value of the field; None or "all" for all documents.
    name : str
        What the error message calls the corpus.

    Returns
    -------
    CorpusData
        Of the same class as `corpus`.

    Raises
    ------
    InputError
        If no document has this partition.
    """
    if split in (None, "all"):
        return corpus
    partitions = list(corpus.fields["partition"]) if "partition" in corpus.fields else []
    if split not in partitions:
        names = ", ".join(map(repr, dict.fromkeys(filter(None, partitions)))) or "none"
        raise InputError(f"No document of {name} has the partition {split!r}; partitions: {names} (or split='all').")
    return corpus[[i for i, partition in enumerate(partitions) if partition == split]]
