"""One thread that has the model to itself."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Worker:
    """Does one thing after another in a thread of its own, while the server goes on taking requests.

    spaCy's tokeniser and the caches of the explored model are not made for several threads; and a request's documents
    are one batch of their own, so theta has the bits that ``transform`` gives for the same documents alone.
    """

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    async def do(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, once it is its turn."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="topicml-model")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Leave out what waits, and end; the next work opens a thread anew."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
