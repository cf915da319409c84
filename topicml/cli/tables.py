"""Write data frames to the file that a command is given, or print them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from topicml.cli import printing
from topicml.cli.opening import records
from topicml.cli.options import Format
from topicml.errors import InputError
from topicml.files import check_absent
from topicml.json_text import json_text
from topicml.runs.tables import STDOUT, table_writer, write_table


def check_table_file(out: Path | None, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything is read or computed.

    Parameters
    ----------
    out : Path or None
        The file; None for none.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    InputError
        If its suffix is unknown, or it exists and `overwrite` is false.
    """
    if out == STDOUT:
        raise InputError("--out takes a file. Without --out the table is printed; --format json is for programs.")
    if out is not None:
        table_writer(out)
        check_absent(out, overwrite=overwrite)


def write_frame(out: Path, frame: Any) -> None:
    """Write a pandas data frame in the format of the suffix of a file.

    Parameters
    ----------
    out : Path
        As for `topicml.runs.tables.write_table`.
    frame : pandas.DataFrame
        Its index is not written.
    """
    import pyarrow as pa

    write_table(out, pa.Table.from_pandas(frame, preserve_index=False))


def output_frame(
    frame: Any, out: Path | None, as_format: Format, show: Callable[[list[dict[str, Any]]], None], *, rows: str = "rows"
) -> None:
    """Write a data frame to a file, or print it as JSON, or as a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is left out.
    out : Path or None
        The file; None prints.
    as_format : Format
        How it is printed.
    show : callable
        Prints the rows as a table.
    rows : str
        What the rows are, for the note that names the file.
    """
    if out is not None:
        write_frame(out, frame)
        printing.note(f"{len(frame):,} {rows}: {out}")
    elif as_format is Format.json:
        print(json_text(records(frame)))
    else:
        show(records(frame))
