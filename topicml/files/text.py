"""Write any characters safely to files and terminals."""

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters but tab and line feed, and characters that change the direction of text or break lines.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def file_json(value: Any, *, indent: int | None = None, default: Any = None) -> str:
    """JSON for files, with readable letters, which can always be encoded as UTF-8.

    Parameters
    ----------
    value : object
        A value that JSON can represent.
    indent, default
        As in `json.dumps`.

    Returns
    -------
    str
        Lone surrogates, which Python uses for file names that are not UTF-8, are written as escapes and read back
        unchanged.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(text: object) -> str:
    """Text that is safe to print: control characters and direction marks become visible escapes.

    Line feeds and tabs stay.
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))
