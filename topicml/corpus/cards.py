"""Cards of the named corpora: what each corpus contains, where it comes from and how to read it.

There is one card per corpus, a TOML file in ``corpora/``.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from topicml.errors import InputError


@dataclass(frozen=True)
class Card:
    """Description of a named corpus.

    Attributes
    ----------
    name : str
        The name that `Corpus.read` takes, in any case.
    title : str
        The name for tables and pages.
    documents, labels : int
        Number of documents, and of distinct labels (0 for an unlabelled corpus).
    language : str
        ISO 639-1 code.
    raw : bool
        True for raw text, which needs a preprocessor; false for tokens as published.
    reader : {"gensim", "sklearn", "octis"}
        Which reader loads it.
    licence, source, description : str
        Terms of use, citation, and one sentence on the contents.
    url : str
        Where to download its files; empty if an installed package contains them.
    """

    name: str
    title: str
    documents: int
    labels: int
    language: str
    raw: bool
    reader: str
    licence: str
    source: str
    description: str
    url: str = ""


@cache
def cards() -> tuple[Card, ...]:
    """Return the cards of all named corpora, sorted by name."""
    tables = [tomllib.loads(file.read_text("utf-8")) for file in _folder().iterdir() if file.name.endswith(".toml")]
    return tuple(sorted((Card(**table) for table in tables), key=lambda card: card.name.lower()))


def is_known(name: str) -> bool:
    """Whether a corpus has this name, ignoring case."""
    return name.lower() in {card.name.lower() for card in cards()}


def card(name: str) -> Card:
    """Return the card of a named corpus; the case of the name is ignored. Raise `InputError` if the name is unknown."""
    for each in cards():
        if each.name.lower() == name.lower():
            return each
    raise InputError(f"No corpus is named {name!r}; the named corpora are {', '.join(each.name for each in cards())}.")


def _folder() -> Traversable:
    """Return the folder of cards: the package `topicml.corpora` if installed, ``corpora/`` in a source tree."""
    try:
        return files("topicml.corpora")
    except ModuleNotFoundError:
        return Path(__file__).parents[2] / "corpora"
