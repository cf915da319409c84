"""``topicml fit``: its options, and how they make the settings of a fit."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from topicml.checks import require
from topicml.cli import printing
from topicml.cli.commandline import command_text
from topicml.cli.embeddings import embeddings_from
from topicml.cli.fit_display import FitDisplay
from topicml.cli.imports import find_modules_here
from topicml.cli.options import (
    CONTRAST_PANEL,
    LANGUAGES_PANEL,
    SOURCE_HELP,
    Delimiter,
    Encoding,
    LabelColumn,
    ModelName,
    Names,
    Overwrite,
    ReadStdin,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.cli.parameters import parse_parameters
from topicml.cli.preprocessing import (
    Language,
    MaxDf,
    MaxFeatures,
    MinDf,
    Phrases,
    Preprocess,
    StopWords,
    TextJobs,
    preprocessing_of,
)
from topicml.cli.standard_input import STDIN, StdinFormat, source_of
from topicml.errors import InputError
from topicml.paths import expanded
from topicml.runs import FitSettings, fit_run, resume_run
from topicml.runs.folder import partial_of, resume_command
from topicml.runs.outputs import WORDS
from topicml.runs.reading import Reading, absolute
from topicml.runs.settings import is_built_in

# Options that --resume accepts: they change what is printed, not what is computed.
_DISPLAY_OPTIONS = {"resume", "report", "words", "quiet", "verbose"}


def fit(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=SOURCE_HELP, show_default=False)] = None,
    model: ModelName = "prodlda",
    topics: Annotated[
        str | None,
        typer.Option(
            "--topics",
            "-k",
            metavar="K",
            help="Number of topics; auto: estimated from the documents. By default the usual number for their size, up "
            "to 50.",
            show_default=False,
        ),
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed: the same seed gives the same topics.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Passes over the documents at most.")] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = "auto",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model; may be repeated."),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help='Words of the first topics: a TOML file (delivery = ["late", "parcel"]), or a CSV file with the '
            "columns topic and word.",
            show_default=False,
        ),
    ] = None,
    contrast: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Contrastive objective to add to the model's own: set, neighbours, infonce, …",
            rich_help_panel=CONTRAST_PANEL,
        ),
    ] = None,
    balance: Annotated[
        str,
        typer.Option(metavar="NAME", help="pareto, sum, or TorchJD's: mgda, upgrad, …", rich_help_panel=CONTRAST_PANEL),
    ] = "pareto",
    embeddings: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Vectors of the documents for --contrast neighbours, --set init=clusters or --set encoder_input=both: "
            "a .npy file (topicml encode), or a column of vectors. Only encoder_input needs them: the others "
            "learn them from the documents by default.",
            rich_help_panel=CONTRAST_PANEL,
            show_default=False,
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Encode the documents, in place of --embeddings: minilm, wordllama or use, if it is installed.",
            rich_help_panel=CONTRAST_PANEL,
            show_default=False,
        ),
    ] = None,
    targets: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What to reconstruct in place of word counts, such as next-word distributions of a language model: a "
            ".npz file of scipy.sparse, a row per document and a column per word. SOURCE is then best a saved corpus, "
            "whose words are known.",
            show_default=False,
        ),
    ] = None,
    set_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Documents per set (--contrast set).", rich_help_panel=CONTRAST_PANEL),
    ] = None,
    views: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with another text of the document, a positive for the contrast; may be repeated.",
            rich_help_panel=CONTRAST_PANEL,
        ),
    ] = None,
    prevalence: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULA",
            help="Columns that tell which topics a document may have, as a formula: '~ treatment * party + s(day)'.",
            show_default=False,
        ),
    ] = None,
    response: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column that topics are to predict: text by its values, numbers as such; 'C(COLUMN)' takes numbers as "
            "labels.",
            show_default=False,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of times: the words and shares of topics move from slice to slice (--by).",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Slices of --time: year, quarter, month, week, day, or a number of equal slices. By default what "
            "suits the documents.",
            show_default=False,
        ),
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of classes, such as a rating: topics have words of their own in each class.",
            show_default=False,
        ),
    ] = None,
    parents: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="Number of parents of the topics, such as 8: a tree of broad and narrow topics; or of several levels "
            "from the root: 4,12.",
            show_default=False,
        ),
    ] = None,
    language_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with the language of each document (en, de): the topics have words in each language.",
            rich_help_panel=LANGUAGES_PANEL,
            show_default=False,
        ),
    ] = None,
    translations: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column whose value a document and its translations share (--language-column).",
            rich_help_panel=LANGUAGES_PANEL,
            show_default=False,
        ),
    ] = None,
    dictionary: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of words that mean the same, with a column for each language (--language-column).",
            rich_help_panel=LANGUAGES_PANEL,
            show_default=False,
        ),
    ] = None,
    diversity: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of distinct words among the first 25 of all topics. More: rarer words that tell topics apart; "
            "less: frequent words that describe more documents. By default 0.85.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        Names,
        typer.Option(help="What names topics: phrases of the texts, such as 'foreign key', or single words alone."),
    ] = Names.phrases,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for all output.")] = None,
    documents: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="File in DIR for all columns of the documents with their topics: .csv, .parquet, .jsonl, .xlsx; none.",
        ),
    ] = "documents.csv",
    stdin_format: ReadStdin = StdinFormat.auto,
    overwrite: Overwrite = False,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="Resume the interrupted run of DIR.")] = None,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            help="Write report.html, with excerpts of documents, to DIR; by default if topicml[report] is installed.",
            show_default=False,
        ),
    ] = None,
    words: Annotated[int, typer.Option(min=1, max=WORDS, metavar="N", help="Words of each topic to print.")] = 10,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and warnings.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show progress, even outside a terminal.")] = False,
    tokenized: Tokenized = False,
    language: Language = "en",
    min_df: MinDf = None,
    max_df: MaxDf = None,
    max_features: MaxFeatures = None,
    stop_words: StopWords = None,
    phrases: Phrases = False,
    jobs: TextJobs = 1,
    preprocess: Preprocess = None,
) -> None:
    """Learn topics, and print them with their scores.

    With --out, DIR gets the model, topics.json, topics.csv, labels.csv (to name topics in), documents.csv (all columns
    of the documents with their topics), doc_topics.parquet, scores.json, run.json and report.html, a page to open in a
    browser.
    An interrupted run continues with --resume DIR, and ends with the same result as without the interruption.

    \b
    Examples:
      topicml fit lee --topics 10
      topicml fit tickets.csv --text-column text --topics 20 --out run
      topicml fit tweets.csv --model tsctm --contrast set --out run
    """  # noqa: D301 - \b keeps the lines as they are
    if _is_one_of_several(context, device):
        quiet, verbose = True, False  # the first process prints for all
    display = FitDisplay(words, quiet=quiet, report=report)
    progress = True if verbose else False if quiet else None
    if resume is not None:
        _refuse_other_options(context)
        _resume(resume, display, progress)
        return
    if source is None:
        raise InputError("The source of documents is missing: topicml fit SOURCE, or topicml fit --resume DIR.")
    if source == STDIN and "TORCHELASTIC_RUN_ID" in os.environ:
        raise InputError(
            "Several processes cannot read standard input: write the documents to a file that all can read."
        )
    preprocessing = preprocessing_of(language, min_df, max_df, max_features, stop_words, phrases, jobs, preprocess)
    n_topics, choose_topics = _number_of_topics(topics)
    parameters: dict[str, Any] = {"random_state": seed, "device": device}
    parameters |= ({} if n_topics is None else {"n_topics": n_topics}) | parse_parameters(set_ or ())
    if epochs is not None:
        parameters["max_epochs"] = epochs
    slices = int(by) if by is not None and by.isdecimal() else by
    given: dict[str, Any] = {"prevalence": prevalence, "response": response, "time": time, "by": slices}
    given |= {"content": content, "parents": None if parents is None else _numbers_of_parents(parents)}
    for name, value in given.items():
        if value is not None and name in parameters:
            raise InputError(f"--{name} and --set {name} set the same parameter: pass one of them.")
        parameters |= {} if value is None else {name: value}
    if seeds is not None:
        if "seeds" in parameters:
            raise InputError("--seeds and --set seeds set the same parameter: pass one of them.")
        from topicml.starting import read_seeds

        parameters["seeds"] = read_seeds(seeds)  # so that run.json has the words, not the name of a file
    parameters |= _languages(parameters, language_column, translations, dictionary)
    if diversity is not None:
        require(0 <= diversity <= 1, "--diversity", diversity, "from 0 to 1")
        if "ranking" in parameters:
            raise InputError("--diversity and --set ranking set the same parameter: pass one of them.")
        parameters["ranking"] = diversity
    if targets is not None and parameters.setdefault("reconstruct", "targets") != "targets":
        raise InputError("--targets is for a fit that reconstructs them: leave out --set reconstruct.")
    find_modules_here()  # for --model MODULE:CLASS
    _check_contrast(model, contrast, balance, set_size, views, response)
    if contrast is not None and set_size is None:
        parameters["contrast"] = contrast
    if balance != "pareto":
        parameters["balance"] = balance
    reading = Reading(
        source_of(source, stdin_format),
        text_column,
        label_column,
        encoding,
        tokenized,
        preprocessing,
        delimiter,
        sheet,
        embeddings=_embeddings(contrast, parameters, embeddings, encoder),
        targets=None if targets is None else absolute(targets),
        language_column=language_column,
    )
    settings = FitSettings(reading, model, parameters, set_size, views or [], choose_topics, names.value)
    if out is None:
        if report:
            raise InputError("--report writes report.html into a folder: pass --out DIR.")
        display.show(fit_run(settings, progress=progress, observer=display))
        return
    if report:
        from topicml.report.page import check_extra

        check_extra()  # before hours of training
    out = Path(os.path.abspath(expanded(out)))
    facts = {"command": command_text(context), "report": report}
    with _resume_hint(out):
        result = fit_run(
            settings,
            out,
            overwrite=overwrite,
            keep_source=source == STDIN,
            documents=None if documents == "none" else documents,
            facts=facts,
            progress=progress,
            observer=display,
        )
    display.show(result)
    display.note(f"Written to {out}")
    if source == STDIN:
        display.note(f"{result.settings.reading.source.removeprefix('./')} in it has the documents of standard input.")


def _is_one_of_several(context: typer.Context, device: str) -> bool:
    """Join the other processes if ``torchrun`` started this one; return whether it is not the first."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return False
    from topicml.nn.ranks import launched

    context.with_resource(launched(device))
    return os.environ["RANK"] != "0"


