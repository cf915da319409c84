"""``topicml sweep``: choose the number of topics."""

from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.experiments import (
    Balance,
    Contrast,
    Epochs,
    Jobs,
    Quiet,
    RetryFailed,
    Set,
    Threads,
    Timeout,
    corpus_of,
    folder_of,
    model_of,
    note_unless,
    parameters_of,
    resumable,
    threads_of,
)
from topicml.cli.options import (
    SOURCE_HELP,
    Delimiter,
    Encoding,
    LabelColumn,
    ModelName,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.errors import InputError
from topicml.runs.outputs import write_json


def sweep(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    topics: Annotated[
        str,
        typer.Option(
            "--topics", "-k", metavar="FROM:TO:STEP", help="Numbers of topics, the last included; or 10,20,50."
        ),
    ] = "10:100:10",
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Fits per number of topics.")] = 5,
    model: ModelName = "prodlda",
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="MEASURE", help="A measure to decide by; may be repeated. See below."),
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another measure to report; may be repeated.")
    ] = None,
    epochs: Epochs = None,
    contrast: Contrast = None,
    balance: Balance = None,
    set_: Set = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    tokenized: Tokenized = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for all output; runs/sweep-SOURCE by default.")
    ] = None,
    jobs: Jobs = 1,
    threads: Threads = None,
    timeout: Timeout = None,
    retry_failed: RetryFailed = False,
    quiet: Quiet = False,
) -> None:
    """Fit many numbers of topics with several seeds, and recommend a range.

    The score of a number of topics is the mean of coherence, diversity and coverage (the share of the text that the
    topics' words cover), each standardised over the sweep: without coverage, too few topics look best. Recommended are
    the numbers around the best one whose score is within one standard error of the best, or within a tenth of a
    standard deviation. Stability measures how similar the topics of different seeds are.

    DIR gets runs/, results.parquet, results.csv, sweep.json and report.html. The same command resumes an interrupted
    sweep.

    \b
    Examples:
      topicml sweep tickets.csv --text-column text --topics 10:200:10 --seeds 5
      topicml sweep lee --topics 5,10,20,40 --by c_v --by topic_diversity --jobs 4
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.experiment.page import plots_if_possible, write_page
    from topicml.experiment.progress import Progress
    from topicml.experiment.sweep import sweep as run_sweep
    from topicml.experiment.sweep import sweep_table

    numbers = numbers_of_topics(topics)
    corpus = corpus_of(source, text_column, label_column, encoding, delimiter, sheet, tokenized=tokenized)
    folder = folder_of(out, "sweep", source)
    note = note_unless(quiet)
    progress = Progress(note)
    with resumable(folder, quiet=quiet):
        result = run_sweep(
            corpus,
            numbers,
            folder=folder / "runs",
            model=model_of(model),
            parameters=parameters_of(set_, epochs, contrast, balance),
            seeds=seeds,
            by=by,
            measures=measure,
            jobs=jobs,
            threads=threads_of(threads, jobs),
            timeout=timeout,
            retry_failed=retry_failed,
            on_start=progress.start,
            on_run=progress.run,
        )
    result.results.write(folder)
    scores = {k: {"mean": s.mean, "low": _number(s.low), "high": _number(s.high)} for k, s in result.scores.items()}
    record = {"best": result.best, "recommended": list(result.recommended), "by": list(result.by), "scores": scores}
    write_json(folder / "sweep.json", {**record, "stability": dict(result.stability)})
    table = sweep_table(result)
    figures, why_no_plots = plots_if_possible(result.results)
    write_page(folder / "report.html", f"Numbers of topics: {Path(source).name}", [table], figures)
    printing.table(table.head, [[cell.text for cell in row] for row in table.rows])
    first, last = result.recommended
    print(f"\nRecommended: {first if first == last else f'{first} to {last}'} topics (best: {result.best})")
    note(f"Written to {folder}: report.html, sweep.json, results.parquet, results.csv")
    if why_no_plots:
        note(f"No plots: {why_no_plots}")


def numbers_of_topics(text: str) -> list[int]:
    """Parse the value of --topics.

    Parameters
    ----------
    text : str
        ``10:200:10`` (the last included) or ``10,20,50``.

    Returns
    -------
    list of int
        Sorted, without duplicates.

    Raises
    ------
    InputError
        If it is neither, or a number is less than 1.
    """
    try:
        if ":" in text:
            first, last, step = (int(each) for each in f"{text}:1".split(":")[:3])
            numbers = list(range(first, last + 1, step))
        else:
            numbers = [int(each) for each in text.split(",")]
    except ValueError as error:
        raise InputError(f"--topics takes FROM:TO:STEP, such as 10:200:10, or 10,20,50; received {text!r}.") from error
    if not numbers or min(numbers) < 1 or text.count(":") > 2:
        raise InputError(
            f"--topics {text}: numbers of topics start at 1. Write FROM:TO:STEP, such as 10:200:10, or 10,20,50."
        )
    return sorted(set(numbers))


def _number(value: float) -> float | None:
    """None for NaN, which JSON does not have."""
    return None if value != value else value
