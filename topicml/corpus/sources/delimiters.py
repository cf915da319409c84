"""Recognise the delimiter of a table of text by the number of values that its lines have."""

import csv
import re
from collections.abc import Sequence

from topicml.errors import InputError

CANDIDATES = (",", "\t", ";", "|")
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


def delimiter_of(given: str) -> str:
    """Return the character that a user named as the delimiter.

    Parameters
    ----------
    given : str
        One character, or "tab", "comma", "semicolon", "pipe" or "space".

    Returns
    -------
    str
        One character.

    Raises
    ------
    InputError
        If it is something else, a quotation mark, or the end of a line.
    """
    character = _NAMES.get(given.lower(), given) if isinstance(given, str) else given
    if not isinstance(character, str) or len(character) != 1 or character in '"\r\n\0':
        raise InputError(
            f"delimiter must be one character, or tab, comma, semicolon, pipe or space; received {given!r}."
        )
    return character


def named_in(line: str) -> str | None:
    """Return the delimiter that a first line ``sep=;`` names, as Excel writes and reads it; None for other lines."""
    match = re.fullmatch(r'"?sep=(.)"?[\r\n]*', line)
    return None if match is None or match[1] in '"\r\n' else match[1]


def recognised(lines: Sequence[str], usual: str) -> str:
    """Return the delimiter for which most rows have as many values as the header.

    Parameters
    ----------
    lines : sequence of str
        The first lines of the file, with the header. They may end inside a quoted value.
    usual : str
        The delimiter that the suffix of the file promises. It wins if others fit equally well, or none fits.

    Returns
    -------
    str
        One of `CANDIDATES`.
    """
    best, best_score = usual, (0.0, False, 0)
    for candidate in CANDIDATES:
        rows = _rows(lines, candidate)
        columns = len(rows[0]) if rows else 0
        if columns < 2:
            continue
        share = sum(len(row) == columns for row in rows) / len(rows)
        score = (share, candidate == usual, columns)
        if score > best_score:
            best, best_score = candidate, score
    return best


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The rows that a delimiter gives, without blank lines; as far as quotation marks are well formed."""
    rows = _parsed(lines, delimiter, csv.QUOTE_MINIMAL)
    if delimiter == "\t" and len(rows) < 2:
        rows = _parsed(lines, delimiter, csv.QUOTE_NONE)  # most programs write TSV without quoting
    return rows


def _parsed(lines: Sequence[str], delimiter: str, quoting: int) -> list[list[str]]:
    rows = []
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
    try:
        for row in reader:
            if row:
                rows.append(row)
    except csv.Error:  # malformed, or the sample ends inside a quoted value
        pass
    return rows
