"""The first pass over files: cut them into shards, and count each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from topicml.corpus.building.counting import Splitting, count_shard
from topicml.corpus.sources.batches import Files
from topicml.errors import InputError

_COUNTED = re.compile("counted-([0-9]{5,})-([0-9]{5,})")


@dataclass(frozen=True)
class FileGroup:
    """Files that are read one after the other and cut into shards, each in a folder.

    Attributes
    ----------
    number : int
        Position among all groups.
    files : Files
        The files of this group.
    first : Path
        The first file of all groups, for messages.
    rows : int
        Documents of a shard; the last one of a group may have fewer.
    work : Path
        The folder of the shards.
    """

    number: int
    files: Files
    first: Path
    rows: int
    work: Path

    def __str__(self) -> str:
        paths = self.files.paths
        return str(paths[0]) if len(paths) == 1 else f"{paths[0]} to {paths[-1].name}"

    @property
    def mark(self) -> Path:
        """A file that is there when all shards are counted."""
        return self.work / f"counted-{self.number:05d}"

    def shards(self, splitting: Splitting | None = None) -> Iterator[tuple[Path, pa.Table, float | None]]:
        """Read the shards.

        Parameters
        ----------
        splitting : Splitting, optional
            Has the columns that all files must have; by default those of the first file of this group.

        Yields
        ------
        folder : Path
            Where the shard is counted.
        table : pyarrow.Table
            Its documents.
        share : float or None
            About the share of this group that is read.
        """
        columns = None if splitting is None else (self.first, splitting.columns)
        for index, (table, share) in enumerate(self.files.batches(self.rows, columns)):
            yield self.work / f"{self.mark.name}-{index:05d}", table, share


def count_group(group: FileGroup, splitting: Splitting) -> int:
    """Count the shards of some files that are not counted yet.

    It calls no engine, and needs nothing but its arguments and the files: any process can run it.

    Parameters
    ----------
    group : FileGroup
        The files.
    splitting : Splitting
        How to split the texts.

    Returns
    -------
    int
        Number of documents of the group.

    Raises
    ------
    InputError
        If a file cannot be read, has other columns than the first, or the folder of the shards is not there.
    """
    if not group.work.is_dir():
        raise InputError(
            f"{group.work} is not there. Put the corpus into a folder that all workers see under the same path."
        )
    n_docs = 0
    for folder, table, _ in group.shards(splitting):
        n_docs += table.num_rows
        if not folder.exists():
            count_shard(folder, table, splitting)
    group.mark.touch()
    return n_docs


def counted_shards(work: Path) -> list[Path]:
    """The folders of all shards that are counted, in the order of the documents."""
    found = ((_COUNTED.fullmatch(folder.name), folder) for folder in work.iterdir())
    numbered = [((int(match[1]), int(match[2])), folder) for match, folder in found if match]
    return [folder for _, folder in sorted(numbered)]
