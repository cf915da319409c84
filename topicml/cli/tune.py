"""``topicml tune``: the best hyper-parameters of a model."""

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
    parameters_of,
    resumable,
    teller,
    threads_of,
)
from topicml.cli.fit import Model
from topicml.cli.options import SOURCE_HELP, Encoding, LabelColumn, TextColumn, Tokenized
from topicml.cli.outputs import write_json
from topicml.cli.settings import MODELS
from topicml.errors import InputError


def tune(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    search: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUES", help="What to search; may be repeated. See below.", show_default=False),
    ] = None,
    measure: Annotated[str, typer.Option(metavar="NAME", help="What is to be good; perplexity, too.")] = "npmi_doc",
    model: Annotated[Model, typer.Option(help="Kind of topic model.")] = Model["prodlda"],
    topics: Annotated[int, typer.Option("--topics", "-k", min=1, metavar="K", help="Number of topics.")] = 50,
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="Settings that are tried.")] = 30,
    final_seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Fits of the best, and of the default.")] = 3,
    validation: Annotated[float, typer.Option(metavar="SHARE", help="Documents that trials are measured on.")] = 0.2,
    test: Annotated[
        float, typer.Option(metavar="SHARE", help="Documents of the final score; no trial sees them.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of the split, the search and the fits.")] = 0,
    epochs: Epochs = None,
    contrast: Contrast = None,
    balance: Balance = None,
    set_: Set = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    tokenized: Tokenized = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write everything to; runs/tune-SOURCE by default.")
    ] = None,
    jobs: Jobs = 1,
    threads: Threads = None,
    timeout: Timeout = None,
    quiet: Quiet = False,
) -> None:
    """Search hyper-parameters, and score what was found on documents that the search did not see.

    Trials are fitted on some documents and measured on others (--validation); the best, and the default beside it, are
    then scored on the rest (--test). DIR gets trials.log, from which the same command goes on, and tuned.json.

    \b
    What is searched (--search):
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
    from topicml.experiment.tune import tune as carry_out

    space = read_space(search or ())
    if not space:
        raise InputError("There is nothing to search. Give it: --search learning_rate=0.0005:0.05:log")
    corpus = corpus_of(source, text_column, label_column, encoding, tokenized=tokenized)
    folder = folder_of(out, "tune", source)
    tell = teller(quiet=quiet)

    def told(done: int, parameters: Mapping[str, Any], value: float | str) -> None:
        said = f"FAILED: {value.strip().splitlines()[-1]}" if isinstance(value, str) else f"{measure} {value:.4f}"
        tell(f"{done:>{len(str(trials))}}/{trials} {_listed(parameters)}: {said}")

    with resumable(folder, quiet=quiet):
        found = carry_out(
            corpus,
            space,
            measure=measure,
            folder=folder,
            model=MODELS[model.value],
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
            on_trial=told,
        )
    final, default = found.final, found.default
    write_json(
        folder / "tuned.json",
        {
            "measure": measure,
            "parameters": found.parameters,
            "validation": found.value,
            "test": {"mean": final.mean, "low": _number(final.low), "high": _number(final.high), "seeds": final.n},
            "test_of_default": {"mean": default.mean, "low": _number(default.low), "high": _number(default.high)},
            "trials": found.trials,
        },
    )
    rows = [("best", final.mean, _interval(final)), ("default", default.mean, _interval(default))]
    printing.table(
        ("settings", measure, "95 % interval"), rows, title=f"On {test:.0%} of the documents, unseen by trials"
    )
    print(f"\nBest: {_listed(found.parameters)} ({measure} {found.value:.4f} on the validation documents)")
    again = " ".join(f"--set {name}={value}" for name, value in found.parameters.items())
    tell(f"Written to {folder}/tuned.json. In a fit: topicml fit {source} --topics {topics} {again}")


def _listed(parameters: Mapping[str, Any]) -> str:
    shown = ((name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in parameters.items())
    return ", ".join(f"{name}={value}" for name, value in shown)


def _interval(found: Any) -> str:
    return f"[{found.low:.4f}, {found.high:.4f}]" if found.n > 1 else "-"


def _number(value: float) -> float | None:
    return None if value != value else value
