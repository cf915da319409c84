"""Docstrings of named models: the descriptions of their parameters, taken from where each is defined."""

import inspect
import re
from collections.abc import Iterable, Sequence

_HEADING = re.compile(r"^[^\s].*\n-{3,}\s*$", re.MULTILINE)
_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*) : ", re.MULTILINE)


def with_parameters(docstring: str, names: Sequence[str], sources: Iterable[str | None]) -> str:
    """A class docstring with a Parameters section made of the sections of other docstrings.

    Parameters
    ----------
    docstring : str
        In NumPy style, without a Parameters section.
    names : sequence of str
        The parameters, in the order of the signature.
    sources : iterable of str or None
        Docstrings in NumPy style; the first that describes a parameter ("name : type") is used.

    Returns
    -------
    str
        The docstring; the new section stands before its first section.

    Raises
    ------
    ValueError
        If a parameter is described nowhere.
    """
    described: dict[str, str] = {}
    for source in sources:
        for name, text in _parameters(source or ""):
            described.setdefault(name, text)
    if missing := [name for name in names if name not in described]:
        raise ValueError(f"No docstring describes {', '.join(missing)}.")
    parts = list(dict.fromkeys(described[name] for name in names))  # parameters described together appear once
    text = inspect.cleandoc(docstring)
    first = _HEADING.search(text)
    place = len(text) if first is None else first.start()
    section = "Parameters\n----------\n" + "\n".join(parts)
    return f"{text[:place].rstrip()}\n\n{section}\n\n{text[place:]}".rstrip() + "\n"


def _parameters(docstring: str) -> list[tuple[str, str]]:
    """The entries of the Parameters section: (name, entry) pairs; entries without a type refer elsewhere."""
    text = inspect.cleandoc(docstring)
    begin = re.search(r"^Parameters\n-+\n", text, re.MULTILINE)
    if begin is None:
        return []
    body = text[begin.end() :]
    end = _HEADING.search(body)
    body = body if end is None else body[: end.start()]
    entries = re.split(r"^(?=\S)", body, flags=re.MULTILINE)
    found = []
    for entry in entries:
        head = _ENTRY.match(entry)
        if head is not None:
            found += [(name, entry.rstrip()) for name in head["names"].split(", ")]
    return found
