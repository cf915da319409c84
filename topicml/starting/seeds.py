"""Seeds: words that name the first topics of a model."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topicml.checks import nearest
from topicml.corpus.documents import Documents
from topicml.errors import InputError, warn
from topicml.settings import Settings
from topicml.starting.seed_files import read_seeds

_ADVICE = 'Pass names and their words, {"delivery": ["late", "parcel"]}, or a TOML or CSV file of them.'
_NEAR = 0.7  # similarity of words to suggest
_TOLD = 20  # seeds that a warning names


class Seeds(Settings):
    """The words that people expect in the first topics: topic 0 has the first name and its words, and so on.

    Parameters
    ----------
    seeds : mapping of str to sequence of str, sequence of pairs, path, or Seeds
        The words of each topic by its name, in the order of the topics; or a TOML or CSV file of them (`read_seeds`).
        A word may belong to several topics; a word that a topic has twice counts once.

    Attributes
    ----------
    seeds : tuple of (str, tuple of str)
        The name and the words of each topic: pairs keep their order in files.

    Raises
    ------
    InputError
        If there are none, a topic has no words, a name or word is empty or not a string, or two topics have the same
        words.

    Examples
    --------
    >>> from topicml.starting import Seeds
    >>> Seeds({"delivery": ["late", "parcel"], "price": ["cost"]}).names
    ('delivery', 'price')
    """

    def __init__(self, seeds: Any) -> None:
        self.seeds = tuple((name, tuple(dict.fromkeys(words))) for name, words in _table(seeds).items())
        _refuse_same(self.names, [frozenset(words) for words in self.words])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the topics."""
        return tuple(name for name, _ in self.seeds)

    @property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """The words of each topic."""
        return tuple(words for _, words in self.seeds)

    def __len__(self) -> int:
        return len(self.seeds)

    def check(self, documents: Documents) -> None:
        """Check that the documents have the seeds, and warn of seeds that they do not have.

        Parameters
        ----------
        documents : Documents
            All documents of a fit.

        Raises
        ------
        InputError
            If the words have no names, no document has a seed of some topic, or two topics have the same seeds left.
        """
        column = _columns(documents)
        used = _used(documents)
        of_documents = {word: i for word, i in column.items() if used[i]}
        missing = []
        for name, words, ids in zip(self.names, self.words, self._columns_of_words(documents, column), strict=True):
            unknown = [word for word, i in zip(words, ids, strict=True) if i < 0 or not used[i]]
            if len(unknown) == len(words):
                near = [hint for hint in (_near(word, of_documents) for word in words) if hint]
                raise InputError(
                    f"No document has a seed of the topic {name!r} ({', '.join(words)})."
                    + (f" Similar words of the documents: {', '.join(near)}." if near else "")
                    + " Give words of the documents; rare words may have been left out (min_df)."
                )
            missing += [(name, word) for word in unknown]
        _refuse_same(self.names, [frozenset(ids.tolist()) for ids in self.ids(documents)], "of the documents ")
        if missing:
            told = [f"{word!r} of {name!r}" + _hint(_near(word, of_documents)) for name, word in missing[:_TOLD]]
            warn(
                f"{len(missing)} of the seeds are in no document and do nothing: {', '.join(told)}"
                f"{', …' if len(missing) > _TOLD else ''}. Give words of the documents."
            )

    def ids(self, documents: Documents) -> list[np.ndarray]:
        """Find the seeds among the words of documents.

        A seed that is not a word of the documents is read as the texts were (lower case, lemmas, …).

        Parameters
        ----------
        documents : Documents
            The documents of a fit, or a part of them, which need not have all the seeds that all documents have.

        Returns
        -------
        list of ndarray of int
            The ids of the seeds of each topic, ascending: of those that a document has, or else of all that are words
            of the vocabulary.

        Raises
        ------
        InputError
            If the words have no names.
        """
        used, found = _used(documents), []
        for ids in self._columns_of_words(documents, _columns(documents)):
            known = np.unique(ids[ids >= 0])
            found.append(known[used[known]] if used[known].any() else known)
        return found

    def _columns_of_words(self, documents: Documents, column: Mapping[str, int]) -> list[np.ndarray]:
        """The column of each seed of each topic; -1 for one that is not in the vocabulary."""
        read = documents.preprocessor
        return [np.array([column.get(_as_read(word, column, read), -1) for word in words]) for words in self.words]


