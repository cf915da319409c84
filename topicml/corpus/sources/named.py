"""Readers of the named corpora; they download files if necessary.

Corpora of OCTIS are downloaded once, to ``corpora/`` in the folder of the environment variable TOPICML_HOME (default
``~/.cache/topicml``). scikit-learn downloads 20 Newsgroups to its own data folder (SCIKIT_LEARN_DATA).
"""

import importlib.util
import pickle
import shutil
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

from topicml.corpus.cards import Card, card
from topicml.corpus.data import CorpusData
from topicml.corpus.sources.octis import only_partition, read_octis
from topicml.corpus.sources.texts import corpus_of_texts, read_text_file
from topicml.errors import InputError
from topicml.files import atomic_file
from topicml.trust import home


def read_named(name: str, preprocessor: Any = None, split: str | None = None) -> CorpusData:
    """Read a named corpus.

    Parameters
    ----------
    name, preprocessor, split
        As in `topicml.corpus.named.load`.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        If no corpus has this name, or the download fails.
    """
    entry = card(name)
    corpus = _READERS[entry.reader](entry, preprocessor)
    return only_partition(corpus, split, f"corpus {entry.name}")


def _lee(entry: Card, preprocessor: Any) -> CorpusData:
    package = importlib.util.find_spec("gensim")  # located only: importing gensim takes a second
    places = [] if package is None else package.submodule_search_locations or []
    for place in places:
        path = Path(place) / "test" / "test_data" / "lee_background.cor"
        if path.is_file():
            return read_text_file(path, preprocessor)
    raise InputError(
        f"Corpus {entry.name} is part of gensim, and gensim with its test data is not installed: pip install gensim."
    )


def _twenty_newsgroups(entry: Card, preprocessor: Any) -> CorpusData:
    from sklearn.datasets import fetch_20newsgroups, get_data_home

    parts = {}
    for split in ("train", "test"):
        try:
            parts[split] = fetch_20newsgroups(
                subset=split, shuffle=False, remove=("headers", "footers", "quotes"), n_retries=1
            )
        except (OSError, EOFError, zlib.error, pickle.UnpicklingError) as error:
            archive = Path(get_data_home()) / "20news_home" / "20news-bydate.tar.gz"
            raise InputError(_download_failed(entry, error, {entry.url: archive})) from error
    names = parts["train"].target_names
    fields = {
        "label": [names[i] for part in parts.values() for i in part.target],
        "partition": [split for split, part in parts.items() for _ in part.data],
    }
    return corpus_of_texts([text for part in parts.values() for text in part.data], preprocessor, fields)


def _octis(entry: Card, preprocessor: Any) -> CorpusData:
    folder = home() / "corpora" / entry.name
    files = {f"{entry.url}/{name}": folder / name for name in ("corpus.tsv", "vocabulary.txt")}
    for url, path in files.items():
        if not path.is_file():
            try:
                _download(url, path)
            except (OSError, ValueError) as error:
                raise InputError(_download_failed(entry, error, files)) from error
    return read_octis(folder)


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=30) as response, atomic_file(path) as temporary:
        with open(temporary, "wb") as stream:
            shutil.copyfileobj(response, stream)
        expected = response.headers.get("Content-Length")
        if expected is not None and temporary.stat().st_size != int(expected):
            raise OSError(f"received {temporary.stat().st_size:,} of {expected} bytes")


def _download_failed(entry: Card, error: Exception, files: dict[str, Path]) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    by_hand = "; ".join(f"{url} as {path}" for url, path in files.items())
    return (
        f"Corpus {entry.name} could not be downloaded ({reason}). Without a network, download on another machine and "
        f"save {by_hand}."
    )


_READERS = {"gensim": _lee, "sklearn": _twenty_newsgroups, "octis": _octis}
