"""Show how far a corpus is built: documents per second and the time left."""

from types import TracebackType
from typing import Any, Self

from topicml.corpus.building import BuildObserver


class StageBars(BuildObserver):
    """A progress bar on standard error for each pass; only in a terminal.

    Parameters
    ----------
    quiet : bool
        Show nothing.

    Attributes
    ----------
    n_docs : int
        Documents that the first pass of this call has read.
    """

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[documents]}"),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=Console(stderr=True), disable=quiet)
        self._tasks: dict[str, Any] = {}
        self.n_docs = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def on_progress(self, stage: str, n_docs: int, share: float | None, seconds: float) -> None:
        """Show the documents of a pass, their number per second, and the time left if the share is known."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None if share is None else 1.0, documents="")
        if stage == "reading":
            self.n_docs = n_docs
        shown = f"{n_docs:,} documents, {n_docs / max(seconds, 1e-9):,.0f}/s"
        self._bars.update(self._tasks[stage], completed=share or 0, documents=shown)
