"""A thread that uses the model."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Worker:
    """Runs functions one after another in a separate thread, so that the server can accept requests meanwhile.

    spaCy's tokeniser is not thread-safe, so one worker classifies all texts; another reads the topics, so that pages do
    not wait for texts. The documents of a request form a batch, so that theta has the same bits as ``transform`` of
    these documents alone.

    Parameters
    ----------
    name : str
        What the functions use; the name of the thread.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread: ThreadPoolExecutor | None = None

    async def do(self, work: Callable[[], Result]) -> Result:
        """Run `work` after all functions before it, and return its result."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"topicml-{self.name}")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Cancel waiting functions and end the thread; the next call of `do` starts a new one."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
