"""``topicml transform``: the topics of new documents."""

from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import open_model
from topicml.cli.options import SOURCE_HELP, Encoding, ModelFolder, Overwrite, TextColumn
from topicml.cli.outputs import theta_writer, write_theta
from topicml.cli.reading import AsFitted, Reading, absolute
from topicml.files import check_absent


def transform(
    folder: ModelFolder,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to: .parquet, .csv or .jsonl.", show_default=False)],
    text_column: TextColumn = None,
    encoding: Encoding = None,
    overwrite: Overwrite = False,
) -> None:
    """Infer the topics of new documents.

    FILE gets a row a document, in their order: row, theta_0, theta_1, and so on. Text is treated as the model's was;
    words that it does not know are ignored, and counted.

    \b
    Examples:
      topicml transform run new.csv --text-column text --out topics.parquet
      topicml transform run articles/ --out topics.jsonl
    """  # noqa: D301 - \b keeps the lines as they are
    theta_writer(out)
    check_absent(out, overwrite=overwrite)
    model = open_model(folder)
    reading = Reading(absolute(source), text_column, encoding=encoding)
    corpus = reading.corpus(AsFitted(model.preprocessor_), progress=printing.is_watched(None))
    write_theta(out, model.transform(corpus))
    printing.note(f"{corpus.n_docs:,} documents, {model.n_topics} topics: {out}")
