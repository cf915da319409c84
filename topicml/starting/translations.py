"""What stands for a document in other languages: its translations, or its words by a dictionary."""

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.corpus.languages import word_blocks
from topicml.errors import InputError, warn
from topicml.starting.dictionary import Dictionary
from topicml.starting.word_alignment import learned_dictionary

_MOST = 1000  # documents of a group: more are no translations of each other


class Translations:
    """The words of each training document in other languages.

    A document with translations has their words. In a language without a translation of it, it has its own words by the
    dictionary: that of the user, and for words that it lacks, one that is learned from the translations
    (`learned_dictionary`). So few translations, or a dictionary alone, connect all documents.

    Parameters
    ----------
    documents : Documents
        Of a corpus of several languages. Only the training documents are translations of each other.
    field : str, optional
        The field whose value documents and their translations share.
    dictionary : Dictionary, optional
        Pairs of words.
    """

    def __init__(self, documents: Documents, field: str | None = None, dictionary: Dictionary | None = None) -> None:
        self.blocks = list(word_blocks(documents.vocabulary).values())
        self._counts = documents.counts
        self._languages = languages_of(documents.counts, self.blocks)  # (n_docs, n_languages)
        self.links = links(documents, field, self._languages)
        given = None if dictionary is None else dictionary.matrix(documents)
        self.words = given if given is not None else csr_matrix((documents.counts.shape[1],) * 2, dtype=np.float32)
        if self.links.nnz:
            learned = learned_dictionary(documents.counts, self.links, self.blocks)
            self.words = learned if given is None else _filled(given, learned, self.blocks)

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The dictionary as pairs of words (n_pairs, 2), sorted by the first word, and their weights (n_pairs,)."""
        words = self.words.tocoo()
        order = np.lexsort((words.col, words.row))
        return np.stack([words.row, words.col], axis=1)[order], words.data[order]

    def of_translations(self, rows: np.ndarray) -> csr_matrix:
        """The words of the translations of documents: csr_matrix, float32, (len(rows), n_words)."""
        return csr_matrix(self.links[rows] @ self._counts, dtype=np.float32)

    def completed(self, rows: np.ndarray) -> csr_matrix:
        """The words of documents in all languages: `in_other_languages`, and their own."""
        return csr_matrix(self._counts[rows] + self.in_other_languages(rows), dtype=np.float32)

    def in_other_languages(self, rows: np.ndarray) -> csr_matrix:
        """The words of documents in other languages: of their translations, or else by the dictionary.

        Parameters
        ----------
        rows : ndarray of int
            Rows of the documents.

        Returns
        -------
        csr_matrix, float32, (len(rows), n_words)
            Counts, which are fractional where they come from a dictionary.
        """
        known = np.asarray((self.links[rows] @ self._languages).todense()) + self._languages[rows].toarray() > 0
        by_words = (self._counts[rows] @ self.words).tocoo()
        language = np.searchsorted([block.stop for block in self.blocks], by_words.col, side="right")
        is_new = ~known[by_words.row, language]
        by_words = csr_matrix(
            (by_words.data[is_new], (by_words.row[is_new], by_words.col[is_new])), shape=by_words.shape
        )
        return csr_matrix(self.of_translations(rows) + by_words, dtype=np.float32)


def with_translations(documents: Documents, translations: Translations) -> Documents:
    """Add to each document its words in other languages, so that words of several languages occur together.

    Parameters
    ----------
    documents : Documents
        The documents of `translations`.
    translations : Translations
        Their words in other languages.

    Returns
    -------
    Documents
        Without word order.
    """
    corpus = documents.corpus
    return replace(
        documents,
        counts=translations.completed(np.arange(documents.counts.shape[0])),
        corpus=None if corpus is None else corpus.replaced(tokens=None, offsets=None, counts=documents.counts),
    )


def languages_of(counts: csr_matrix, blocks: list[slice]) -> csr_matrix:
    """Tell which languages the words of each document are of: csr_matrix of ones, (n_docs, n_languages)."""
    entries = np.searchsorted([block.stop for block in blocks], counts.indices, side="right")
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    found = csr_matrix((np.ones(counts.nnz, dtype=np.float32), (rows, entries)), shape=(counts.shape[0], len(blocks)))
    found.data[:] = 1
    return found


def links(documents: Documents, field: str | None, languages: csr_matrix) -> csr_matrix:
    """Link training documents and their translations.

    Parameters
    ----------
    documents : Documents
        The documents.
    field : str or None
        The field whose value they share.
    languages : csr_matrix, (n_docs, n_languages)
        As `languages_of` returns it.

    Returns
    -------
    csr_matrix, float32, (n_docs, n_docs)
        Entries of a document sum to 1 in each language that it is translated to.

    Raises
    ------
    InputError
        If there is no such field, or a value of it is that of very many documents.
    """
    n_docs = documents.counts.shape[0]
    if field is None:
        return csr_matrix((n_docs, n_docs), dtype=np.float32)
    corpus = documents.corpus
    if corpus is None or field not in corpus.fields:
        names = "none" if corpus is None else ", ".join(map(repr, corpus.fields)) or "none"
        raise InputError(f"translations={field!r} is a field that translations share; the fields: {names}.")
    values = corpus.fields[field]
    rows = documents.training_rows
    rows = rows[[value is not None and value == value and value != "" for value in values[rows].tolist()]]
    _, group, sizes = np.unique(values[rows].astype(str), return_inverse=True, return_counts=True)
    if len(sizes) and sizes.max() > _MOST:
        raise InputError(
            f"{sizes.max():,} documents have the same value in the field {field!r}. Translations of one document "
            "share a value that other documents do not have."
        )
    main = np.full(n_docs, -1)  # a document of several languages is one of its first
    has_words = np.diff(languages.indptr) > 0
    main[has_words] = languages.indices[languages.indptr[:-1][has_words]]
    member = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, group)), shape=(n_docs, len(sizes)))
    same = (member @ member.T).tocoo()
    differs = main[same.row] != main[same.col]
    i, j = same.row[differs], same.col[differs]
    totals = np.zeros((n_docs, languages.shape[1]), dtype=np.float32)
    np.add.at(totals, (i, main[j]), 1)
    return csr_matrix((1 / totals[i, main[j]], (i, j)), shape=(n_docs, n_docs), dtype=np.float32)


def warn_of_languages_alone(documents: Documents, field: str | None, dictionary: Dictionary | None) -> None:
    """Warn of languages that nothing connects with another one, and refuse languages with one document.

    Parameters
    ----------
    documents : Documents
        All documents of a fit.
    field, dictionary
        As in `Translations`.

    Raises
    ------
    InputError
        If there is only one language, or a language has fewer than two documents.
    """
    blocks = word_blocks(documents.vocabulary)
    if len(blocks) < 2:
        raise InputError(f"All documents are in one language, {next(iter(blocks))!r}. Leave languages out.")
    languages = languages_of(documents.counts, list(blocks.values()))
    for name, n_docs in zip(blocks, np.asarray(languages.sum(axis=0)).ravel(), strict=True):
        if n_docs < 2:
            raise InputError(
                f"The language {name!r} has {int(n_docs)} documents with words; each language needs at least two. Add "
                "some, or leave the language out."
            )
    is_linked = np.asarray((links(documents, field, languages) @ languages).sum(axis=0)).ravel() > 0
    if dictionary is not None:
        dictionary.check(documents)
        columns = dictionary.matrix(documents).indices
        is_linked[np.unique(np.searchsorted([block.stop for block in blocks.values()], columns, side="right"))] = True
    alone = [name for name, linked in zip(blocks, is_linked, strict=True) if not linked]
    if alone:
        warn(
            f"Nothing connects {', '.join(map(repr, alone))} with the other languages: no document has a translation, "
            "and there is no dictionary. The topics of these languages will be their own. Name the field that "
            "translations share (translations=…), or give pairs of words (dictionary=…)."
        )


def _filled(given: csr_matrix, learned: csr_matrix, blocks: list[slice]) -> csr_matrix:
    """The entries of the first matrix, and those of the second in rows and blocks in which the first has none."""
    has = np.zeros((given.shape[0], len(blocks)), dtype=bool)
    stops = [block.stop for block in blocks]
    entries = given.tocoo()
    has[entries.row, np.searchsorted(stops, entries.col, side="right")] = True
    entries = learned.tocoo()
    new = ~has[entries.row, np.searchsorted(stops, entries.col, side="right")]
    rest = csr_matrix((entries.data[new], (entries.row[new], entries.col[new])), shape=given.shape)
    return sparse.csr_matrix(given + rest)
