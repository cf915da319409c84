"""JSON that is safe to print: without control characters and direction marks."""

import json
import re
from typing import Any

_NOT_ASCII = re.compile(r"[^ -~]+")


def json_text(value: Any) -> str:
    """Return a value as JSON in one line, with readable letters of all scripts, and other characters `escaped`."""
    return escaped(json.dumps(value, ensure_ascii=False))


def escaped(text: str) -> str:
    r"""Escape the characters of JSON that are not printable, such as ``\u202e``.

    Characters of an unknown document could otherwise move the cursor, colour the screen, or show another text than a
    program reads.

    Parameters
    ----------
    text : str
        JSON in one line, with such characters only in strings.

    Returns
    -------
    str
        JSON of the same value.
    """
    return text if text.isprintable() else _NOT_ASCII.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return "".join(each if each.isprintable() else _code(each) for each in found[0])


def _code(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
