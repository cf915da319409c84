"""``topicml transform``: the columns of documents with their topics."""

import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.embeddings import embeddings_from
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
    Timeout,
    Workers,
)
from topicml.cli.standard_input import STDIN, StdinFormat, source_of
from topicml.cli.trusting import open_folder, trusted
from topicml.errors import InputError, TopicWarning
from topicml.files import check_absent
from topicml.paths import expanded
from topicml.runs.rows import NO_TOPIC, UNCLEAR, predicted_columns
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
        typer.Option(
            metavar="FILE",
            help="Output: .csv, .tsv, .parquet, .jsonl, .xlsx; - prints CSV. A folder for several files.",
        ),
    ] = STDOUT,
    theta: Annotated[bool, typer.Option("--theta", help="Add the topic proportions: theta_0, theta_1, …")] = False,
    min_confidence: MinConfidence = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    embeddings: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Vectors of the documents, for a model whose encoder reads them: a .npy file (topicml encode), or a "
            "column of vectors.",
            show_default=False,
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Encode the documents, in place of --embeddings: minilm, …", show_default=False
        ),
    ] = None,
    overwrite: Overwrite = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Label many files by the workers of a Dask cluster (tcp://HOST:8786); local: by this machine's cores.",
            show_default=False,
        ),
    ] = None,
    workers: Workers = None,
    timeout: Timeout = 30.0,
) -> None:
    """Label documents: every column that they have, and their topics.

    FILE gets a row per document, in the order of the source: all columns of the source, then topic, label, confidence,
    second_topic, unknown_share (of the words) and note. A document without a word of the model has topic -1. Text is
    preprocessed as for the fit. The topics are those after `topicml merge`, `rename` and so on. A fit with --response
    COLUMN adds predicted_COLUMN, and --theta the topic proportions.

    A pattern or a folder of tables as SOURCE, or --cluster, labels many files: FILE is then a folder that gets a
    Parquet file for each. An interrupted command continues when it is repeated.

    \b
    Examples:
      topicml transform run new.csv --out out.csv
      topicml transform run new.csv --theta --out out.parquet
      topicml transform run --out run/documents.csv --overwrite
      cat new.txt | topicml transform run - > out.csv
      topicml transform run 'data/*.parquet' --out themes --cluster local
    """  # noqa: D301 - \b keeps the lines as they are
    if cluster is not None or _are_many(source):
        if embeddings is not None or encoder is not None:
            raise InputError("--embeddings and --encoder are for one file of documents: label the files one by one.")
        if source not in (None, STDIN):
            source_of(source, stdin_format)  # refuses a format of standard input
        options = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet}
        labels = {"text_column": text_column, "min_confidence": min_confidence, "theta": theta}
        _transform_files(folder, source, out, {**options, **labels}, cluster, workers, timeout)
        return
    if workers is not None:
        raise InputError("--workers is for --cluster local.")
    table_writer(out)  # refuses an unknown suffix before anything is read
    if out != STDOUT:
        check_absent(out, overwrite=overwrite)
    run = open_folder(folder)
    reading = given_reading("SOURCE", source, text_column, encoding, delimiter, sheet, stdin_format)
    documents = _documents_of_fit(run) if reading is None else run.read(reading)
    corpus = _with_embeddings(run, documents, embeddings_from(embeddings, encoder))
    from topicml.explore import TopicView
    from topicml.explore.rows import label_inferred
    from topicml.explore.view_documents import counts_of, words_of

    inferred = run.model.transform(corpus)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # transform has warned of unknown words
        counts = counts_of(run.model, corpus)
        predicted = predicted_columns(run.model, corpus, counts)
    view = TopicView.of(run.model)
    rows = label_inferred(view, inferred, counts, words_of(corpus), min_confidence)
    write_table(out, labelled_table(corpus, rows, view.changed(inferred, counts) if theta else None, predicted))
    printing.note(_summary(rows, view.n_topics, out))


def _are_many(source: str | None) -> bool:
    """Whether a source is a pattern, or a folder of tables, that names files to label one by one."""
    if source is None or source == STDIN:
        return False
    path = expanded(source)
    if path.is_dir():
        from topicml.corpus.sources.batches import tables_in

        return any(True for _ in tables_in(path))
    return not path.exists() and any(sign in source for sign in "*?[")


def _transform_files(
    folder: Path,
    source: str | None,
    out: Path,
    options: Mapping[str, Any],
    cluster: str | None,
    workers: int | None,
    timeout: float,
) -> None:
    """Label many files, each into a file of the folder `out`; `options` of `Labelling`."""
    if source is None or source == STDIN:
        raise InputError("--cluster labels files: pass SOURCE, such as 'data/*.parquet'.")
    if out == STDOUT or out.suffix.lower() in (".csv", ".tsv", ".parquet", ".jsonl", ".xlsx"):
        raise InputError(f"Several files are labelled into a folder: pass --out FOLDER; received {out}.")
    if workers is not None and cluster != "local":
        raise InputError("--workers is for --cluster local.")
    run = open_folder(folder)
    if getattr(run.model, "reads_embeddings", False):
        raise InputError(
            "The encoder of this model reads embeddings, and many files are labelled by their words: label them one by "
            "one, with --encoder NAME or --embeddings FILE."
        )
    from topicml.cluster import Labelling, label_files

    begin = time.perf_counter()

    def on_file(path: Path, n: int, done: int, total: int) -> None:
        printing.note(f"{path.name}: {n:,} documents ({done:,} of {total:,} files)")

    labelling = Labelling(os.path.abspath(run.folder), trust=trusted(), **options)
    n_docs = label_files([source], out, labelling, cluster=cluster, n_workers=workers, timeout=timeout, on_file=on_file)
    speed = n_docs / max(time.perf_counter() - begin, 1e-9)
    printing.note(f"{n_docs:,} documents labelled ({speed:,.0f} documents/s): {out}")


def _documents_of_fit(run: "OpenRun") -> "Corpus":
    corpus = run.documents.corpus
    if corpus is None:
        raise InputError(f"There are no documents to label. {run.documents.message} Pass SOURCE.")
    if run.documents.message:
        printing.note(f"{run.documents.message} These are the documents as they are now.")
    return corpus


def _with_embeddings(run: "OpenRun", corpus: "Corpus", embeddings: str | None) -> "Corpus":
    """The documents with the embeddings that the encoder of the model reads, if it reads some."""
    if not getattr(run.model, "reads_embeddings", False):
        if embeddings is not None:
            raise InputError("The model reads words alone: leave out --embeddings and --encoder.")
        return corpus
    if embeddings is None:
        raise InputError(
            "The encoder of this model reads embeddings: pass --encoder NAME or --embeddings FILE, with the encoder of "
            f"the fit ({run.model.outside_knowledge_ or 'of these documents alone'})."
        )
    return corpus.with_embeddings(embeddings)


def _summary(rows: "LabelledRows", n_topics: int, out: Path) -> str:
    n_without_words = sum(label is None for label in rows.label)
    n_unclear = sum(
        label == UNCLEAR and topic == NO_TOPIC for label, topic in zip(rows.label, rows.topic.tolist(), strict=True)
    )
    parts = [f"{len(rows.label):,} documents, {n_topics:,} topics"]
    parts += [f"{n_without_words:,} without known words"] if n_without_words else []
    parts += [f"{n_unclear:,} unclear"] if n_unclear else []
    return f"{'; '.join(parts)}{'' if out == STDOUT else f': {out}'}"
