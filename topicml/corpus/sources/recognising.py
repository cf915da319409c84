"""Recognise the format of documents that come without a file name."""

import csv
import io
import json

from topicml.corpus.sources.decoding import marked_encoding
from topicml.corpus.sources.delimiters import recognised

HEAD = 65_536
"""Bytes from the beginning that `format_of` needs at most."""

_LINES = 50  # to judge by
_NAME = 40  # characters of the name of a column at most
_SHARE = 0.9  # of the rows with as many values as the header


def format_of(head: bytes) -> str:
    """Recognise a table, JSON lines, Parquet, Excel, or text with a document in each line.

    Text is a table if its first line can be a header (two or more different short names that are not numbers), and
    nearly all rows have as many values. JSON lines begin with an object.

    Parameters
    ----------
    head : bytes
        The beginning, at most `HEAD` bytes.

    Returns
    -------
    str
        ``csv``, ``tsv``, ``jsonl``, ``parquet``, ``xlsx`` or ``txt``.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    text = head.decode(marked_encoding(head) or "utf-8", "replace").lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if _is_object(first):
        return "jsonl"
    lines = io.StringIO(text, newline="").readlines()
    if len(head) >= HEAD:
        lines = lines[:-1]  # it may be cut
    return _table(lines[:_LINES]) or "txt"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _table(lines: list[str]) -> str | None:
    delimiter = recognised(lines, ",")
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return None
    if len(rows) < 2 or len(rows[0]) < 2:
        return None
    names = [name.strip() for name in rows[0]]
    is_header = len(set(names)) == len(names) and all(map(_can_be_name, names))
    share = sum(len(row) == len(names) for row in rows[1:]) / (len(rows) - 1)
    return ("tsv" if delimiter == "\t" else "csv") if is_header and share >= _SHARE else None


def _can_be_name(text: str) -> bool:
    """Whether text can be the name of a column: short, with a letter, not a sentence and not a number."""
    if not text or len(text) > _NAME or len(text.split()) > 5 or text[-1] in ".!?":
        return False
    return any(character.isalpha() for character in text)
