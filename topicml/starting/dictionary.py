"""Dictionaries: pairs of words of two languages."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.checks import nearest
from topicml.corpus.documents import Documents
from topicml.corpus.languages import word_blocks
from topicml.corpus.vocabulary import SEPARATOR
from topicml.errors import InputError, warn
from topicml.paths import expanded
from topicml.settings import Settings

_FORMATS = (
    "A dictionary is a CSV file with a column for each language (en,de), a row for each pair of words; a mapping of "
    'languages to such columns; or pairs of words that say their language: ("en:game", "de:spiel").'
)
_TOLD = 10  # words that a warning names
_NEAR = 0.7  # similarity of words to suggest


class Dictionary(Settings):
    """Pairs of words that mean the same in two languages.

    Parameters
    ----------
    pairs : sequence of pairs, mapping, path, or Dictionary
        Pairs of words that say their language, ``("en:game", "de:spiel")``; or a mapping of languages to equally long
        lists of words, ``{"en": ["game"], "de": ["spiel"]}``; or a CSV file whose header names the languages. An empty
        cell is no word.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Words with their languages.

    Raises
    ------
    InputError
        If there are no pairs, or something is not a pair of words of two languages.

    Examples
    --------
    >>> from topicml.starting import Dictionary
    >>> Dictionary({"en": ["game", "sea"], "de": ["spiel", "meer"]}).pairs
    (('en:game', 'de:spiel'), ('en:sea', 'de:meer'))
    """

    def __init__(self, pairs: Any) -> None:
        self.pairs = tuple(dict.fromkeys(_pairs(pairs)))
        if not self.pairs:
            raise InputError(f"The dictionary has no pairs of words. {_FORMATS}")

    def __len__(self) -> int:
        return len(self.pairs)

    def check(self, documents: Documents) -> None:
        """Check that documents have words of the dictionary, and warn of words that they do not have.

        Parameters
        ----------
        documents : Documents
            Of a corpus of several languages.

        Raises
        ------
        InputError
            If a pair is of a language that the documents do not have, or they have both words of no pair.
        """
        blocks = word_blocks(documents.vocabulary)
        languages = {word.partition(SEPARATOR)[0] for pair in self.pairs for word in pair}
        if unknown := sorted(languages - set(blocks)):
            raise InputError(
                f"The dictionary has words of the language {unknown[0]!r}; the languages of the documents are "
                f"{', '.join(blocks)}."
            )
        place = self._places(documents)
        missing = list(dict.fromkeys(word for pair in self.pairs for word in pair if word not in place))
        n_known = sum(all(word in place for word in pair) for pair in self.pairs)
        told = [repr(word) + _near(word, documents.vocabulary or ()) for word in missing[:_TOLD]]
        if not n_known:
            raise InputError(
                f"The documents have both words of none of the {len(self):,} pairs of the dictionary. Not found: "
                f"{', '.join(told)}."
            )
        if missing:
            warn(
                f"{len(self) - n_known:,} of the {len(self):,} pairs of the dictionary have a word that is in no "
                f"document, and do nothing: {', '.join(told)}{', …' if len(missing) > _TOLD else ''}."
            )

    def matrix(self, documents: Documents) -> csr_matrix:
        """Make the matrix that translates counts of words.

        Parameters
        ----------
        documents : Documents
            For their vocabulary and preprocessor.

        Returns
        -------
        csr_matrix, float32, (n_words, n_words)
            Entry (i, j) is positive if word j of another language means word i. The entries of a word sum to 1 in each
            other language that has a translation.
        """
        place = self._places(documents)
        known = np.array([[place[a], place[b]] for a, b in self.pairs if a in place and b in place], dtype=np.int64)
        known = known.reshape(-1, 2)
        rows, columns = np.concatenate([known, known[:, ::-1]]).T
        n_words = documents.counts.shape[1]
        found = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(n_words, n_words))
        found.data[:] = 1  # a pair may be there twice
        return shares_in_blocks(found, list(word_blocks(documents.vocabulary).values()))

    def _places(self, documents: Documents) -> dict[str, int]:
        """The column of each word of the dictionary that the documents have, as it is or as texts are read."""
        column = {word: i for i, word in enumerate(documents.vocabulary or ())}
        words = dict.fromkeys(word for pair in self.pairs for word in pair)
        place = {word: column[word] for word in words if word in column}
        others = [word for word in words if word not in column]
        for word, read in zip(others, _as_read(others, documents.preprocessor), strict=True):
            if read in column:
                place[word] = column[read]
        return place


def dictionary_from(value: Any) -> Dictionary | None:
    """Resolve the argument `dictionary` of a model: None, a `Dictionary`, or what makes one."""
    return value if value is None or isinstance(value, Dictionary) else Dictionary(value)


def shares_in_blocks(matrix: csr_matrix, blocks: Sequence[slice]) -> csr_matrix:
    """Divide the entries of each row by their sum in each block of columns."""
    entries = matrix.tocoo()
    block = block_of(entries.col, blocks)
    totals = np.zeros((matrix.shape[0], len(blocks)))
    np.add.at(totals, (entries.row, block), entries.data)
    data = (entries.data / totals[entries.row, block]).astype(np.float32)
    return csr_matrix((data, (entries.row, entries.col)), shape=matrix.shape)


def block_of(columns: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    """Return the position of the block of each column."""
    return np.searchsorted([block.stop for block in blocks], columns, side="right")


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Dictionary):
        yield from value.pairs
        return
    if isinstance(value, str | os.PathLike):
        value = _read(value)
    if isinstance(value, Mapping):
        columns = {str(name).strip(): list(words) for name, words in value.items()}
        if len(columns) < 2 or len({len(words) for words in columns.values()}) != 1:
            raise InputError(f"The dictionary needs two languages, with as many words in each. {_FORMATS}")
        for row in zip(*columns.values(), strict=True):
            words = [
                f"{name}{SEPARATOR}{str(word).strip()}"
                for name, word in zip(columns, row, strict=True)
                if word is not None and str(word).strip()
            ]
            yield from ((a, b) for n, a in enumerate(words) for b in words[n + 1 :])
        return
    if not isinstance(value, list | tuple):
        raise InputError(f"dictionary={value!r:.80} is a {type(value).__name__}. {_FORMATS}")
    for pair in value:
        is_pair = isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(word, str) for word in pair)
        names = [word.partition(SEPARATOR)[0] for word in pair if SEPARATOR in word] if is_pair else []
        if len(set(names)) != 2:
            raise InputError(f"{pair!r:.80} is not a pair of words of two languages. {_FORMATS}")
        yield tuple(pair)


def _read(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    path = expanded(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The dictionary {path} cannot be read: {error.strerror}. {_FORMATS}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The dictionary {path} is not text in UTF-8 ({error}). {_FORMATS}") from error
    rows = csv.reader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
    try:
        header = next(rows, [])
        table: dict[str, list[str]] = {name.strip(): [] for name in header}
        if len(header) < 2 or len(table) != len(header):
            raise InputError(f"The header of the dictionary {path} is {','.join(header)!r}. {_FORMATS}")
        for row in rows:
            if row and len(row) != len(header):
                raise InputError(f"Line {rows.line_num} of the dictionary {path} has {len(row)} columns. {_FORMATS}")
            for words, word in zip(table.values(), row, strict=False):
                words.append(word)
    except csv.Error as error:
        raise InputError(f"Line {rows.line_num} of the dictionary {path} is not CSV: {error}. {_FORMATS}") from error
    return table


def _as_read(words: Sequence[str], preprocessor: Any) -> list[str | None]:
    """Each word as the texts of its language are read; None for one that is then several words or none."""
    found: list[str | None] = [word.lower() for word in words]
    for language, each in getattr(preprocessor, "preprocessors", {}).items():
        rows = [row for row, word in enumerate(words) if word.partition(SEPARATOR)[0] == language]
        texts = [words[row].partition(SEPARATOR)[2] for row in rows]
        for row, tokens in zip(rows, each.tokens(texts) if rows else [], strict=True):
            found[row] = f"{language}{SEPARATOR}{tokens[0]}" if len(tokens) == 1 else None
    return found


def _near(word: str, vocabulary: Sequence[str]) -> str:
    near = nearest(word, vocabulary, n=2, cutoff=_NEAR)
    return f" (similar: {' or '.join(near)})" if near else ""
