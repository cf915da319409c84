"""Arrays that lie in several files, as one array: memory-mapped one after the other, without a copy.

The parts of a corpus are files of their own, and all code reads one array. On Linux and macOS, the pages of the files
are mapped side by side into one range of addresses. For that, a file must begin within its page where its first entry
is within a page of the whole array, which `topicml.corpus.storage` sees to; the pages in which one file ends and the
next begins are copied. Where this is not possible, the files are copied into a temporary file, which is mapped.
"""

import ctypes
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from topicml.corpus.checking import ArrayFile
from topicml.corpus.mapped import MappedFile, mapped_array
from topicml.errors import InputError

PAGE = 4096
"""Bytes of a page, to which the entries of a part are aligned."""

_MAP_FIXED = 0x10  # Linux and macOS
_BLOCK = 1 << 20


class JoinedArray:
    """The entries of several files, one file after the other.

    Parameters
    ----------
    files : sequence of ArrayFile
        At least one; all of one type and width.
    """

    def __init__(self, files: Sequence[ArrayFile]) -> None:
        self.files = tuple(files)
        self.ends = tuple(accumulate(file.length for file in files))
        self.length, self.dtype, self.width = self.ends[-1], files[0].dtype, files[0].width

    def mapped(self) -> np.ndarray:
        """The array, memory-mapped: a plain read-only array."""
        files = [file for file in self.files if file.length]
        if len(files) < 2:
            return (files or self.files)[0].mapped()
        shape = (self.length,) if self.width is None else (self.length, self.width)
        size = self.length * self.dtype.itemsize * (self.width or 1)
        raw = _side_by_side(files, size)
        if raw is None:
            raw = _copied(files, size)
        array = mapped_array(raw, self.dtype, shape)
        array.flags.writeable = False
        return array

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Parts of the array, each with the number of its first entry."""
        for file, end in zip(self.files, self.ends, strict=True):
            for begin, block in file.blocks():
                yield end - file.length + begin, block

    def place(self, number: int) -> tuple[Path, int]:
        """The file of an entry, and its number in that file."""
        i = int(np.searchsorted(self.ends, number, side="right"))
        return self.files[i].path, number - (self.ends[i] - self.files[i].length)


class JoinedOffsets:
    """The offsets of several files as offsets into the joined entries. They are in memory: a number per document.

    Parameters
    ----------
    files : sequence of ArrayFile
        Offsets of each part; each begins with 0.
    totals : sequence of int
        Number of entries of each part, which its last offset must be.
    dtype : dtype
        Type of the joined offsets.

    Raises
    ------
    InputError
        If a part does not begin with 0 and end with its total.
    """

    def __init__(self, files: Sequence[ArrayFile], totals: Sequence[int], dtype: Any) -> None:
        self.files, self.dtype = tuple(files), np.dtype(dtype)
        self.ends = tuple(accumulate(file.length - 1 for file in files))
        self.length = self.ends[-1] + 1
        self._array = np.zeros(self.length, self.dtype)
        before = 0
        for file, end, total in zip(files, self.ends, totals, strict=True):
            offsets = file.mapped()
            if offsets[0] != 0 or offsets[-1] != total:
                raise InputError(
                    f"{file.path} runs from {offsets[0]:,} to {offsets[-1]:,}, not from 0 to the number of entries, "
                    f"{total:,}: a damaged corpus. Save it again."
                )
            np.add(offsets[1:], before, out=self._array[end - file.length + 2 : end + 1], casting="unsafe")
            before += total
        self._array.flags.writeable = False

    def mapped(self) -> np.ndarray:
        """The array."""
        return self._array

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Parts of the array, each with the number of its first entry."""
        for begin in range(0, self.length, _BLOCK):
            yield begin, self._array[begin : begin + _BLOCK]

    def place(self, number: int) -> tuple[Path, int]:
        """The file of an offset, and its number in that file."""
        i = int(np.searchsorted(self.ends, number, side="left"))
        return self.files[i].path, number - (self.ends[i] - self.files[i].length + 1)


def _side_by_side(files: Sequence[ArrayFile], size: int) -> MappedFile | None:
    """A buffer into whose pages the files are mapped; None if this system or these files do not allow it."""
    call = _mmap()
    if call is None or mmap.PAGESIZE > PAGE:
        return None
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0x4000 * (sys.platform == "linux"))
    try:
        buffer = MappedFile(-1, size, flags=flags)
    except (OSError, ValueError, OverflowError):
        return None
    whole = np.frombuffer(buffer, np.uint8)
    base, begin, spans = whole.ctypes.data, 0, []
    for file in files:
        n_bytes = file.length * file.dtype.itemsize * (file.width or 1)
        if (file.begin - begin) % mmap.PAGESIZE:
            return None
        # Whole pages of the file, at first and up to last, as addresses in the array.
        first = min(-(-begin // mmap.PAGESIZE) * mmap.PAGESIZE, begin + n_bytes)
        last = max(first, (begin + n_bytes) // mmap.PAGESIZE * mmap.PAGESIZE)
        with open(file.path, "rb") as stream:
            if last > first:
                offset = file.begin + first - begin
                address = call(
                    base + first, last - first, mmap.PROT_READ, mmap.MAP_SHARED | _MAP_FIXED, stream.fileno(), offset
                )
                if address != base + first:
                    return None  # such as too many mappings of one process
                spans.append((first, last - first))
            for start, stop in ((begin, first), (last, begin + n_bytes)):
                stream.seek(file.begin + start - begin)
                if stream.readinto(whole[start:stop].data) != stop - start:
                    raise InputError(f"{file.path} became shorter while it was opened. Save the corpus again.")
        begin += n_bytes
    buffer.spans = spans  # without the pages that are copied
    return buffer


def _copied(files: Sequence[ArrayFile], size: int) -> MappedFile:
    """A map of a temporary file without a name, with the content of the files."""
    with tempfile.TemporaryFile(prefix="topicml-") as copy:
        for file in files:
            with open(file.path, "rb") as stream:
                stream.seek(file.begin)
                shutil.copyfileobj(stream, copy, _BLOCK)
        copy.flush()
        return MappedFile(copy.fileno(), size, access=mmap.ACCESS_READ)


@cache
def _mmap() -> Any:
    """The function ``mmap`` of the C library, which can map a file at a given address; None on Windows."""
    if os.name != "posix" or not hasattr(mmap, "MAP_ANONYMOUS") or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    return call
