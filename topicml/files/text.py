"""Text for files and terminals: whatever characters come from others."""

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
        JSON-able.
    indent, default
        As in `json.dumps`.

    Returns
    -------
    str
        A lone surrogate, such as Python makes of a file name that is not UTF-8, is an escape, and is read back as it
        was.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(text: object) -> str:
    """Text that a terminal prints as it is: control characters and direction marks as visible escapes.

    Line feeds and tabs stay.
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))
