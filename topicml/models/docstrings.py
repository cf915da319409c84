"""Docstrings of stories and named models: their Parameters sections have what the classes of their parameters say."""

import inspect
import re
from collections.abc import Iterable, Sequence

_HEADING = re.compile(r"^[^\s].*\n-{3,}\s*$", re.MULTILINE)
_SECTION = re.compile(r"^Parameters\n-{3,}\n(?P<entries>.*?)(?=^\S[^\n]*\n-{3,}\s*$|\Z)", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*) : ", re.MULTILINE)


def with_parameters(docstring: str, names: Sequence[str], sources: Iterable[str | None]) -> str:
    """Make the Parameters section of a class docstring, with entries from other docstrings.

    Parameters
    ----------
    docstring : str
        In NumPy style. A Parameters section in it is replaced.
    names : sequence of str
        The parameters, in the order of the signature.
    sources : iterable of str or None
        Docstrings in NumPy style. A parameter gets the entry ("name : type") of the first docstring that has one.

    Returns
    -------
    str
        The docstring, with the new section before its first section. A parameter without an entry has its name alone.
    """
    entries: dict[str, str] = {}
    for source in sources:
        for name, text in _parameters(source or ""):
            entries.setdefault(name, text)
    parts = list(
        dict.fromkeys(entries.get(name, f"{name} : object") for name in names)
    )  # an entry for several parameters appears once
    text = _SECTION.sub("", inspect.cleandoc(docstring))
    first = _HEADING.search(text)
    place = len(text) if first is None else first.start()
    section = "Parameters\n----------\n" + "\n".join(parts)
    return f"{text[:place].rstrip()}\n\n{section}\n\n{text[place:]}".rstrip() + "\n"


def _parameters(docstring: str) -> list[tuple[str, str]]:
    """(name, entry) pairs of the Parameters section; entries without a type only refer to another class."""
    section = _SECTION.search(inspect.cleandoc(docstring))
    entries = [] if section is None else re.split(r"^(?=\S)", section["entries"], flags=re.MULTILINE)
    pairs = []
    for entry in entries:
        head = _ENTRY.match(entry)
        if head is not None:
            pairs += [(name, entry.rstrip()) for name in head["names"].split(", ")]
    return pairs
