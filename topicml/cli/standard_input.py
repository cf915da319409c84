"""Standard input as a source of documents: ``-``."""

import shutil
import sys
import tempfile
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path

from topicml.cli import printing
from topicml.errors import InputError
from topicml.files import clean_leftovers, temporary_folder
from topicml.runs.reading import absolute

STDIN = "-"
NAME = "standard input"

_opened = ExitStack()
_read: list[Path] = []


class StdinFormat(StrEnum):
    """How standard input is read."""

    auto = "auto"
    txt = "txt"
    csv = "csv"
    tsv = "tsv"
    jsonl = "jsonl"


def source_of(source: str, stdin_format: StdinFormat | None = None) -> str:
    """The absolute path of a source that exists, or else the source itself, which may be the name of a corpus.

    Parameters
    ----------
    source : str
        As a command takes it; ``-`` is standard input, which is copied to a file until `clean` is called, because
        readers look at the beginning before they read the rest. Messages name the file "standard input".
    stdin_format : StdinFormat, optional
        How standard input is read; by default its format is recognised, and told.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If standard input is empty, or a format is given for another source.
    """
    if source != STDIN:
        if stdin_format not in (None, StdinFormat.auto):
            raise InputError(f"--stdin-format is for standard input, which is -; the source is {source}.")
        return absolute(source)
    if not _read:
        _read.append(_copied(stdin_format or StdinFormat.auto))
    return str(_read[0])


def name_of(source: str) -> str:
    """The name of a source in a title: of a file, without its folder."""
    return NAME if source == STDIN else Path(source).name


def clean() -> None:
    """Remove the copy of standard input."""
    _read.clear()
    _opened.close()


def _copied(stdin_format: StdinFormat) -> Path:
    from topicml.corpus.sources.recognising import HEAD, format_of

    if sys.stdin.isatty():
        printing.note("Reading standard input; Ctrl-D ends it.")
    stream = sys.stdin.buffer
    head = b""
    while len(head) < HEAD and (part := stream.read(HEAD - len(head))):
        head += part
    if not head.strip():
        raise InputError("There are no documents on standard input: it is empty.")
    chosen = format_of(head) if stdin_format is StdinFormat.auto else stdin_format.value
    clean_leftovers(tempfile.gettempdir(), "topicml-stdin")  # of processes that were killed
    folder = _opened.enter_context(temporary_folder("topicml-stdin", tempfile.gettempdir()))
    path = folder / f"{NAME}.{chosen}"
    with open(path, "wb") as copy:
        copy.write(head)
        shutil.copyfileobj(stream, copy)
    printing.call(path, NAME)
    if stdin_format is StdinFormat.auto:
        printing.note(_told(chosen))
    return path


def _told(chosen: str) -> str:
    if chosen == "txt":
        return "Standard input: a document in each line. If it is a table: --stdin-format csv, tsv or jsonl."
    read = {
        "csv": "a table (CSV)",
        "tsv": "a table (TSV)",
        "jsonl": "JSON lines",
        "parquet": "Parquet",
        "xlsx": "Excel",
    }
    return f"Standard input: {read[chosen]}. If each line is a document: --stdin-format txt."
