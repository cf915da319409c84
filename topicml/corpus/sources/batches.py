"""Read many files, or one that is larger than the memory, as one sequence of tables."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.corpus.sources import texts
from topicml.corpus.sources.column_types import ArrowTypes, whole_table
from topicml.corpus.sources.decoding import suffix_of
from topicml.corpus.sources.delimited import delimited_batches
from topicml.corpus.sources.table_files import (
    DELIMITED,
    JSON_LINES,
    SUFFIXES,
    json_batches,
    parquet_batches,
    read_table,
)
from topicml.errors import InputError, warn
from topicml.paths import expanded

_OUTPUT = ("corpus.json", "model.json", "run.json")  # each marks a folder that topicml wrote
_READABLE = (*SUFFIXES, *texts.SUFFIXES)
_PACKED = (".parquet", ".gz", ".zst", ".xlsx")
_UNPACKED = 4  # size of unpacked text, as a multiple


@dataclass(frozen=True)
class Files:
    """Files of documents, one after the other, and how to read them.

    Attributes
    ----------
    paths : tuple of Path
        Tables, or text files with a document in each line, all of one format.
    encoding, delimiter, sheet
        As in `topicml.Corpus.read`.
    """

    paths: tuple[Path, ...]
    encoding: str = "utf-8"
    delimiter: str | None = None
    sheet: str | int | None = None

    @classmethod
    def of(cls, sources: Sequence[Any], **options: Any) -> "Files":
        """Find the files that a user named.

        Parameters
        ----------
        sources : sequence of path
            Files, patterns such as ``data/*.parquet``, and folders, of which all tables are read. The files of a
            pattern or folder are sorted by their names.
        **options
            The other attributes.

        Returns
        -------
        Files

        Raises
        ------
        InputError
            If there is no such file, or a file has another format than the others.
        """
        paths = [path for source in sources for path in _found(source)]
        if not paths:
            raise InputError(
                "There is no source of documents. Pass files, folders or patterns such as 'data/*.parquet'."
            )
        if repeated := next((path for i, path in enumerate(paths) if path in paths[:i]), None):
            raise InputError(f"The sources name {repeated} twice. Name each file once.")
        for path in paths:
            if suffix_of(path) not in _READABLE:
                raise InputError(
                    f"{path} has the suffix {suffix_of(path) or path.name!r}; a corpus is built from "
                    f"{', '.join(_READABLE)}. For other sources use topicml.Corpus.read."
                )
            if _kind(path) != _kind(paths[0]):
                raise InputError(
                    f"{paths[0]} and {path} have different formats. Build the corpus from files of one format."
                )
        used = {"delimiter": DELIMITED, "sheet": (".xlsx",)}
        unused = [name for name, suffixes in used.items() if suffix_of(paths[0]) not in suffixes and options.get(name)]
        if unused:
            warn(f"For {paths[0]}, and files of its format, {', '.join(unused)} had no effect.")
        return cls(tuple(path.absolute() for path in paths), **options)

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(path.stat().st_size for path in self.paths)

    @property
    def n_bytes_of_text(self) -> int:
        """About the size of all files after unpacking."""
        return sum(map(_size_of_text, self.paths))

    def groups(self, n_bytes: int) -> "list[Files]":
        """Split into files that are read together.

        Parameters
        ----------
        n_bytes : int
            About the size of the text of a group, at most. A larger file is a group of its own.

        Returns
        -------
        list of Files
            In the order of the files.
        """
        groups: list[list[Path]] = []
        size = 0
        for path in self.paths:
            size += _size_of_text(path)
            if not groups or size > n_bytes:
                groups.append([])
                size = _size_of_text(path)
            groups[-1].append(path)
        return [replace(self, paths=tuple(group)) for group in groups]

    def identity(self) -> list[list[Any]]:
        """Path, size and time of each file: they change if a file changes."""
        found = [(path, path.stat()) for path in self.paths]
        return [[str(path), each.st_size, each.st_mtime_ns] for path, each in found]

    def batches(
        self, rows: int, first: tuple[Path, Sequence[str]] | None = None
    ) -> Iterator[tuple[pa.Table, float | None]]:
        """Read all files, `rows` documents at a time.

        Parameters
        ----------
        rows : int
            Documents of each table; the last one may have fewer. A table may end within a file, and begin with the end
            of the file before.
        first : tuple, optional
            The first file and its columns, which all files must have; by default those of this object.

        Yields
        ------
        table : pyarrow.Table
            The next documents. Columns of CSV are strings.
        share : float or None
            About the share of all files that is read; None if it is not known.

        Raises
        ------
        InputError
            If a file cannot be read, or has other columns than the first; the message names it.
        """
        waiting: list[pa.Table] = []
        n_waiting, share = 0, None
        for table, share in self._tables(min(rows, 10_000), first):
            waiting.append(table)
            n_waiting += table.num_rows
            while n_waiting >= rows:
                joined = _joined(waiting)
                yield joined.slice(0, rows), share
                rest = joined.slice(rows)
                waiting, n_waiting = [rest] if rest.num_rows else [], rest.num_rows
        if n_waiting:
            yield _joined(waiting), share

    def _tables(self, rows: int, first: tuple[Path, Sequence[str]] | None) -> Iterator[tuple[pa.Table, float | None]]:
        total, done = max(self.n_bytes, 1), 0
        for path in self.paths:
            n_read, size = 0, path.stat().st_size
            for table in self._of_file(path, rows):
                table = table.replace_schema_metadata(None)
                names = table.column_names
                if repeated := sorted({name for name in names if names.count(name) > 1}):
                    raise InputError(
                        f"There is more than one column {', '.join(map(repr, repeated))} in {path}; rename them."
                    )
                if _kind(path) != JSON_LINES[0]:  # an object has the keys that it has
                    first = (path, names) if first is None else first
                    if sorted(names) != sorted(first[1]):
                        raise InputError(
                            f"{path} has the columns {', '.join(names)}, but {first[0]} has {', '.join(first[1])}. "
                            "Files of one corpus must have the same columns."
                        )
                    table = table.select(list(first[1]))
                n_read += table.nbytes - 8 * table.num_columns * (table.num_rows + 1)  # without Arrow's offsets
                yield table, None if suffix_of(path) != path.suffix.lower() else (done + min(n_read, size)) / total
            done += size

    def _of_file(self, path: Path, rows: int) -> Iterator[pa.Table]:
        suffix = suffix_of(path)
        if suffix in DELIMITED:
            return delimited_batches(path, self.encoding, self.delimiter)
        if suffix in JSON_LINES:
            return json_batches(path, self.encoding, rows)
        if suffix == ".parquet":
            return parquet_batches(path, rows)
        if suffix in texts.SUFFIXES:
            return texts.line_batches(path, self.encoding, rows)
        return iter([read_table(path, self.encoding, self.delimiter, self.sheet)])

    @property
    def has_strings_only(self) -> bool:
        """Whether the columns are strings that may stand for numbers and times, as in CSV."""
        return suffix_of(self.paths[0]) in DELIMITED


def _found(source: Any) -> list[Path]:
    path = expanded(source)
    if (path / "corpus.json").is_file():
        raise InputError(f"{path} is a saved corpus already. Fit it (topicml fit), or open it: topicml.Corpus.open.")
    if path.is_dir():
        found = sorted(tables_in(path))
        if not found:
            raise InputError(
                f"There is no table in the folder {path} ({', '.join(SUFFIXES)}). For a folder of .txt files with one "
                "document per file use topicml.Corpus.read."
            )
        return found
    if path.exists():
        return [path]
    names = glob.glob(str(path), recursive=True)  # noqa: PTH207 - the pattern may be absolute
    matching = sorted(Path(name) for name in names if Path(name).is_file())
    if not matching:
        raise InputError(f"There is no file or folder {path}, and no file matches it as a pattern.")
    return matching


def tables_in(folder: Path) -> Iterator[Path]:
    """The tables in a folder and its subfolders, without hidden files and what topicml wrote."""
    if folder.suffix == ".partial" or any((folder / name).is_file() for name in _OUTPUT):
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from tables_in(path)
        elif suffix_of(path) in SUFFIXES:
            yield path


def _size_of_text(path: Path) -> int:
    return path.stat().st_size * (_UNPACKED if path.suffix.lower() in _PACKED else 1)


def _kind(path: Path) -> str:
    """What must be the same for all files: formats that are read alike are one."""
    suffix = suffix_of(path)
    for alike in (DELIMITED, JSON_LINES, texts.SUFFIXES):
        if suffix in alike:
            return alike[0]
    return suffix


def _joined(tables: list[pa.Table]) -> pa.Table:
    """Tables one after the other; of JSON, they may have different columns, and columns of different types."""
    return tables[0] if len(tables) == 1 else whole_table(tables, ArrowTypes)
