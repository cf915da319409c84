"""``topicml transform``: the topics of new documents."""

from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.options import (
    SOURCE_HELP,
    Delimiter,
    Encoding,
    ModelFolder,
    Overwrite,
    Sheet,
    TextColumn,
)
from topicml.files import check_absent
from topicml.runs import Reading, open_run
from topicml.runs.reading import absolute
from topicml.runs.theta import theta_writer, write_theta


def transform(
    folder: ModelFolder,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Output file: .parquet, .csv or .jsonl.", show_default=False)
    ],
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    overwrite: Overwrite = False,
) -> None:
    """Infer the topics of new documents.

    FILE gets a row per document, in the order of the source: row, theta_0, theta_1, and so on. Text is preprocessed as
    for the fit. Words outside the model's vocabulary are ignored; a warning counts them.

    \b
    Examples:
      topicml transform run new.csv --text-column text --out topics.parquet
      topicml transform run articles/ --out topics.jsonl
    """  # noqa: D301 - \b keeps the lines as they are
    theta_writer(out)  # refuses an unknown suffix before anything is read
    check_absent(out, overwrite=overwrite)
    run = open_run(folder)
    corpus = run.read(Reading(absolute(source), text_column, encoding=encoding, delimiter=delimiter, sheet=sheet))
    write_theta(out, run.model.transform(corpus))
    printing.note(f"{corpus.n_docs:,} documents, {run.model.n_topics} topics: {out}")
