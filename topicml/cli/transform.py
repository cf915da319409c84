"""``topicml transform``: the columns of documents with their topics."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import given_reading
from topicml.cli.options import (
    SOURCE_HELP,
    Delimiter,
    Encoding,
    MinConfidence,
    ModelFolder,
    Overwrite,
    ReadStdin,
    Sheet,
    TextColumn,
)
from topicml.cli.standard_input import StdinFormat
from topicml.cli.trusting import open_folder
from topicml.errors import InputError, TopicWarning
from topicml.files import check_absent
from topicml.runs.rows import NO_TOPIC, UNCLEAR
from topicml.runs.tables import STDOUT, labelled_table, table_writer, write_table

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.runs import OpenRun
    from topicml.runs.rows import LabelledRows


def transform(
    folder: ModelFolder,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help=f"{SOURCE_HELP} By default the documents of the fit.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Output: .csv, .tsv, .parquet, .jsonl, .xlsx; - prints CSV."),
    ] = STDOUT,
    theta: Annotated[bool, typer.Option("--theta", help="Add the topic proportions: theta_0, theta_1, …")] = False,
    min_confidence: MinConfidence = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    overwrite: Overwrite = False,
) -> None:
    """Label documents: every column that they have, and their topics.

    FILE gets a row per document, in the order of the source: all columns of the source, then topic, label, confidence,
    second_topic, unknown_share (of the words) and note. A document without a word of the model has topic -1. Text is
    preprocessed as for the fit. The topics are those after `topicml merge`, `rename` and so on.

    \b
    Examples:
      topicml transform run new.csv --out out.csv
      topicml transform run new.csv --theta --out out.parquet
      topicml transform run --out run/documents.csv --overwrite
      cat new.txt | topicml transform run - > out.csv
    """  # noqa: D301 - \b keeps the lines as they are
    table_writer(out)  # refuses an unknown suffix before anything is read
    if out != STDOUT:
        check_absent(out, overwrite=overwrite)
    run = open_folder(folder)
    reading = given_reading("SOURCE", source, text_column, encoding, delimiter, sheet, stdin_format)
    corpus = _documents_of_fit(run) if reading is None else run.read(reading)
    from topicml.explore import TopicView
    from topicml.explore.rows import label_inferred
    from topicml.explore.view_documents import counts_of, words_of

    inferred = run.model.transform(corpus)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # transform has warned of unknown words
        counts = counts_of(run.model, corpus)
    view = TopicView.of(run.model)
    rows = label_inferred(view, inferred, counts, words_of(corpus), min_confidence)
    write_table(out, labelled_table(corpus, rows, view.changed(inferred, counts) if theta else None))
    printing.note(_summary(rows, view.n_topics, out))


def _documents_of_fit(run: "OpenRun") -> "Corpus":
    corpus = run.documents.corpus
    if corpus is None:
        raise InputError(f"There are no documents to label. {run.documents.message} Pass SOURCE.")
    if run.documents.message:
        printing.note(f"{run.documents.message} These are the documents as they are now.")
    return corpus


def _summary(rows: "LabelledRows", n_topics: int, out: Path) -> str:
    n_without_words = sum(label is None for label in rows.label)
    n_unclear = sum(
        label == UNCLEAR and topic == NO_TOPIC for label, topic in zip(rows.label, rows.topic.tolist(), strict=True)
    )
    parts = [f"{len(rows.label):,} documents, {n_topics:,} topics"]
    parts += [f"{n_without_words:,} without known words"] if n_without_words else []
    parts += [f"{n_unclear:,} unclear"] if n_unclear else []
    return f"{'; '.join(parts)}{'' if out == STDOUT else f': {out}'}"
