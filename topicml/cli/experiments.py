"""What the commands of experiments share: options, where runs go, and how progress is told."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.reading import Reading, absolute
from topicml.cli.settings import parse_parameters

if TYPE_CHECKING:
    from topicml.corpus import Corpus

RUNS_PANEL = "Runs"

Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", min=1, metavar="N", help="Runs at a time, a process each.", rich_help_panel=RUNS_PANEL
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads of each run; by default the cores, shared among the jobs.",
        rich_help_panel=RUNS_PANEL,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=1, metavar="SECONDS", help="End a run that takes longer: it has failed.", rich_help_panel=RUNS_PANEL
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Do again what failed before.", rich_help_panel=RUNS_PANEL)
]
Epochs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Passes over the documents, at most.")]
Contrast = Annotated[
    str | None, typer.Option(metavar="NAME", help="Contrastive objective beside the model's own: set, infonce, …")
]
Balance = Annotated[str | None, typer.Option(metavar="NAME", help="pareto, sum, or TorchJD's: mgda, upgrad, …")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A hyper-parameter of the model; may be repeated."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but results, errors and warnings.")]


def threads_of(threads: int | None, jobs: int) -> int:
    """Threads of each run."""
    if threads is not None:
        return threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


def folder_of(out: Path | None, kind: str, source: str | Path) -> Path:
    """Where a command writes that was told no folder: ``runs/KIND-NAME``."""
    return Path("runs") / f"{kind}-{Path(source).stem}" if out is None else out


def parameters_of(
    set_: Sequence[str] | None, epochs: int | None = None, contrast: str | None = None, balance: str | None = None
) -> dict[str, Any]:
    """Hyper-parameters out of the options that set them."""
    parameters = parse_parameters(set_ or ())
    given = {"max_epochs": epochs, "contrast": contrast, "balance": balance}
    return parameters | {name: value for name, value in given.items() if value is not None}


def corpus_of(
    source: str, text_column: str | None, label_column: str | None, encoding: str | None, *, tokenized: bool
) -> "Corpus":
    """Read a source; what was named as labels is the field "label", as scores need it."""
    reading = Reading(absolute(source), text_column, label_column, encoding, tokenized)
    corpus = reading.corpus()
    reading.labels(corpus)  # refuses a column that is not there
    return corpus


def teller(*, quiet: bool) -> Callable[[str], None]:
    """What tells progress: to standard error, or to nobody."""
    return (lambda text: None) if quiet else printing.note


@contextmanager
def resumable(folder: Path, *, quiet: bool) -> Iterator[None]:
    """Say where runs go, and, when interrupted, how to go on."""
    tell = teller(quiet=quiet)
    tell(f"Runs go to {folder}; what was interrupted goes on with the same command.")
    try:
        yield
    except KeyboardInterrupt:
        tell("Interrupted. The same command goes on with what is left.")
        raise
