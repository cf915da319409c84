"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from topicml.cli.standard_input import StdinFormat


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    json = "json"


class Names(StrEnum):
    """What topics are named by."""

    phrases = "phrases"
    words = "words"


MODELS = ("prodlda", "etm", "ecrtm", "lda2vec", "tsctm", "docnade")
"""The models of topicml, for help and completion; the registry (`topicml.models.model_names`) would import torch."""

SOURCE_HELP = (
    "A CSV, TSV, JSONL, Parquet, Excel or text file, a folder, the name of a corpus (see: topicml corpora), or - for "
    "standard input."
)

TEXT_PANEL = "Preprocessing of raw text"
CONTRAST_PANEL = "Contrast"
LANGUAGES_PANEL = "Several languages"


def _complete_model(incomplete: str) -> list[str]:
    return [name for name in MODELS if name.startswith(incomplete.lower())]


ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME",
        help=f"Topic model: {', '.join(MODELS)}, a registered one, or MODULE:CLASS.",
        autocompletion=_complete_model,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Column of the text; by default one named text, or the one with the longest texts."
    ),
]
LabelColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of labels, to compare with the topics.")]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of the text; UTF-8 by default, or UTF-16 by its mark.")
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="CHAR", help="Between columns of CSV: ',', ';', '|' or tab; recognised by default."),
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of an Excel file, by name or number; the first by default.")
]
ReadStdin = Annotated[
    StdinFormat,
    typer.Option(
        "--stdin-format", help="How standard input (-) is read; txt is a document per line. By default recognised."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing output.")]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Output of `topicml fit --out`, or a saved model.", show_default=False)
]
Tokenized = Annotated[
    bool,
    typer.Option(
        "--tokenized", help="The text is tokens separated by blanks: do not preprocess.", rich_help_panel=TEXT_PANEL
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Workers of --cluster local; by default one per core.", show_default=False),
]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to wait for a cluster to answer.")]
AsFormat = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]
Source = Annotated[
    str | None,
    typer.Option(metavar="SOURCE", help="Documents to show instead of the fit's; read as by `topicml transform`."),
]
TableFile = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Write the whole table: .csv, .tsv, .parquet, .jsonl, .xlsx.", show_default=False
    ),
]
MinConfidence = Annotated[
    float | None,
    typer.Option(min=0, max=1, metavar="X", help="Documents below this confidence get topic -1 and the label unclear."),
]
