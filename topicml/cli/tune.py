"""``topicml tune``: search the parameters of a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.experiments import (
    Balance,
    Contrast,
    Epochs,
    Jobs,
    Quiet,
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
from topicml.cli.standard_input import StdinFormat, source_of
from topicml.errors import InputError
from topicml.files import Outputs
from topicml.runs.outputs import write_json


def tune(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    search: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUES", help="Values to search; may be repeated. See below.", show_default=False),
    ] = None,
    measure: Annotated[
        str, typer.Option(metavar="NAME", help="The measure to optimise; may be perplexity.")
    ] = "npmi_doc",
    model: ModelName = "prodlda",
    topics: Annotated[int, typer.Option("--topics", "-k", min=1, metavar="K", help="Number of topics.")] = 50,
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="Number of settings to try.")] = 30,
    final_seeds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Fits of the best setting, and of the default.")
    ] = 3,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the documents that trials are scored on.")
    ] = 0.2,
    test: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the documents for the final score; no trial uses them.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the split, the search and the fits.")] = 0,
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
        Path | None, typer.Option(metavar="DIR", help="Folder for all output; runs/tune-SOURCE by default.")
    ] = None,
    jobs: Jobs = 1,
    threads: Threads = None,
    timeout: Timeout = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Search parameters, and score the best on documents that the search did not use.

    Trials are fitted on some documents and scored on others (--validation). The best setting and the default are then
    scored on the rest (--test). DIR gets trials.log, from which the same command resumes, and tuned.json.

    \b
    Forms of --search:
      learning_rate=0.0005:0.05:log   a range, on a logarithmic scale
      hidden=50:400:50                a range with steps
      alpha=0.05:1                    a range
      balance=sum,pareto              choices

    \b
    Examples:
      topicml tune lee --topics 10 --search learning_rate=0.0005:0.05:log
      topicml tune tickets.csv --label-column team --measure nmi --contrast set \\
          --search balance=sum,pareto --trials 50 --jobs 4
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.experiment.space import read_space
    from topicml.experiment.tune import tune as run_trials

    space = read_space(search or ())
    if not space:
        raise InputError(
            "There is nothing to search. Add at least one parameter, such as --search learning_rate=0.0005:0.05:log"
        )
    folder = folder_of(out, "tune", source)
    outputs = Outputs(folder, ("tuned.json",))
    outputs.check(overwrite=overwrite)
    path = source_of(source, stdin_format)
    corpus = corpus_of(path, text_column, label_column, encoding, delimiter, sheet, tokenized=tokenized)
    note = note_unless(quiet)

    def show_trial(done: int, parameters: Mapping[str, Any], value: float | str) -> None:
        outcome = f"FAILED: {value.strip().splitlines()[-1]}" if isinstance(value, str) else f"{measure} {value:.4f}"
        note(f"{done:>{len(str(trials))}}/{trials} {_as_text(parameters)}: {outcome}")

    with resumable(folder, quiet=quiet):
        result = run_trials(
            corpus,
            space,
            measure=measure,
            folder=folder,
            model=model_of(model),
            parameters=parameters_of(set_, epochs, contrast, balance),
            n_topics=topics,
            n_trials=trials,
            final_seeds=final_seeds,
            validation=validation,
            test=test,
            seed=seed,
            jobs=jobs,
            threads=threads_of(threads, jobs),
            timeout=timeout,
            on_trial=show_trial,
        )
    final, default = result.final, result.default
    record = {
        "measure": measure,
        "parameters": result.parameters,
        "validation": result.value,
        "test": {"mean": final.mean, "low": _number(final.low), "high": _number(final.high), "seeds": final.n},
        "test_of_default": {"mean": default.mean, "low": _number(default.low), "high": _number(default.high)},
        "trials": result.trials,
    }
    with outputs.writing() as temporary:
        write_json(temporary / "tuned.json", record)
    rows = [("best", final.mean, _interval(final)), ("default", default.mean, _interval(default))]
    printing.table(
        ("settings", measure, "95 % interval"), rows, title=f"On {test:.0%} of the documents, which no trial used"
    )
    print(f"\nBest: {_as_text(result.parameters)} ({measure} {result.value:.4f} on the validation documents)")
    again = " ".join(f"--set {name}={value}" for name, value in result.parameters.items())
    note(f"Written to {folder}/tuned.json. To fit with them: topicml fit {source} --topics {topics} {again}")


def _as_text(parameters: Mapping[str, Any]) -> str:
    shown = ((name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in parameters.items())
    return ", ".join(f"{name}={value}" for name, value in shown)


def _interval(score: Any) -> str:
    return f"[{score.low:.4f}, {score.high:.4f}]" if score.n > 1 else "-"


def _number(value: float) -> float | None:
    """None for NaN, which JSON does not have."""
    return None if value != value else value