def _resume(folder: Path, display: FitDisplay, progress: bool | None) -> None:
    folder = Path(os.path.abspath(expanded(folder)))
    was_unfinished = partial_of(folder).exists()
    with _resume_hint(folder):
        result = resume_run(folder, progress=progress, observer=display)
    if result is not None:
        display.show(result)
    if was_unfinished:
        display.note(f"Written to {folder}")
    else:
        display.note(f"The run of {folder} is finished; there is nothing to resume.")


@contextmanager
def _resume_hint(folder: Path) -> Iterator[None]:
    """If the run is interrupted, print how to resume it."""
    try:
        yield
    except InputError:
        raise
    except BaseException:
        if partial_of(folder).exists():
            printing.note(f"Interrupted. To resume: {resume_command(folder)}")
        raise


def _check_contrast(
    model: str,
    contrast: str | None,
    balance: str,
    set_size: int | None,
    views: list[str] | None,
    response: str | None,
) -> None:
    """Raise `InputError` for options that have no effect without another one."""
    if set_size is not None and contrast != "set":
        raise InputError(f"--set-size is for --contrast set; received --contrast {contrast}.")
    if balance != "pareto" and contrast is None and response is None:
        raise InputError(f"--balance {balance} weighs a contrast against the model's own loss: pass --contrast.")
    if views and contrast is None and is_built_in(model) and model.lower() != "tsctm":
        raise InputError(f"--views are for a contrast: pass --contrast, or --model tsctm; {model} has no contrast.")


