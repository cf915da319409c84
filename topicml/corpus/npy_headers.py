"""Read files of NumPy in spite of a fault of Python."""

import gc
from collections.abc import Callable
from typing import TypeVar

Read = TypeVar("Read")


def reading(read: Callable[[], Read]) -> Read:
    """Call a function that reads headers of NumPy; once more if the parser of Python fails, whatever the file is.

    NumPy parses a header with `ast.literal_eval`. Before Python 3.11.8, the parser counts its depth in one number for
    all calls. If the garbage collector runs inside of it, and a finalizer or another thread parses something meanwhile,
    the parser raises SystemError, "AST constructor recursion depth mismatch" (python/cpython#106905). The second call
    is made without garbage collection.

    Parameters
    ----------
    read : callable
        Begins at the same place of the file in each call.

    Returns
    -------
    object
        What `read` returns.
    """
    try:
        return read()
    except SystemError:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return read()
        finally:
            if was_enabled:
                gc.enable()