def seeds_from(value: Any) -> Seeds | None:
    """Resolve the argument `seeds` of a model.

    Parameters
    ----------
    value : None, mapping, path or Seeds
        See `Seeds`.

    Returns
    -------
    Seeds or None
        None for None.
    """
    return value if value is None or isinstance(value, Seeds) else Seeds(value)


def _table(value: Any) -> dict[str, list[str]]:
    """The words of each topic by its name, checked."""
    if isinstance(value, str | os.PathLike):
        value = read_seeds(value)
    pairs = value.seeds if isinstance(value, Seeds) else value
    if isinstance(value, Mapping):
        pairs = list(value.items())
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(each, list | tuple) and len(each) == 2 for each in pairs
    ):
        raise InputError(f"seeds={value!r:.80} is a {type(value).__name__}. {_ADVICE}")
    if not pairs:
        raise InputError(f"seeds names no topic. {_ADVICE} Leave seeds out to fit without them.")
    table: dict[str, list[str]] = {}
    for name, words in pairs:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"The name of a seeded topic must be text that is not empty; received {name!r}. {_ADVICE}")
        key = " ".join(name.split())
        if key in table:
            raise InputError(f"Two seeded topics have the name {key!r}. Give each a name of its own.")
        if isinstance(words, str) or not isinstance(words, Sequence | np.ndarray):
            raise InputError(f"The seeds of the topic {name!r} must be a list of words; received {words!r:.80}.")
        if not len(words):
            raise InputError(f"The topic {name!r} has no seeds. Give it at least one word, or leave the topic out.")
        for word in words:
            if not isinstance(word, str) or not word.strip():
                raise InputError(f"A seed of the topic {name!r} is {word!r}. A seed is a word that is not empty.")
        table[key] = [str(word).strip() for word in words]
    return table


def _refuse_same(names: Sequence[str], seeds: Sequence[frozenset], where: str = "") -> None:
    first: dict[frozenset, str] = {}
    for name, each in zip(names, seeds, strict=True):
        if each in first:
            raise InputError(
                f"The seeds {where}of the topics {first[each]!r} and {name!r} are the same. Give one of the two "
                "another word, or leave it out."
            )
        first[each] = name


def _columns(documents: Documents) -> dict[str, int]:
    if documents.vocabulary is None:
        raise InputError(
            "Seeds are words, and these documents are a matrix whose columns have no names. Pass a Corpus, texts, or a "
            "data frame whose columns are words."
        )
    return {word: i for i, word in enumerate(documents.vocabulary)}


def _used(documents: Documents) -> np.ndarray:
    """Whether a document has each word, (n_words,)."""
    used = np.zeros(documents.counts.shape[1], dtype=bool)
    used[documents.counts.indices] = True
    return used


def _as_read(word: str, column: Mapping[str, int], preprocessor: Any) -> str:
    """The word as the documents have it: itself, or what the preprocessor makes of it."""
    if word in column:
        return word
    joined = "_".join(word.split())  # a phrase
    if joined in column:
        return joined
    read = preprocessor.tokens([word])[0] if preprocessor is not None else [word.lower()]
    known = [each for each in read if each in column]
    return known[0] if len(known) == 1 == len(read) else word


def _near(word: str, column: Mapping[str, int]) -> str:
    return " or ".join(nearest(word, column, n=2, cutoff=_NEAR))


def _hint(near: str) -> str:
    return f" (similar: {near})" if near else ""
