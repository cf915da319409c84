"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    json = "json"


SOURCE_HELP = "A CSV, TSV, JSONL, Parquet or text file, a folder, or the name of a corpus (see: topicml corpora)."

TEXT_PANEL = "Preprocessing of raw text"
CONTRAST_PANEL = "Contrast"

TextColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column that holds the text; found where it is plain.")
]
LabelColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of labels to compare the topics with.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="Encoding of the text; UTF-8 by default.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="What `topicml fit --out` wrote, or a saved model.", show_default=False)
]
Tokenized = Annotated[
    bool,
    typer.Option("--tokenized", help="Text is tokens between blanks: taken as it is.", rich_help_panel=TEXT_PANEL),
]
AsFormat = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]
Source = Annotated[
    str | None,
    typer.Option(metavar="SOURCE", help="Other documents than those of the fit; read as `topicml transform` does."),
]
