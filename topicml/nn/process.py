"""Locks and settings of the whole process, shared by its threads.

Pyro's stack of handlers, torch's generators and its default dtype belong to the whole process. Code that uses them runs
in one thread at a time, so that fits in several threads give the same bits as one after the other.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import torch

Value = TypeVar("Value")

_TURN = threading.RLock()


class ProcessSetting(Generic[Value]):
    """A setting of the process that has a certain value inside blocks of code, also if several threads run such blocks.

    Parameters
    ----------
    read : callable
        Returns the current value.
    write : callable
        Sets the value.
    needed : object
        The value inside of the blocks.
    """

    def __init__(self, read: Callable[[], Value], write: Callable[[Value], None], needed: Value) -> None:
        self._read, self._write, self._needed = read, write, needed
        self._lock = threading.Lock()
        self._blocks = 0
        self._before: Value = needed

    @contextmanager
    def block(self) -> Iterator[None]:
        """Context manager: the needed value; the last block to end restores the value from before the first."""
        with self._lock:
            if not self._blocks:
                self._before = self._read()
                if self._before != self._needed:
                    self._write(self._needed)
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if not self._blocks and self._before != self._needed:
                    self._write(self._before)


_SINGLE_PRECISION = ProcessSetting(torch.get_default_dtype, torch.set_default_dtype, torch.float32)


@contextmanager
def single_precision() -> Iterator[None]:
    """Context manager: torch's default dtype is float32, the dtype of all networks."""
    with _SINGLE_PRECISION.block():
        yield


@contextmanager
def alone() -> Iterator[None]:
    """Context manager: one thread at a time, in `single_precision`.

    Keep the block short, such as a step of training: other threads that fit or score wait for its end. The same thread
    may enter it again.
    """
    with _TURN, single_precision():
        yield


def _after_fork_in_child() -> None:
    _TURN.release()
    torch.set_num_threads(1)


# A fork copies only the thread that forks. It waits for the turn of another thread, whose handlers and seed would stay
# in the child for ever. And GNU OpenMP waits in the child for threads that are not there, unless torch uses just one.
os.register_at_fork(before=_TURN.acquire, after_in_parent=_TURN.release, after_in_child=_after_fork_in_child)
