"""``topicml docs``: representative documents of topics."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.opening import open_view, records
from topicml.cli.options import (
    AsFormat,
    Delimiter,
    Encoding,
    Format,
    ModelFolder,
    Overwrite,
    ReadStdin,
    Sheet,
    Source,
    TextColumn,
)
from topicml.cli.passages import Passages
from topicml.cli.standard_input import StdinFormat
from topicml.errors import InputError
from topicml.files import atomic_file, check_absent
from topicml.json_text import json_text

if TYPE_CHECKING:
    from topicml.explore import TopicView


def docs(
    folder: ModelFolder,
    topic: Annotated[
        int | None, typer.Argument(metavar="[K]", help="Number of a topic; by default all topics.", show_default=False)
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Documents of each topic.")] = 3,
    diversity: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="X", help="How much the documents should differ, from 0 (not at all) to 1."),
    ] = 0.3,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write whole documents to .csv, .parquet or .jsonl.")
    ] = None,
    overwrite: Overwrite = False,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    as_format: AsFormat = Format.table,
) -> None:
    """Show representative documents of a topic, or of each topic.

    Representative are documents with a large share of the topic that differ from each other (maximal marginal
    relevance). A terminal marks the words that the topic accounts for. FILE gets topic, rank, document (its row in the
    source, from 0), proportion, words, weights (tokens that the topic accounts for) and the whole text.

    \b
    Examples:
      topicml docs run 3 -n 5
      topicml docs run -n 10 --out representative.csv
    """  # noqa: D301 - \b keeps the lines as they are
    if out is not None:
        writer_of(out)
        check_absent(out, overwrite=overwrite)
    opened = open_view(folder, source, text_column, encoding, delimiter, sheet, stdin_format, topic=topic)
    opened.require_documents()
    from topicml.explore import representative_documents

    view = opened.view
    frame = representative_documents(view, topic, n, diversity=diversity, n_candidates=max(50, 2 * n))
    rows = records(frame)
    if out is not None:
        with atomic_file(out) as temporary:
            writer_of(out)(temporary, rows)
        printing.note(f"{len(rows):,} documents of {frame['topic'].nunique():,} topics: {out}")
    elif as_format is Format.json:
        print(json_text(rows))
    else:
        _print(view, rows)


def writer_of(out: Path) -> Callable[[Path, list[dict[str, Any]]], None]:
    """The function that writes rows in the format of a suffix.

    Parameters
    ----------
    out : Path
        Only its suffix is read.

    Returns
    -------
    callable
        Takes a path and the rows.

    Raises
    ------
    InputError
        If there is no format with this suffix.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".jsonl": _write_jsonl}
    if out.suffix.lower() not in writers:
        raise InputError(f"{out} ends in {out.suffix or 'no suffix'}. Choose one of {', '.join(writers)}.")
    return writers[out.suffix.lower()]


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        for row in rows:
            weights = " ".join(f"{weight:.4g}" for weight in row["weights"])
            writer.writerow({**row, "words": " ".join(row["words"]), "weights": weights})


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open(path, "wb") as stream:  # Arrow takes only names in UTF-8
        pq.write_table(pa.Table.from_pylist(rows), stream)


def _write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(json_text(row) + "\n" for row in rows)


def _print(view: "TopicView", rows: list[dict[str, Any]]) -> None:
    from topicml.corpus.places import place_of

    passages = Passages(view, [row["text"] for row in rows])
    labels = view.numbered_labels
    last = None
    for row in rows:
        if row["topic"] != last:
            if last is not None:
                print()
            last = row["topic"]
            printing.heading(f"Topic {labels[last]}")
        place = place_of(view.corpus, row["document"])
        heading = f"{place}, proportion {row['proportion']:.0%}; words: {', '.join(row['words'])}"
        passages.show(heading, row["text"], dict(zip(row["words"], row["weights"], strict=True)))
