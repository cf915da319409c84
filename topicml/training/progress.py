"""Progress bars: documents processed, documents per second, and remaining time."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Progress(Protocol):
    """Receives the progress of training."""

    def step(self, epoch: int, documents: int, loss: float) -> None:
        """Report a finished step.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        documents : int
            Documents of the batch.
        loss : float
            Loss of the batch; NaN if the step was skipped.
        """


class _Silent:
    def step(self, epoch: int, documents: int, loss: float) -> None:
        """Show nothing."""


SILENT = _Silent()


class _Bar:
    def __init__(self, bar: Any, task: Any) -> None:
        self.bar = bar
        self.task = task

    def step(self, epoch: int, documents: int, loss: float) -> None:
        """Advance the bar."""
        self.bar.update(self.task, advance=documents, epoch=epoch + 1, loss=loss)


def shown(verbose: bool | int | None) -> bool:
    """Whether to show a progress bar; None means only at a terminal, and not in continuous integration."""
    return (sys.stderr.isatty() and not os.environ.get("CI")) if verbose is None else bool(verbose)


@contextmanager
def progress_bar(n_documents: int, n_epochs: int, *, verbose: bool | int | None) -> Iterator[Progress]:
    """Context manager: show the progress of training on standard error.

    Parameters
    ----------
    n_documents : int
        Documents per epoch.
    n_epochs : int
        Largest number of epochs.
    verbose : bool, optional
        Whether to show it; None shows it only at a terminal.

    Yields
    ------
    Progress
        Call its `step` after each batch.
    """
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
    """Context manager: show the progress of one pass over documents on standard error.

    Parameters
    ----------
    what : str
        Text before the bar.
    n_documents : int
        Number of all documents.
    verbose : bool, optional
        Whether to show it; None shows it only at a terminal.

    Yields
    ------
    function
        Call it with the number of documents that were processed since the last call.
    """
    if not shown(verbose):
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_documents)
        yield lambda n: bar.advance(task, n)
