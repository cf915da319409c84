"""OCTIS folders: ``corpus.tsv`` of tokens ⇥ partition ⇥ label, ``vocabulary.txt``."""

import csv
from pathlib import Path
from typing import TypeVar

from topicml.corpus.data import CorpusData
from topicml.corpus.sources.decoding import read_lines
from topicml.corpus.sources.wordlists import read_vocabulary
from topicml.errors import InputError

MARK = "corpus.tsv"
_AnyCorpus = TypeVar("_AnyCorpus", bound=CorpusData)


def read_octis(folder: Path, split: str | None = None, encoding: str = "utf-8") -> CorpusData:
    """Read an OCTIS folder as it is: tokens are what white space separates, and rows keep the order of the file.

    OCTIS's own loader moves rows to the order train, validation, test, and drops those of other partitions; here the
    partition is the field "partition" and the label the field "label" (both strings, None where missing).

    OCTIS writes with pandas, which puts quotation marks around a column that holds one and doubles those within: such
    a column is read as what was written. A mark that does not open and close a column in this way is a part of its
    word; pandas would take all that follows, other rows too, for the same column.

    Parameters
    ----------
    split
        Rows of this partition alone; by default, and for "all", every row.

    Raises
    ------
    InputError
        If a row has more than three columns, ``vocabulary.txt`` has a word twice, or no row is of the partition.
    """
    path = folder / MARK
    rows = [columns_of(line) for line in read_lines(path, encoding)]
    for number, row in enumerate(rows, start=1):
        if len(row) > 3:
            raise InputError(
                f"Line {number} of {path} has {len(row)} columns; OCTIS's are tokens, partition and label."
            )
    columns = max(map(len, rows))
    fields = {name: [_at(row, i) for row in rows] for i, name in [(1, "partition"), (2, "label")] if i < columns}
    words = read_vocabulary(folder / "vocabulary.txt", encoding) if (folder / "vocabulary.txt").exists() else None
    corpus = CorpusData.from_tokens([row[0].split() for row in rows], words, fields)
    return only_partition(corpus, split, str(path))


def columns_of(line: str) -> list[str]:
    """Columns of a line of ``corpus.tsv``, quotation marks read as in `read_octis`."""
    if line.startswith('"') or '\t"' in line:
        try:
            return next(csv.reader([line], delimiter="\t", strict=True))
        except csv.Error:  # a mark that is not closed, or closed within a column
            pass
    return line.split("\t")


def _at(row: list[str], i: int) -> str | None:
    return row[i].strip() or None if i < len(row) else None


def only_partition(corpus: _AnyCorpus, split: str | None, name: str) -> _AnyCorpus:
    """Return the documents whose field "partition" is `split`, or all for None and "all"; `name` is for the error."""
    if split in (None, "all"):
        return corpus
    partitions = list(corpus.fields["partition"]) if "partition" in corpus.fields else []
    if split not in partitions:
        known = ", ".join(map(repr, dict.fromkeys(filter(None, partitions)))) or "none"
        raise InputError(f"No document of {name} is of the partition {split!r}; partitions: {known} (or split='all').")
    return corpus[[i for i, partition in enumerate(partitions) if partition == split]]
