"""Shared by the commands of experiments: options, the output folder, and messages of progress."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.imports import find_modules_here
from topicml.cli.parameters import parse_parameters
from topicml.cli.standard_input import name_of
from topicml.runs import Reading
from topicml.runs.settings import full_name

if TYPE_CHECKING:
    from topicml.corpus import Corpus

RUNS_PANEL = "Runs"

Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        metavar="N",
        help="Number of runs at a time, each in its own process.",
        rich_help_panel=RUNS_PANEL,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads per run; by default the cores divided by the jobs.",
        rich_help_panel=RUNS_PANEL,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=1,
        metavar="SECONDS",
        help="Stop a run that takes longer, and record it as failed.",
        rich_help_panel=RUNS_PANEL,
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Repeat the runs that failed before.", rich_help_panel=RUNS_PANEL)
]
Epochs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Passes over the documents at most.")]
Contrast = Annotated[
    str | None, typer.Option(metavar="NAME", help="Contrastive objective to add to the model's own: set, infonce, …")
]
Balance = Annotated[str | None, typer.Option(metavar="NAME", help="pareto, sum, or TorchJD's: mgda, upgrad, …")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model; may be repeated."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results, errors and warnings.")]


def threads_of(threads: int | None, jobs: int) -> int:
    """Threads per run.

    Parameters
    ----------
    threads : int or None
        The value of --threads.
    jobs : int
        Number of runs at a time.

    Returns
    -------
    int
        By default the cores of this process divided by `jobs`, at least 1.
    """
    if threads is not None:
        return threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


def folder_of(out: Path | None, kind: str, source: str | Path) -> Path:
    """The output folder of a command.

    Parameters
    ----------
    out : Path or None
        The value of --out.
    kind : str
        Name of the command.
    source : str or Path
        What it works on.

    Returns
    -------
    Path
        By default ``runs/KIND-NAME``, with the name of `source`.
    """
    return Path("runs") / f"{kind}-{Path(name_of(str(source))).stem.replace(' ', '_')}" if out is None else out


def parameters_of(
    set_: Sequence[str] | None, epochs: int | None = None, contrast: str | None = None, balance: str | None = None
) -> dict[str, Any]:
    """Parameters of the model from the options that set them.

    Parameters
    ----------
    set_ : sequence of str or None
        NAME=VALUE pairs.
    epochs, contrast, balance : optional
        Values of the options; None sets no parameter.

    Returns
    -------
    dict
        Name to value.
    """
    parameters = parse_parameters(set_ or ())
    options = {"max_epochs": epochs, "contrast": contrast, "balance": balance}
    return parameters | {name: value for name, value in options.items() if value is not None}


def corpus_of(
    source: str,
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
    delimiter: str | None = None,
    sheet: str | None = None,
    *,
    tokenized: bool,
) -> "Corpus":
    """Read a source.

    Parameters
    ----------
    source : str
        An absolute path, or the name of a corpus; see `topicml.cli.standard_input.source_of`.
    text_column, label_column, encoding, delimiter, sheet : str or None
        See `topicml.Corpus.read`.
    tokenized : bool
        Whether the text is tokens separated by white space.

    Returns
    -------
    Corpus
        Its `fields.labels` are the labels.
    """
    reading = Reading(source, text_column, label_column, encoding, tokenized, delimiter=delimiter, sheet=sheet)
    corpus = reading.corpus()
    reading.labels(corpus)  # raises if the column does not exist
    return corpus


def model_of(name: str) -> str:
    """The name of a model for a grid: that of a built-in model, or "module:Class", which its workers import.

    Raises
    ------
    InputError
        If the model is unknown.
    """
    find_modules_here()
    return full_name(name)


def note_unless(quiet: bool) -> Callable[[str], None]:
    """The function that prints messages of progress to stderr; if `quiet`, one that does nothing."""
    return (lambda text: None) if quiet else printing.note


@contextmanager
def resumable(folder: Path, *, quiet: bool) -> Iterator[None]:
    """Context manager: print where runs are written, and, if interrupted, how to resume.

    Parameters
    ----------
    folder : Path
        The output folder.
    quiet : bool
        Whether to print nothing.
    """
    note = note_unless(quiet)
    note(f"Runs are written to {folder}; the same command resumes them if interrupted.")
    try:
        yield
    except KeyboardInterrupt:
        note("Interrupted. The same command continues with the remaining runs.")
        raise
