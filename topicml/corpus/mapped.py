"""Memory-mapped files whose pages can be let go of, so that memory does not grow with what is read of them.

A system keeps in memory what a process has read from a mapped file, and the pages around it, as long as there is
enough: of values here and there, soon the whole file.
"""

import math
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

_LARGE = 1 << 26  # bytes; smaller files and arrays may stay in memory
_ROOM = 8  # times its size that the disk has free for an array in a file: the output needs room, too
_PLACES = 1000  # that are read before their pages are let go of: of each, a system maps up to 64 KB

_FOLDER: ContextVar[Path | None] = ContextVar("folder of large arrays", default=None)


class MappedFile(mmap.mmap):
    """A memory map of files that no process writes, or of a file of this process alone.

    Attributes
    ----------
    spans : sequence of (int, int) or None
        Begin and length of the parts that are pages of files, in bytes; None: all of it.
    """

    spans: Sequence[tuple[int, int]] | None = None
    _read = 0

    def release(self) -> None:
        """Let go of what was read; it is read again when it is needed."""
        self._read = 0
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        for begin, length in ((0, len(self)),) if self.spans is None else self.spans:
            with suppress(OSError):  # such as memory that the process has locked
                self.madvise(mmap.MADV_DONTNEED, begin, length)

    def release_when_due(self, read: int) -> None:
        """Count places that were read, and let go of all pages after 1,000 of them."""
        self._read += read
        if self._read >= _PLACES:
            self.release()


def mapped_array(file: MappedFile, dtype: Any, shape: tuple[int, ...], begin: int = 0) -> np.ndarray:
    """The array in a mapped file: a plain view, as SciPy and torch treat np.memmap differently.

    Parameters
    ----------
    file : MappedFile
        The file.
    dtype : dtype
        Type of the numbers.
    shape : tuple of int
        Shape of the array.
    begin : int
        Bytes before the array.

    Returns
    -------
    ndarray
        It can be written to if the file can.
    """
    return np.frombuffer(file, dtype, math.prod(shape), begin).reshape(shape)


def file_of(array: np.ndarray) -> MappedFile | None:
    """The file of an array of `mapped_array`, or of a view of one; None for other arrays."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    file = base.obj if isinstance(base, memoryview) else None
    return file if isinstance(file, MappedFile) else None


def release(*arrays: np.ndarray, read: int = _PLACES) -> None:
    """Let go of what was read of arrays in large mapped files; it is read again when it is needed.

    Parameters
    ----------
    *arrays : ndarray
        Arrays, or views of them; of others than those of `mapped_array`, nothing is let go of.
    read : int
        Number of places of each array that were read since the last call. Few are counted until they are many.
    """
    for array in arrays:
        file = file_of(array)
        if file is not None and len(file) >= _LARGE:
            file.release_when_due(read)


def rows_of(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A copy of some rows of an array that may be in a file, without keeping what is around them in memory.

    Parameters
    ----------
    array : ndarray, (n_rows, ...)
        In memory or in a file.
    rows : ndarray of int
        Row numbers.

    Returns
    -------
    ndarray
        ``array[rows]``.
    """
    found = np.empty((len(rows), *array.shape[1:]), dtype=array.dtype)
    for begin in range(0, len(rows), _PLACES):
        found[begin : begin + _PLACES] = array[rows[begin : begin + _PLACES]]
        release(array)
    return found


@contextmanager
def large_arrays_in(folder: Path | None) -> Iterator[None]:
    """Context manager: `new_array` puts large arrays into files of this folder; None: into memory."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def new_array(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array to write to; within `large_arrays_in`, a large one is in a file without a name, which ends with it.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    dtype : dtype
        Type of the numbers.

    Returns
    -------
    ndarray
        In memory if the file cannot be made, or the disk has little room. Processes that are forked later share a
        file, so what one of them writes is written for all.
    """
    folder, size = _FOLDER.get(), math.prod(shape) * np.dtype(dtype).itemsize
    if folder is None or size < _LARGE or not hasattr(os, "posix_fallocate"):
        return np.empty(shape, dtype=dtype)
    with suppress(OSError):
        if shutil.disk_usage(folder).free >= _ROOM * size:
            with tempfile.TemporaryFile(prefix="topicml-", dir=folder) as stream:
                # A write to a file with holes would end the process on a full disk.
                os.posix_fallocate(stream.fileno(), 0, size)
                return mapped_array(MappedFile(stream.fileno(), size), dtype, shape)
    return np.empty(shape, dtype=dtype)
