"""``topicml fit``: its options, and what they mean."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from topicml.cli.commandline import told
from topicml.cli.fitting import View, carry_out, resume_run
from topicml.cli.options import (
    CONTRAST_PANEL,
    SOURCE_HELP,
    TEXT_PANEL,
    Encoding,
    LabelColumn,
    Overwrite,
    TextColumn,
    Tokenized,
)
from topicml.cli.outputs import WORDS
from topicml.cli.reading import Reading, absolute
from topicml.cli.run import Run
from topicml.cli.settings import MODELS, FitSettings, parse_pairs, parse_parameters
from topicml.errors import InputError

Model = StrEnum("Model", list(MODELS))  # type: ignore[misc]
# What may stand beside --resume: it changes what is shown, not what is computed.
_SHOWING = {"resume", "report", "words", "quiet", "verbose"}


def fit(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=SOURCE_HELP, show_default=False)] = None,
    model: Annotated[Model, typer.Option(help="Kind of topic model.")] = Model["prodlda"],
    topics: Annotated[int, typer.Option("--topics", "-k", min=1, metavar="K", help="Number of topics.")] = 50,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same topics.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Passes over the documents, at most.")] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = "auto",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyper-parameter of the model; may be repeated."),
    ] = None,
    contrast: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Contrastive objective beside the model's own: set, infonce, …",
            rich_help_panel=CONTRAST_PANEL,
        ),
    ] = None,
    balance: Annotated[
        str,
        typer.Option(metavar="NAME", help="pareto, sum, or TorchJD's: mgda, upgrad, …", rich_help_panel=CONTRAST_PANEL),
    ] = "pareto",
    set_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Documents a set (--contrast set).", rich_help_panel=CONTRAST_PANEL),
    ] = None,
    views: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Another text of the same document, a positive for the contrast; may be repeated.",
            rich_help_panel=CONTRAST_PANEL,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write everything to.")] = None,
    overwrite: Overwrite = False,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="Continue the interrupted run of DIR.")] = None,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            help="Write report.html to DIR, which holds excerpts of documents; by default where it can be.",
            show_default=False,
        ),
    ] = None,
    words: Annotated[int, typer.Option(min=1, max=WORDS, metavar="N", help="Words shown of each topic.")] = 10,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors and warnings.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show progress, even to no terminal.")] = False,
    tokenized: Tokenized = False,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="Language, one of spaCy's.", rich_help_panel=TEXT_PANEL)
    ] = "en",
    min_df: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Drop words in fewer documents: 5, or a share: 0.01.", rich_help_panel=TEXT_PANEL
        ),
    ] = None,
    max_df: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Drop words in more documents: 900, or a share: 0.5.", rich_help_panel=TEXT_PANEL
        ),
    ] = None,
    max_features: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Keep so many words, the most frequent.", rich_help_panel=TEXT_PANEL),
    ] = None,
    stop_words: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of further stop words, one a line.", rich_help_panel=TEXT_PANEL),
    ] = None,
    phrases: Annotated[
        bool, typer.Option("--phrases", help="Join words that go together (new_york).", rich_help_panel=TEXT_PANEL)
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Processes.", rich_help_panel=TEXT_PANEL)] = 1,
    preprocess: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Any option of topicml.Preprocessor, such as lemmatize=false; may be repeated.",
            rich_help_panel=TEXT_PANEL,
        ),
    ] = None,
) -> None:
    """Learn topics, and print them with their scores.

    With --out, DIR gets the model, topics.json, topics.csv, doc_topics.parquet, scores.json, run.json and report.html,
    a page to open in a browser.
    An interrupted run goes on with --resume DIR, and ends as if nothing had happened.

    \b
    Examples:
      topicml fit lee --topics 10
      topicml fit tickets.csv --text-column text --topics 20 --out run
      topicml fit tweets.csv --model tsctm --contrast set --out run
    """  # noqa: D301 - \b keeps the lines as they are
    view = View(words, quiet=quiet, progress=True if verbose else False if quiet else None, report=report)
    if resume is not None:
        _refuse_others(context)
        resume_run(resume, view)
        return
    if source is None:
        raise InputError("What to learn from is missing: topicml fit SOURCE, or topicml fit --resume DIR.")
    given = {
        "language": None if language == "en" else language,
        "min_df": _count_or_share("--min-df", min_df),
        "max_df": _count_or_share("--max-df", max_df),
        "max_features": max_features,
        "stop_words": None if stop_words is None else stop_words.read_text("utf-8").split(),
        "phrases": phrases or None,
        "n_jobs": None if jobs == 1 else jobs,
    }
    preprocessing = {name: value for name, value in given.items() if value is not None}
    preprocessing |= parse_pairs(preprocess or (), "--preprocess")
    parameters = {"n_topics": topics, "random_state": seed, "device": device, **parse_parameters(set_ or ())}
    if epochs is not None:
        parameters["max_epochs"] = epochs
    if set_size is not None and contrast != "set":
        raise InputError(f"--set-size is for --contrast set; received --contrast {contrast}.")
    if balance != "pareto" and contrast is None:
        raise InputError(f"--balance {balance} weighs a contrast against the model's own loss: give --contrast.")
    if views and contrast is None and model.value != "tsctm":
        raise InputError(f"--views are for a contrast: give --contrast, or --model tsctm; {model.value} has none.")
    if contrast is not None and set_size is None:
        parameters["contrast"] = contrast
    if balance != "pareto":
        parameters["balance"] = balance
    reading = Reading(absolute(source), text_column, label_column, encoding, tokenized, preprocessing)
    settings = FitSettings(reading, model.value, parameters, set_size, views or [])
    if out is None:
        if report:
            raise InputError("--report writes report.html into a folder: give --out DIR.")
        carry_out(settings, None, view)
        return
    if report:
        from topicml.report.page import check_extra

        check_extra()  # before hours of training
    run = Run.begin(out, settings.to_record(), overwrite=overwrite)
    run.note(command=told(context), report=report)
    try:
        carry_out(settings, run, view)
    except InputError:
        run.discard()
        raise


def _refuse_others(context: typer.Context) -> None:
    given = [
        name
        for name in context.params
        if name not in _SHOWING and getattr(context.get_parameter_source(name), "name", "DEFAULT") == "COMMANDLINE"
    ]
    if given:
        names = ", ".join(name.rstrip("_").replace("_", "-") for name in given)
        raise InputError(f"--resume goes on with what the run was started with; leave out: {names}.")


def _count_or_share(option: str, value: str | None) -> int | float | None:
    """Read a count of documents (5) or a share of them (0.05, 1.0)."""
    try:
        return None if value is None else float(value) if "." in value else int(value)
    except ValueError as error:
        raise InputError(
            f"{option} takes a count of documents, such as 5, or a share, such as 0.05; not {value}."
        ) from error
