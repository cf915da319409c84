"""``topicml sweep``: choose the number of topics."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Overwrite,
    ReadStdin,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.cli.standard_input import STDIN, StdinFormat, name_of, source_of
from topicml.cli.topic_numbers import range_text
from topicml.errors import InputError
from topicml.files import Outputs
from topicml.runs import FitSettings, Reading, fit_run
from topicml.runs.outputs import write_json

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.experiment import NumberOfTopics, Run


def sweep(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    topics: Annotated[
        str | None,
        typer.Option(
            "--topics",
            "-k",
            metavar="FROM:TO:STEP",
            help="Numbers of topics, the last included; or 10,20,50. By default up to five, from an estimate.",
            show_default=False,
        ),
    ] = None,
    estimate_only: Annotated[
        bool, typer.Option("--estimate", help="Only estimate the number of topics, without a fit.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Samples of the documents that each number is fitted to.")
    ] = 3,
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
    stdin_format: ReadStdin = StdinFormat.auto,
    tokenized: Tokenized = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for all output; runs/sweep-SOURCE by default.")
    ] = None,
    jobs: Jobs = 1,
    threads: Threads = None,
    timeout: Timeout = None,
    retry_failed: RetryFailed = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Find out how many topics the documents support.

    First, the number is estimated without training: topics of random halves of the documents are compared. The best
    numbers are then fitted to random samples of the documents. The score of a number is the agreement of these fits on
    words and documents and, with labels, on the labels; it does not depend on the other numbers. Coherence, coverage
    and perplexity of the documents outside the samples are printed next to it. Recommended are the best number and
    those about as good.

    DIR gets best/, a run with the best number of topics, fitted to all documents; runs/, results.parquet, results.csv,
    sweep.json and report.html. The same command resumes an interrupted sweep.

    \b
    Examples:
      topicml sweep tickets.csv --text-column text
      topicml sweep tickets.csv --text-column text --estimate
      topicml sweep lee --topics 5,10,20,40 --by c_v --jobs 4
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.experiment.duration import longest_seconds
    from topicml.experiment.how_many import how_many
    from topicml.experiment.page import plots_if_possible, write_page
    from topicml.experiment.parts import HELD_OUT_SHARE
    from topicml.experiment.progress import Progress
    from topicml.experiment.sweep import sweep as run_sweep
    from topicml.experiment.sweep import sweep_table

    numbers = None if topics is None else numbers_of_topics(topics)
    folder = folder_of(out, "sweep", source)
    outputs = Outputs(folder, ("report.html", "sweep.json", "results.parquet", "results.csv"))
    if not estimate_only:
        outputs.check(overwrite=overwrite)  # before hours of runs
    path = source_of(source, stdin_format)
    corpus = corpus_of(path, text_column, label_column, encoding, delimiter, sheet, tokenized=tokenized)
    note = note_unless(quiet)
    if estimate_only:
        found = how_many(corpus, numbers, labels=_labels(corpus))
        printing.table(*_estimate_rows(found))
        low, high = found.tried
        print(f"\nRecommended: {found}; tried: {low} to {high}")
        note(range_text(found))
        return
    parameters = parameters_of(set_, epochs, contrast, balance)
    name = model_of(model)
    progress = Progress(note)

    def planned(asked: Sequence[int], n_fits: int, found: "NumberOfTopics | None") -> None:
        if found is not None:
            note(range_text(found))
        note(f"{n_fits} fits: {', '.join(map(str, asked))} topics, each on {seeds} samples of the documents.")

    def started(pending: Sequence["Run"], finished: Sequence[Mapping[str, Any]]) -> None:
        if pending and not finished and not quiet:
            middle = sorted(each.n_topics for each in pending)[len(pending) // 2]
            longest = longest_seconds(corpus, name, middle, parameters, share=1 - HELD_OUT_SHARE)
            note(
                f"At most about {duration(longest * -(-len(pending) // jobs))} in all; fits that converge end earlier."
            )
        progress.start(pending, finished)

    with resumable(folder, quiet=quiet):
        result = run_sweep(
            corpus,
            numbers,
            folder=folder / "runs",
            model=name,
            parameters=parameters,
            seeds=seeds,
            by=by,
            measures=measure,
            keep_model=False,
            on_plan=planned,
            jobs=jobs,
            threads=threads_of(threads, jobs),
            timeout=timeout,
            retry_failed=retry_failed,
            on_start=started,
            on_run=progress.run,
        )
    scores = {k: {"mean": s.mean, "low": _number(s.low), "high": _number(s.high)} for k, s in result.scores.items()}
    record = {"best": result.best, "recommended": list(result.recommended), "by": list(result.by), "scores": scores}
    record |= {"stability": dict(result.stability), "predicts_no_better_than_frequencies": list(result.unhelpful)}
    table = sweep_table(result)
    figures, why_no_plots = plots_if_possible(result.results)
    with outputs.writing() as temporary:
        result.results.write(temporary)
        write_json(temporary / "sweep.json", record)
        write_page(temporary / "report.html", f"Numbers of topics: {name_of(source)}", [table], figures)
    printing.table(table.head, [[cell.text for cell in row] for row in table.rows])
    first, last = result.recommended
    print(f"\nRecommended: {first if first == last else f'{first} to {last}'} topics (best: {result.best})")
    reading = Reading(path, text_column, label_column, encoding, tokenized, delimiter=delimiter, sheet=sheet)
    settings = FitSettings(reading, name, {"n_topics": result.best, "random_state": 0, **parameters})
    fit_best(settings, folder / "best", note, keep_source=source == STDIN)
    note(f"Written to {folder}: best, report.html, sweep.json, results.parquet, results.csv")
    if why_no_plots:
        note(f"No plots: {why_no_plots}")


def fit_best(settings: FitSettings, folder: Path, note: Callable[[str], None], *, keep_source: bool = False) -> None:
    """Fit the best number of topics to all documents, unless the folder has that run already.

    Parameters
    ----------
    settings : FitSettings
        The fit.
    folder : Path
        Folder of the run; another run in it is replaced.
    note : callable
        Prints a message.
    keep_source : bool
        Whether to copy the file of the documents into the folder, because it will not stay.
    """
    if (folder / "run.json").exists():
        before = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if before.get("configuration") == settings.to_record():
            return
    note(f"Fitting {settings.parameters['n_topics']} topics to all documents")
    fit_run(settings, folder, overwrite=True, keep_source=keep_source, progress=False)


def duration(seconds: float) -> str:
    """A duration for people: 40 s, 12 min, 3.5 h."""
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def _labels(corpus: "Corpus") -> Any:
    """Labels of the documents, if there are at least two different ones."""
    from topicml.experiment.scoring import missing_input

    return corpus.fields.labels if not missing_input("ami", corpus) else None


def _estimate_rows(found: "NumberOfTopics") -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of an estimate."""
    has_labels = any(each.labels is not None for each in found.scores.values())
    head = ["topics", "score", "words", "documents", "told apart", "by chance", *(["labels"] if has_labels else [])]
    rows = []
    for k, each in found.scores.items():
        values = [each.score.mean, each.words, each.documents, each.told_apart, each.chance]
        rows.append([f"{k}", *(f"{v:.3f}" for v in [*values, *([each.labels or 0.0] if has_labels else [])])])
    return head, rows


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
