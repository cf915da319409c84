"""Check the arrays of a saved corpus, which SciPy and torch use as indices without a check.

Each file is read once, in blocks, so the check takes little memory. Files that this user saved and that have not
changed since are not checked: `stamp` is signed when they are saved.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from topicml.corpus.fingerprint import Digest
from topicml.corpus.mapped import MappedFile, mapped_array
from topicml.corpus.npy_headers import reading
from topicml.errors import InputError

_BLOCK = 1 << 20
_LONGEST_HEADER = 10_000


def stamp(folder: Path, content: str) -> dict[str, Any]:
    """A value that changes if the files of a saved corpus change.

    Parameters
    ----------
    folder : Path
        The folder of the corpus.
    content : str
        The fingerprint of the corpus.

    Returns
    -------
    dict
        The fingerprint, and the inode, size and time of every file but the header. A copy has other inodes.
    """
    found = {file.name: file.stat() for file in sorted(folder.iterdir()) if file.name != "corpus.json"}
    files = {name: [each.st_ino, each.st_size, each.st_mtime_ns] for name, each in found.items()}
    return {"fingerprint": content, "files": files}


class Entries(Protocol):
    """Entries of an array in a file, or in several files one after the other (`topicml.corpus.joined`)."""

    @property
    def length(self) -> int:
        """Number of entries."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the entries."""

    def mapped(self) -> np.ndarray:
        """The array, memory-mapped if it can be."""

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Parts of the array, each with the number of its first entry."""

    def place(self, number: int) -> tuple[Path, int]:
        """The file of an entry, and its number in that file."""


@dataclass(frozen=True)
class ArrayFile:
    """A .npy file of one column, or of vectors, whose header was checked.

    Attributes
    ----------
    path : Path
        The file.
    dtype : numpy.dtype
        Type of the entries.
    length : int
        Number of entries.
    begin : int
        Bytes before the first entry.
    width : int or None
        Numbers per entry if the entries are vectors.
    """

    path: Path
    dtype: np.dtype
    length: int
    begin: int
    width: int | None = None

    @classmethod
    def of(cls, path: Path, dtype: Any, length: int, width: int | None = None) -> "ArrayFile":
        """Read the header.

        Parameters
        ----------
        path : Path
            The file.
        dtype : dtype
            The expected type.
        length : int
            The expected number of entries.
        width : int, optional
            The expected length of the vectors, if the entries are vectors.

        Returns
        -------
        ArrayFile

        Raises
        ------
        InputError
            If the file has another type, number of entries or size.
        """
        with open(path, "rb") as stream:
            found, shape = _header(stream, path)
            begin = stream.tell()
            size = path.stat().st_size - begin
        if found != np.dtype(dtype) or shape[1:] != (() if width is None else (width,)) or not shape:
            what = "a column" if width is None else f"vectors of length {width}"
            raise InputError(f"{path} has {found} of shape {shape}, not {what} of {np.dtype(dtype)}: a damaged corpus.")
        if shape[0] != length or size != length * found.itemsize * (width or 1):
            raise InputError(
                f"{path} has {shape[0]:,} entries in {size:,} bytes but the header says {length:,}: a damaged corpus."
            )
        return cls(path, found, length, begin, width)

    def mapped(self) -> np.ndarray:
        """The array, memory-mapped: a plain read-only array."""
        shape = (self.length,) if self.width is None else (self.length, self.width)
        if not self.length:
            return np.empty(shape, dtype=self.dtype)
        with open(self.path, "rb") as stream:
            file = MappedFile(stream.fileno(), 0, access=mmap.ACCESS_READ)
        return mapped_array(file, self.dtype, shape, self.begin)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Parts of the array, each with the number of its first entry."""
        with open(self.path, "rb") as stream:
            stream.seek(self.begin)
            for begin in range(0, self.length, _BLOCK):
                block = np.fromfile(stream, self.dtype, min(_BLOCK, self.length - begin))
                if len(block) < min(_BLOCK, self.length - begin):
                    raise InputError(f"{self.path} became shorter while it was read. Save the corpus again.")
                yield begin, block

    def place(self, number: int) -> tuple[Path, int]:
        """The file of an entry, and its number in that file."""
        return self.path, number


