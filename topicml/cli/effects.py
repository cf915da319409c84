"""``topicml effects``: how fields of the documents change the shares of topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.opening import open_view
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
    TableFile,
    TextColumn,
)
from topicml.cli.standard_input import StdinFormat
from topicml.cli.tables import check_table_file, output_frame
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.explore import Effects, TopicView

_NUMBERS = ("estimate", "std_error", "low", "high", "p")
_SHOWN = 15  # topics whose effects are printed without --topic


def effects(
    folder: ModelFolder,
    formula: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULA", help="Of columns: '~ treatment + s(day)'; by default that of fit --prevalence."
        ),
    ] = None,
    topic: Annotated[
        list[int] | None,
        typer.Option(metavar="K", help="Only this topic; may be repeated.", show_default=False),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Instead: the expected share of each topic by the values of a column."),
    ] = None,
    contrast: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            metavar="COLUMN A B", help="Instead: how the share differs between two values of a column, A minus B."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=2, metavar="N", help="Draws for each interval.")] = 200,
    level: Annotated[float, typer.Option(metavar="P", help="Level of the intervals, between 0 and 1.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the draws.")] = 0,
    out: TableFile = None,
    overwrite: Overwrite = False,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    as_format: AsFormat = Format.table,
) -> None:
    """Estimate the effects of columns on the shares of topics, with intervals.

    For a fit with --prevalence, or with --formula for any other. A row is the effect of a term on the share of a topic.
    `low` and `high` are an interval by the method of composition, as R's estimateEffect; FILE and json also have one by
    the bootstrap over documents (low_bootstrap, high_bootstrap). Both take the topics as given.

    \b
    Examples:
      topicml effects run
      topicml effects run --topic 3 --by day
      topicml effects run --contrast treatment yes no --out effects.csv
    """  # noqa: D301 - \b keeps the lines as they are
    check_table_file(out, overwrite=overwrite)
    if by is not None and contrast is not None:
        raise InputError("--by and --contrast cannot be used together: pass one of them.")
    if not 0 < level < 1:
        raise InputError(f"--level takes a probability between 0 and 1; received {level:g}.")

    def check(view: "TopicView") -> None:
        for k in topic or ():
            view.topic(k)
        if formula is None and getattr(view.model, "model_matrix_", None) is None:
            raise InputError("The model was fitted without --prevalence. Pass a formula: --formula '~ treatment'.")

    opened = open_view(folder, source, text_column, encoding, delimiter, sheet, stdin_format, check=check)
    opened.require_documents()
    from topicml.explore import effects as estimated

    found = estimated(opened.view, formula=formula, draws=draws, level=level, seed=seed)
    output_frame(_table(found, by, contrast, topic), out, as_format, lambda rows: _print(rows, topic))


def _table(
    found: "Effects", by: str | None, contrast: tuple[str, str, str] | None, topics: Sequence[int] | None
) -> Any:
    if contrast is not None:
        return found.contrast(*contrast, topics)
    return found.table(topics) if by is None else found.marginal(by, topics=topics)


def _print(rows: list[dict[str, Any]], topics: Sequence[int] | None) -> None:
    """Print the rows, of the first topics only if none were chosen. The third column is the term, contrast or value."""
    columns = [*list(rows[0])[:3], *_NUMBERS]
    every = list(dict.fromkeys(row["topic"] for row in rows))
    shown = {*(every if topics else every[:_SHOWN])}
    printing.table(columns, [[row[name] for name in columns] for row in rows if row["topic"] in shown])
    if len(shown) < len(every):
        printing.note(
            f"The first {len(shown)} of {len(every)} topics; --topic K chooses others, and --out FILE has all of them."
        )
