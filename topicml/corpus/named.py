"""Named corpora: each is a card in ``corpora/`` that says what it is, where it comes from and how it is read.

OCTIS's corpora are fetched once, into ``corpora/`` of the folder that the environment variable TOPICML_HOME names, by
default ``~/.cache/topicml``; 20 Newsgroups by scikit-learn, into its own data folder (SCIKIT_LEARN_DATA), where it may
lie already.
"""

import importlib.util
import os
import pickle
import shutil
import tomllib
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from topicml.corpus.corpus import Corpus
from topicml.corpus.sources.octis import only_partition, read_octis
from topicml.corpus.sources.texts import corpus_of_texts, read_text_file
from topicml.errors import InputError
from topicml.files import atomic_file


@dataclass(frozen=True)
class Card:
    """What is known of a named corpus.

    Attributes
    ----------
    documents, labels
        Number of documents, and of different labels (0 where there are none).
    language
        ISO 639-1 code.
    raw
        Whether it is raw text, which a preprocessor takes, or tokens as their publisher made them.
    reader
        "gensim", "sklearn" or "octis": how it is read.
    url
        Where its files are fetched from; empty where a package brings them.
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
    """Return the cards of all named corpora, by name."""
    found = [tomllib.loads(file.read_text("utf-8")) for file in _folder().iterdir() if file.name.endswith(".toml")]
    return tuple(sorted((Card(**card) for card in found), key=lambda card: card.name.lower()))


def is_known(name: str) -> bool:
    """Whether a corpus has this name, in whatever case."""
    return name.lower() in {card.name.lower() for card in cards()}


def card(name: str) -> Card:
    """Return the card of a named corpus; `InputError` where there is none."""
    for known in cards():
        if known.name.lower() == name.lower():
            return known
    raise InputError(f"No corpus is named {name!r}; there are {', '.join(known.name for known in cards())}.")


def load(name: str, preprocessor: Any = None, split: str | None = None) -> Corpus:
    """Load a named corpus, fetching it first where it is not here yet.

    Parameters
    ----------
    preprocessor
        For a corpus of raw text; by default English defaults. Corpora of tokens are taken as they are.
    split
        "train", "test" or "val" where the corpus has such parts; by default all documents.

    Raises
    ------
    InputError
        If there is no such corpus, or it cannot be fetched: the message says which file to put where.
    """
    known = card(name)
    corpus = _READERS[known.reader](known, preprocessor)
    return only_partition(corpus, split, f"corpus {known.name}")


def home() -> Path:
    """Return the folder of fetched files: TOPICML_HOME, or ``~/.cache/topicml``."""
    return Path(os.environ.get("TOPICML_HOME") or "~/.cache/topicml").expanduser()


def _lee(known: Card, preprocessor: Any) -> Corpus:
    package = importlib.util.find_spec("gensim")  # found, not imported: the import takes a second
    places = [] if package is None else package.submodule_search_locations or []
    for place in places:
        path = Path(place) / "test" / "test_data" / "lee_background.cor"
        if path.is_file():
            return read_text_file(path, preprocessor)
    raise InputError(f"Corpus {known.name} comes with gensim, which is not installed whole here: pip install gensim.")


def _twenty_newsgroups(known: Card, preprocessor: Any) -> Corpus:
    from sklearn.datasets import fetch_20newsgroups, get_data_home

    parts = {}
    for split in ("train", "test"):
        try:
            parts[split] = fetch_20newsgroups(
                subset=split, shuffle=False, remove=("headers", "footers", "quotes"), n_retries=1
            )
        except (OSError, EOFError, zlib.error, pickle.UnpicklingError) as error:
            archive = Path(get_data_home()) / "20news_home" / "20news-bydate.tar.gz"
            raise InputError(_unreachable(known, error, {known.url: archive})) from error
    names = parts["train"].target_names
    fields = {
        "label": [names[i] for part in parts.values() for i in part.target],
        "partition": [split for split, part in parts.items() for _ in part.data],
    }
    return corpus_of_texts([text for part in parts.values() for text in part.data], preprocessor, fields)


def _octis(known: Card, preprocessor: Any) -> Corpus:
    folder = home() / "corpora" / known.name
    wanted = {f"{known.url}/{name}": folder / name for name in ("corpus.tsv", "vocabulary.txt")}
    for url, path in wanted.items():
        if not path.is_file():
            try:
                _fetch(url, path)
            except (OSError, ValueError) as error:
                raise InputError(_unreachable(known, error, wanted)) from error
    return read_octis(folder)


def _fetch(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=30) as answer, atomic_file(path) as temporary:
        with open(temporary, "wb") as stream:
            shutil.copyfileobj(answer, stream)
        expected = answer.headers.get("Content-Length")
        if expected is not None and temporary.stat().st_size != int(expected):
            raise OSError(f"{temporary.stat().st_size:,} of {expected} bytes came")


def _unreachable(known: Card, error: Exception, wanted: dict[str, Path]) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    files_ = "; ".join(f"{url} as {path}" for url, path in wanted.items())
    return f"Corpus {known.name} could not be fetched ({reason}). Without a network, fetch elsewhere and save {files_}."


def _folder() -> Traversable:
    """Return the folder of cards: `topicml.corpora` where installed; in a source tree, ``corpora/``."""
    try:
        return files("topicml.corpora")
    except ModuleNotFoundError:
        return Path(__file__).parents[2] / "corpora"


_READERS = {"gensim": _lee, "sklearn": _twenty_newsgroups, "octis": _octis}