def checked_offsets(file: Entries, total: int) -> str:
    """Check offsets: from 0 to `total`, never decreasing.

    Parameters
    ----------
    file : Entries
        The offsets.
    total : int
        Number of entries that they divide.

    Returns
    -------
    str
        The digest of the array.

    Raises
    ------
    InputError
        If an offset is wrong.
    """
    sha, last = Digest("<i8"), 0
    for begin, block in file.blocks():
        wrong = np.flatnonzero(np.diff(block, prepend=block.dtype.type(last)) < 0)
        if len(wrong) or (begin == 0 and block[0] != 0):
            raise _damaged(file, begin + int(wrong[0]) if len(wrong) else 0, "is less than the one before it, or not 0")
        last = int(block[-1])
        sha.update(block)
    if last != total:
        raise _damaged(file, file.length - 1, f"is {last:,}, not the number of entries, {total:,}")
    return sha.hexdigest()


def checked_ids(file: Entries, n_words: int, *, rows: np.ndarray | None = None) -> str:
    """Check word ids.

    Parameters
    ----------
    file : Entries
        Word ids.
    n_words : int
        Ids are less than this.
    rows : ndarray, (n_docs + 1,), optional
        Checked offsets; between two of them, ids must increase.

    Returns
    -------
    str
        The digest of the array.

    Raises
    ------
    InputError
        If an id is wrong.
    """
    sha, last = Digest("<i4"), -1
    for begin, block in file.blocks():
        if int(block.min()) < 0 or int(block.max()) >= n_words:
            wrong = int(np.flatnonzero((block < 0) | (block >= n_words))[0])
            raise _damaged(file, begin + wrong, f"is {block[wrong]}, and there are {n_words:,} words")
        if rows is not None:
            starts = begin + np.flatnonzero(np.diff(block, prepend=block.dtype.type(last)) <= 0)
            wrong_starts = starts[rows[np.searchsorted(rows, starts)] != starts]
            if len(wrong_starts):
                raise _damaged(file, int(wrong_starts[0]), "is not greater than the one before it in its document")
        last = int(block[-1])
        sha.update(block)
    return sha.hexdigest()


def checked_counts_data(file: Entries, rows: np.ndarray, offsets: np.ndarray | None) -> str:
    """Check the counts of words in documents.

    Parameters
    ----------
    file : Entries
        One count per entry.
    rows : ndarray, (n_docs + 1,)
        Checked offsets of the entries of each document.
    offsets : ndarray, (n_docs + 1,), or None
        Checked offsets of the tokens of each document, whose number must be the sum of its counts.

    Returns
    -------
    str
        The digest of the array.

    Raises
    ------
    InputError
        If a count is less than 1, or counts and tokens disagree.
    """
    sha, before = Digest("<i4"), 0
    for begin, block in file.blocks():
        if int(block.min()) < 1:
            wrong = int(np.flatnonzero(block < 1)[0])
            raise _damaged(file, begin + wrong, f"is {block[wrong]}; counts start at 1")
        sums = np.cumsum(block, dtype=np.int64) + before
        if offsets is not None:
            end = int(np.searchsorted(rows, begin + len(block), side="right"))
            first = int(np.searchsorted(rows, begin, side="right"))  # documents that end within this block
            ends = sums[rows[first:end] - begin - 1]
            if not np.array_equal(ends, offsets[first:end]):
                raise _damaged(file, begin, "or a later one disagrees with the number of tokens of its document")
        before = int(sums[-1])
        sha.update(block)
    if offsets is not None and not file.length and offsets[-1] != 0:
        raise _damaged(file, 0, "is missing: there are tokens, and no counts")
    return sha.hexdigest()


def _header(stream: BinaryIO, path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    def read() -> tuple[np.dtype, tuple[int, ...]]:
        stream.seek(0)
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream, max_header_size=_LONGEST_HEADER)
        return dtype, shape

    try:
        return reading(read)
    except SystemError:  # of Python, not of the file
        raise
    except (MemoryError, RecursionError) as error:
        raise InputError(
            f"The header of {path} cannot be read ({type(error).__name__}: {error}): the memory or the stack of this "
            "process is full, or the corpus is damaged. Try again in a new process, or save the corpus again."
        ) from error
    except Exception as error:  # NumPy parses the header as Python, which fails in many ways
        raise InputError(f"{path} is not a whole .npy file ({error}): a damaged corpus. Save it again.") from error


def _damaged(file: Entries, number: int, what: str) -> InputError:
    path, entry = file.place(number)
    return InputError(f"{path}: entry {entry:,} {what}: a damaged corpus. Save it again.")
