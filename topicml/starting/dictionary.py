"""Dictionaries: pairs of words of two languages, given or learned from translations."""

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


def learned_dictionary(
    counts: csr_matrix,
    links: csr_matrix,
    blocks: Sequence[slice],
    *,
    words: int = 3,
    min_count: int = 2,
    discount: float = 1.0,
    least: float = 0.1,
    max_pairs: float = 2e7,
) -> csr_matrix:
    """Learn which words translate each other from documents and their translations.

    The association of words i and j is ``c_ij / sqrt(c_i c_j) * c_ij / (c_ij + discount)``, where c_ij counts the pairs
    of a document with i and a translation with j, and c_i, c_j those with one of them. A word keeps the `words` most
    associated words of each other language, as far as these have at least half of the largest association.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    links : csr_matrix, (n_docs, n_docs)
        Positive for the translations of a document (`topicml.starting.translations`).
    blocks : sequence of slice
        The words of each language.
    words : int
        Words to keep.
    min_count : int
        Pairs that must have both words.
    discount : float
        Discounts associations of few pairs.
    least : float
        Smallest association.
    max_pairs : float
        Approximate number of pairs of words to count; more documents are sampled evenly.

    Returns
    -------
    csr_matrix, float32, (n_words, n_words)
        As `Dictionary.matrix`.

    References
    ----------
    Smadja, McKeown & Hatzivassiloglou, Translating collocations for bilingual lexicons, Computational Linguistics 1996
    (association of words in translations).
    """
    linked = np.flatnonzero(np.diff(links.indptr))
    sizes = np.diff(counts.indptr)[linked].astype(np.float64)
    linked = linked[:: max(1, int(np.ceil((sizes**2).sum() / max_pairs)))]
    own = _presence(counts[linked])
    other = _presence(links[linked] @ counts)
    frequency = np.sqrt(np.asarray(own.sum(axis=0), dtype=np.float64).ravel())
    of_other = np.sqrt(np.asarray(other.sum(axis=0), dtype=np.float64).ravel())
    strips = []
    for block in blocks:  # the words of one language at a time: memory follows the pairs of one language
        both = (own[:, block].T @ other).tocoo()
        is_enough = both.data >= min_count
        i, j, count = both.row[is_enough], both.col[is_enough], both.data[is_enough].astype(np.float64)
        value = count / (frequency[block.start + i] * of_other[j]) * count / (count + discount)
        keep = (value >= least) & ((j < block.start) | (j >= block.stop))
        shape = (block.stop - block.start, counts.shape[1])
        strips.append(_strongest(i[keep], j[keep], value[keep], shape, blocks, words))
    found = csr_matrix(
        (
            np.concatenate([strip.data for strip in strips]),
            np.concatenate([strip.indices for strip in strips]),
            np.concatenate([[0], np.cumsum(np.concatenate([np.diff(strip.indptr) for strip in strips]))]),
        ),
        shape=(counts.shape[1], counts.shape[1]),
    )
    return shares_in_blocks(found, blocks)


def shares_in_blocks(matrix: csr_matrix, blocks: Sequence[slice]) -> csr_matrix:
    """Divide the entries of each row by their sum in each block of columns."""
    entries = matrix.tocoo()
    block = _block_of(entries.col, blocks)
    totals = np.zeros((matrix.shape[0], len(blocks)))
    np.add.at(totals, (entries.row, block), entries.data)
    data = (entries.data / totals[entries.row, block]).astype(np.float32)
    return csr_matrix((data, (entries.row, entries.col)), shape=matrix.shape)


def _strongest(
    i: np.ndarray, j: np.ndarray, value: np.ndarray, shape: tuple[int, int], blocks: Sequence[slice], words: int
) -> csr_matrix:
    """Keep the largest values of each row in each block of columns, as far as they are half of the largest."""
    group = i.astype(np.int64) * len(blocks) + _block_of(j, blocks)
    order = np.lexsort((j, -value, group))
    group, i, j, value = group[order], i[order], j[order], value[order]
    is_first = np.concatenate([[True], group[1:] != group[:-1]]) if len(group) else np.zeros(0, dtype=bool)
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
    keep = (np.arange(len(group)) - first < words) & (value >= value[first] / 2)
    return csr_matrix((value[keep], (i[keep], j[keep])), shape=shape)


def _block_of(columns: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    return np.searchsorted([block.stop for block in blocks], columns, side="right")


def _presence(counts: csr_matrix) -> csr_matrix:
    counts = csr_matrix(counts)
    return csr_matrix((np.ones(counts.nnz, dtype=np.float32), counts.indices, counts.indptr), shape=counts.shape)


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
