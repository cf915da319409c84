"""``topicml drift``: what moves over the slices of time."""

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

if TYPE_CHECKING:
    from topicml.explore import TopicView


def drift(
    folder: ModelFolder,
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Words that come and go in each topic.")] = 5,
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
    """Show how topics move over time: words that come and go, and topics that are born and gone.

    For a fit with --time. Topics that moved most come first. `come` and `go` are the words that rise and fall most from
    the first slice to the last, of those that the topic uses as much as the mean topic, or more; `moved` is the
    distance (0 to 1) between the words of these slices, and `most_in` the slice with the largest step. A topic is born
    in the first slice in which its share is at least a quarter of its largest one, and gone in the slice after the last
    such one. `topicml topics --at SLICE` shows the words of a slice.

    FILE gets a row per topic: topic, label, words (of the last slice), come, go, moved, most_in, first_share,
    last_share, born and gone.

    \b
    Examples:
      topicml drift run
      topicml drift run -n 10 --out drift.csv
    """  # noqa: D301 - \b keeps the lines as they are
    check_table_file(out, overwrite=overwrite)
    opened = open_view(folder, source, text_column, encoding, delimiter, sheet, stdin_format, check=_require_slices)
    opened.require_documents()
    from topicml.explore import drift as moved

    output_frame(moved(opened.view, n=n), out, as_format, _print, rows="topics")


def _require_slices(view: "TopicView") -> None:
    from topicml.explore.drift import slices_of

    slices_of(view.model)


def _print(rows: list[dict[str, Any]]) -> None:
    columns = ("topic", "label", "come", "go", "moved", "most_in")
    printing.table(columns, [[row[name] for name in columns] for row in rows])
    print()
    columns = ("topic", "label", "first_share", "last_share", "born", "gone")
    changed = [[row[name] for name in columns] for row in rows if row["born"] or row["gone"]]
    if changed:
        printing.table(columns, changed, title="Topics that are born or gone, by their share of the documents")
    else:
        printing.line("No topic is born or gone: all have a share in the first slice and in the last.")
