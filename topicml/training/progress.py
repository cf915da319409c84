"""How long work shows itself: a bar with what was done, documents a second and the time left."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Progress(Protocol):
    """What the loop tells while it runs."""

    def step(self, epoch: int, documents: int, loss: float) -> None:
        """A batch of so many documents is done."""


class _Silent:
    def step(self, epoch: int, documents: int, loss: float) -> None:
        """Say nothing."""


SILENT = _Silent()


class _Bar:
    def __init__(self, bar: Any, task: Any) -> None:
        self.bar = bar
        self.task = task

    def step(self, epoch: int, documents: int, loss: float) -> None:
        """Advance the bar."""
        self.bar.update(self.task, advance=documents, epoch=epoch + 1, loss=loss)


def shown(verbose: bool | int | None) -> bool:
    """Whether to draw a bar: as asked, or (None) only for a person at a terminal, not in a script or in CI."""
    return (sys.stderr.isatty() and not os.environ.get("CI")) if verbose is None else bool(verbose)


@contextmanager
def progress_bar(n_documents: int, n_epochs: int, *, verbose: bool | int | None) -> Iterator[Progress]:
    """A progress display over `n_epochs` epochs of `n_documents`."""
    if not shown(verbose):
        yield SILENT
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

    class Speed(ProgressColumn):
        def render(self, task: Task) -> str:
            return f"{task.speed or 0:,.0f} docs/s"

    columns = (
        TextColumn("epoch {task.fields[epoch]}/" + str(n_epochs)),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.2f}"),
        Speed(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, bar.add_task("fit", total=n_documents * n_epochs, epoch=1, loss=float("nan")))


@contextmanager
def documents_bar(what: str, n_documents: int, *, verbose: bool | int | None) -> Iterator[Callable[[int], None]]:
    """A progress display over documents read once; yields what to call with the number of those just done."""
    if not shown(verbose):
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_documents)
        yield lambda n: bar.advance(task, n)
