"""Call a function for many items with several processes: results in order, memory bounded."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from topicml.errors import InputError

Result = TypeVar("Result")
_WORTH_STARTING = 3.0  # seconds of work, about the time that it takes to start processes


class WorkerDiedError(InputError):
    """A process of a pool was killed, or had not enough memory."""


def in_order(
    function: Callable[..., Result],
    items: Iterable[tuple[Any, ...]],
    n_jobs: int,
    begin_process: Callable[[], None] | None = None,
) -> Iterator[tuple[tuple[Any, ...], Result]]:
    """Call a function with the arguments of each item, and yield the results in the order of the items.

    At most ``n_jobs + 1`` items are at work or wait for a process, so that reading does not run ahead of the work. The
    first items are done in this process, which is faster than to start others for a small corpus.

    Parameters
    ----------
    function : callable
        A function of a module, which another process can import.
    items : iterable of tuple
        Arguments of each call; read when they are needed.
    n_jobs : int
        Number of processes. 1: this process.
    begin_process : callable, optional
        Called once in each process that is started. A function of a module.

    Yields
    ------
    item : tuple
        The arguments.
    result : object
        What `function` returned.

    Raises
    ------
    WorkerDiedError
        If a process ended before its work.
    """
    items = iter(items)
    begin = time.perf_counter()
    while n_jobs == 1 or time.perf_counter() - begin < _WORTH_STARTING:
        try:
            item = next(items)
        except StopIteration:
            return
        yield item, function(*item)
    # The executor of concurrent.futures with processes that import the function: they need no guard in a script, and
    # are not forked from a process with threads.
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    waiting: deque[tuple[tuple[Any, ...], Any]] = deque()
    executor = ProcessPoolExecutor(n_jobs, initializer=begin_process)
    try:
        for item in items:
            waiting.append((item, executor.submit(function, *item)))
            if len(waiting) > n_jobs:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            "A process that did a part of the work was killed, or the memory was not enough. What is finished is kept: "
            "the same command continues. If it happens again, use fewer processes (n_jobs, --jobs) or smaller parts "
            "(shard_rows, --shard-rows)."
        ) from error
    finally:
        executor.shutdown(wait=True, kill_workers=True)
