"""Files of seeds: TOML or CSV."""

import csv
import os
import tomllib
from pathlib import Path
from typing import Any

from topicml.errors import InputError
from topicml.paths import expanded

_FORMATS = (
    'A TOML file has a list of words for each topic (delivery = ["late", "parcel"]); a CSV file has the columns topic '
    "and word, with a row for each word."
)


def read_seeds(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Read the seeds of topics from a file.

    Parameters
    ----------
    path : path
        A TOML file with a list of words for each topic, ``delivery = ["late", "parcel"]``; or a CSV file (its name ends
        in .csv) with the columns ``topic`` and ``word`` and a row for each word.

    Returns
    -------
    dict of str to list of str
        The words of each topic, in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read or is neither.
    """
    path = expanded(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The seeds {path} cannot be read: {error.strerror}. {_FORMATS}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The seeds {path} are not text in UTF-8 ({error}). {_FORMATS}") from error
    return _of_csv(text, path) if path.suffix.lower() == ".csv" else _of_toml(text, path)


def _of_toml(text: str, path: Path) -> dict[str, list[str]]:
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The seeds {path} are not TOML: {error}. {_FORMATS}") from error
    for name, words in table.items():
        if not isinstance(words, list):
            raise InputError(f"{name!r} in the seeds {path} is {words!r:.60}, not a list of words. {_FORMATS}")
    return table


def _of_csv(text: str, path: Path) -> dict[str, list[str]]:
    rows = csv.DictReader(text.splitlines(), strict=True)
    table: dict[str, list[str]] = {}
    try:
        names = rows.fieldnames or ()
        if not {"topic", "word"} <= set(names):
            raise InputError(f"The seeds {path} have the columns {', '.join(map(repr, names)) or 'none'}. {_FORMATS}")
        for row in rows:
            if not (row["topic"] or "").strip() or not (row["word"] or "").strip():
                raise InputError(f"Line {rows.line_num} of the seeds {path} has no topic or no word. {_FORMATS}")
            table.setdefault(row["topic"].strip(), []).append(row["word"])
    except csv.Error as error:
        raise InputError(f"Line {rows.line_num} of the seeds {path} is not CSV: {error}. {_FORMATS}") from error
    return table