def _languages(
    parameters: Mapping[str, Any], column: str | None, translations: str | None, dictionary: str | None
) -> dict[str, Any]:
    """The parameters of the model that the options of languages set."""
    options: dict[str, Any] = {"languages": column, "translations": translations, "dictionary": dictionary}
    given = {name: value for name, value in options.items() if value is not None}
    if given and column is None:
        raise InputError("--translations and --dictionary are for texts in several languages: pass --language-column.")
    if both := sorted(given.keys() & parameters.keys()):
        raise InputError(f"--set {both[0]} and an option set the same parameter: pass one of them.")
    if column is not None:
        given["languages"] = True
    if dictionary is not None:
        from topicml.starting import Dictionary

        given["dictionary"] = Dictionary(dictionary).pairs  # so that run.json has the words, not the name of a file
    return given


def _embeddings(
    contrast: str | None, parameters: Mapping[str, Any], embeddings: str | None, encoder: str | None
) -> str | None:
    """What makes the embeddings, as `embeddings_from`; refused if nothing reads them."""
    found = embeddings_from(embeddings, encoder)
    is_start = parameters.get("init") in ("clusters", "npmi+clusters")
    is_input = parameters.get("encoder_input", "words") != "words"
    is_read = is_input or is_start or parameters.get("neighbour_share", 0) != 0
    if found is not None and contrast != "neighbours" and not is_read:
        option = f"--embeddings {embeddings}" if encoder is None else f"--encoder {encoder}"
        raise InputError(
            f"{option} is for a fit that reads embeddings: pass --contrast neighbours, --set init=npmi+clusters, "
            "--set neighbour_share=0.8 or --set encoder_input=both."
        )
    return found


def _refuse_other_options(context: typer.Context) -> None:
    names = [
        name.rstrip("_").replace("_", "-")
        for name in context.params
        if name not in _DISPLAY_OPTIONS
        and getattr(context.get_parameter_source(name), "name", "DEFAULT") == "COMMANDLINE"
    ]
    if names:
        raise InputError(f"--resume uses the options that the run was started with; leave out: {', '.join(names)}.")


def _number_of_topics(text: str | None) -> tuple[int | None, str | None]:
    """Parse --topics: a number, or how to choose it once the documents are read."""
    if text is None or text == "auto":
        return None, "usual" if text is None else "auto"
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"--topics takes a number of topics from 1, such as 20, or auto; received {text!r}.")
    return int(text), None


def _numbers_of_parents(text: str) -> list[int]:
    """Parse --parents: numbers, separated by commas."""
    numbers = [each.strip() for each in text.split(",")]
    if not all(each.isdecimal() for each in numbers):
        raise InputError(
            f"--parents takes a number, such as 8, or several from the root, such as 4,12; received {text!r}."
        )
    return [int(each) for each in numbers]
