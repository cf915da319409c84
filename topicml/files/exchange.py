"""Exchange the names of two folders in one step, where the system can."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux, renameat2
_RENAME_SWAP = 2  # macOS, renamex_np
_NOT_SUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Exchange the names of two existing files or folders of one file system, in one step.

    Parameters
    ----------
    first, second : path
        The files or folders.

    Returns
    -------
    bool
        False if the system or the file system cannot exchange names; then neither name has changed.

    Raises
    ------
    OSError
        If the names cannot be exchanged for another reason.
    """
    call = _call()
    if call is None:
        return False
    if call(os.fsencode(first), os.fsencode(second)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_SUPPORTED:
        return False
    raise OSError(number, os.strerror(number), os.fspath(second))


@cache
def _call() -> Callable[[bytes, bytes], int] | None:
    """The function of the C library; None if it has none."""
    if sys.platform == "win32":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        swap = library.renamex_np
        return lambda first, second: int(swap(first, second, ctypes.c_uint(_RENAME_SWAP)))
    if hasattr(library, "renameat2"):
        rename = library.renameat2
        return lambda first, second: int(rename(_AT_FDCWD, first, _AT_FDCWD, second, ctypes.c_uint(_RENAME_EXCHANGE)))
    return None
