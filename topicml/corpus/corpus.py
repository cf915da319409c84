"""`Corpus`: documents, their words in order, and their fields."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from topicml.corpus.counts import checked_counts, counts_from_tokens, row_sums, take_rows
from topicml.corpus.fields import Fields
from topicml.corpus.fingerprint import digest, fingerprint
from topicml.corpus.rows import row_numbers
from topicml.corpus.tokens import encode, encode_learning, take_documents
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.corpus.preprocessing import Preprocessor, VectorizerPreprocessor


class Corpus:
    """Documents as word ids in order, with a vocabulary and a table of fields.

    Make one with `from_texts`, `from_tokens`, `from_counts`, `from_bow`, `from_frame`, `read` or `open`. A corpus does
    not change, and row i is document i of what it was made from: a document that lost all its words stays, empty.

    Attributes
    ----------
    vocabulary : Vocabulary
        Word i is column i of `counts`.
    tokens : numpy.ndarray or None
        Word ids of all documents in order, int32 of shape (n_tokens,); None where only counts are known.
    offsets : numpy.ndarray or None
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``; int64 of shape (n_docs + 1,); None where `tokens` is.
    fields : Fields
        A mapping of names to columns, one value a document; `fields.table` is the Arrow table.
    preprocessor : Preprocessor, VectorizerPreprocessor or None
        What made tokens of raw text, so that new text can be treated the same way.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        tokens: np.ndarray | None = None,
        offsets: np.ndarray | None = None,
        counts: sp.csr_matrix | None = None,
        fields: Fields | None = None,
        preprocessor: Preprocessor | VectorizerPreprocessor | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Hold what is given, unchecked; the class methods check."""
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.offsets = offsets
        self.fields = Fields(pa.table({})) if fields is None else fields
        self.preprocessor = preprocessor
        self._counts = counts
        self._fingerprint = fingerprint
        self._lengths: np.ndarray | None = None

    # -- made from ------------------------------------------------------------------------------------------------

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        preprocessor: Any = None,
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Corpus:
        """Make a corpus of raw texts.

        Parameters
        ----------
        texts
            One string a document. They are kept as the field "text", unless `fields` has one of that name.
        preprocessor
            A `Preprocessor` or a scikit-learn vectorizer; by default ``Preprocessor()``, which is English. False: the
            texts are tokens already, which white space separates.
        fields
            Names to columns of one value a document.

        Raises
        ------
        InputError
            If a text is no string, no word is left in any document, or a field is not of one value a document.

        Warns
        -----
        TopicWarning
            If documents lost all their words; they stay, empty, and are named.
        """
        from topicml.corpus.sources.texts import corpus_of_texts

        return corpus_of_texts(texts, preprocessor, fields)

    @classmethod
    def from_tokens(
        cls,
        token_lists: Iterable[Iterable[str]],
        vocabulary: Iterable[str] | None = None,
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Corpus:
        """Make a corpus of documents that are already lists of tokens.

        Parameters
        ----------
        token_lists
            One list of words a document; an empty one stays, as an empty document. May be a stream.
        vocabulary
            Its order is kept and other words are dropped. By default all words that occur, sorted.
        fields
            Names to columns of one value a document.

        Raises
        ------
        InputError
            If a document is no list of strings, a word is in the vocabulary twice, or a field has another length.
        """
        if isinstance(token_lists, str):
            raise InputError("token_lists is one string; it must hold one list of tokens a document.")
        if vocabulary is None:
            tokens, offsets, vocabulary = encode_learning(token_lists)
        else:
            vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
            tokens, offsets = encode(token_lists, vocabulary)
        return cls(vocabulary, tokens=tokens, offsets=offsets, fields=Fields.of(fields, len(offsets) - 1))

    @classmethod
    def from_counts(
        cls, matrix: Any, vocabulary: Iterable[str], fields: Mapping[str, Any] | pa.Table | None = None
    ) -> Corpus:
        """Make a corpus of a matrix of word counts, shape (n_docs, n_words); it knows no word order.

        Parameters
        ----------
        matrix
            SciPy sparse (any format) or dense; not changed, and not copied where it is canonical int32 CSR.
        vocabulary
            Word j is what column j counts.
        fields
            Names to columns of one value a document.

        Raises
        ------
        InputError
            If an entry is NaN, negative or not a whole number, or the vocabulary does not match the columns.
        """
        vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        counts = checked_counts(matrix, vocabulary)
        return cls(vocabulary, counts=counts, fields=Fields.of(fields, counts.shape[0]))

    @classmethod
    def from_bow(
        cls,
        bow: Iterable[Iterable[tuple[int, float]]],
        id2word: Mapping[int, str] | Sequence[str],
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Corpus:
        """Make a corpus of a gensim bag-of-words corpus; it knows no word order.

        Parameters
        ----------
        bow
            One iterable of (word id, count) a document; may be a stream (``MmCorpus``).
        id2word
            A gensim ``Dictionary``, or another mapping of ids to words, or a sequence of words. Ids may have gaps, as
            gensim leaves them after filtering: the vocabulary holds the words by ascending id.

        Raises
        ------
        InputError
            If a word id is unknown or a count is NaN, negative or not a whole number (as of tf-idf).
        """
        from topicml.corpus.sources.bow import corpus_of_bow

        return corpus_of_bow(bow, id2word, fields)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        text_column: str | None = None,
        label_column: str | None = None,
        preprocessor: Any = None,
    ) -> Corpus:
        """Make a corpus of a pandas or polars frame, a Hugging Face dataset, an Arrow table, or a dict of columns.

        Parameters
        ----------
        text_column
            The column of texts, or of lists of tokens (which no preprocessor touches). By default a column named text,
            document, content, body, … title; else the column of strings with the longest mean text. Which one it is, is
            logged. It becomes the field "text". A missing text is an empty document.
        label_column
            The column that becomes the field "label". All other columns become fields by their names; one that happens
            to be named "text" or "label" gets an underscore at its end.
        preprocessor
            As in `from_texts`.

        Raises
        ------
        InputError
            If there is no such column (the message lists those there are), no column of text, or no row.
        """
        from topicml.corpus.sources.tables import corpus_of_table, table_of_frame

        return corpus_of_table(table_of_frame(frame), text_column, label_column, preprocessor)

    @classmethod
    def read(
        cls,
        source: str | os.PathLike[str],
        text_column: str | None = None,
        label_column: str | None = None,
        preprocessor: Any = None,
        encoding: str = "utf-8",
        split: str | None = None,
    ) -> Corpus:
        """Read a corpus from a path or by its name, recognising what it is.

        Parameters
        ----------
        source
            - a table: ``.csv``, ``.tsv``, ``.jsonl``, ``.json``, ``.parquet`` (columns as in `from_frame`);
            - ``.txt``: one document a line; a folder of ``.txt`` files: one document a file;
            - a folder of OCTIS, of TopMost, or written by `save`: taken as they are, no preprocessor touches them;
            - the name of a corpus (`topicml.corpus.named.cards`), unless a file or folder of that name exists.

            Text files may be compressed (``.gz``, ``.zst``).
        preprocessor
            As in `from_texts`.
        encoding
            Of text files, for example "latin-1".
        split
            A part of the documents. TopMost folders: "train" (the default), "test" or "all". OCTIS folders and named
            corpora: one of their partitions; by default all documents.

        Raises
        ------
        InputError
            If it does not exist, is not recognised, is empty, or its content is wrong: the message names file, row and
            column, and what to do.

        Warns
        -----
        TopicWarning
            If documents have no words (they stay, empty), or an argument does not apply to such a source.
        """
        from topicml.corpus.reading import read

        return read(source, text_column, label_column, preprocessor, encoding, split)

    # -- saved ----------------------------------------------------------------------------------------------------

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the corpus to a folder that `Corpus.open` opens: tokens, counts, vocabulary, fields and preprocessor.

        The folder appears whole or not at all; an older one stays as it was until then.

        Raises
        ------
        InputError
            If `folder` exists and `overwrite` is false, or it holds something else than a corpus.
        """
        from topicml.corpus.storage import save

        save(self, folder, overwrite)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Corpus:
        """Open a saved corpus: its arrays and fields are memory-mapped, and only headers and vocabulary are read.

        Raises
        ------
        InputError
            If the folder is no saved corpus, is damaged, or was written by a newer version.
        """
        from topicml.corpus.storage import open_folder

        return open_folder(folder)

    # -- what it holds --------------------------------------------------------------------------------------------

    @property
    def counts(self) -> sp.csr_matrix:
        """Word counts: CSR of shape (n_docs, n_words), int32, indices sorted, no duplicates. Do not change it."""
        if self._counts is None:
            assert self.tokens is not None and self.offsets is not None
            self._counts = counts_from_tokens(self.tokens, self.offsets, self.n_words)
        return self._counts

    @property
    def n_docs(self) -> int:
        """Number of documents, empty ones included."""
        return len(self.offsets) - 1 if self.offsets is not None else int(self.counts.shape[0])

    @property
    def n_words(self) -> int:
        """Number of words in the vocabulary."""
        return len(self.vocabulary)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_docs, n_words), as scikit-learn's splitters ask for it."""
        return self.n_docs, self.n_words

    @property
    def n_tokens(self) -> int:
        """Number of tokens in all documents."""
        return len(self.tokens) if self.tokens is not None else int(self.lengths.sum())

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each document, int64 of shape (n_docs,)."""
        if self._lengths is None:
            self._lengths = np.diff(self.offsets) if self.offsets is not None else row_sums(self.counts)
        return self._lengths

    @property
    def empty(self) -> np.ndarray:
        """Row numbers of the documents without a word."""
        return np.flatnonzero(self.lengths == 0)

    @property
    def has_order(self) -> bool:
        """Whether the order of the words is known."""
        return self.tokens is not None

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the vocabulary and the words of all documents; fields do not count."""
        if self._fingerprint is None:
            if self.tokens is not None and self.offsets is not None:
                parts = [digest(self.tokens, "<i4"), digest(self.offsets, "<i8")]
            else:
                counts = self.counts
                parts = [digest(counts.data, "<i4"), digest(counts.indices, "<i4"), digest(counts.indptr, "<i8")]
            self._fingerprint = fingerprint(self.vocabulary, *parts)
        return self._fingerprint

    def require_order(self, what: str) -> None:
        """Raise `InputError` if the order of the words is not known, naming `what` needs it."""
        if not self.has_order:
            raise InputError(
                f"{what} needs the order of the words, and this corpus has counts only. "
                "Make it from texts or tokens (Corpus.from_texts, Corpus.from_tokens)."
            )

    def document(self, i: int) -> list[str]:
        """Return the words of document `i`: in order, or by vocabulary order where only counts are known."""
        if not -self.n_docs <= i < self.n_docs:
            raise IndexError(f"document {i} of a corpus of {self.n_docs:,} documents")
        i %= self.n_docs
        if self.tokens is not None and self.offsets is not None:
            ids = self.tokens[self.offsets[i] : self.offsets[i + 1]]
        else:
            begin, end = self.counts.indptr[i], self.counts.indptr[i + 1]
            ids = np.repeat(self.counts.indices[begin:end], self.counts.data[begin:end])
        return [self.vocabulary[word] for word in ids.tolist()]

    def __len__(self) -> int:
        return self.n_docs

    def __iter__(self) -> Iterator[list[str]]:
        return (self.document(i) for i in range(self.n_docs))

    def __getitem__(self, rows: Any) -> Corpus:
        """Return the documents of some rows (a slice, row numbers, or a mask), with the same vocabulary."""
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] in (Ellipsis, slice(None)):
            rows = rows[0]  # scikit-learn's splitters ask for corpus[rows, ...]
        rows = row_numbers(rows, self.n_docs)
        tokens, offsets = self.tokens, self.offsets
        if tokens is not None and offsets is not None:
            tokens, offsets = take_documents(tokens, offsets, rows)
        return Corpus(
            self.vocabulary,
            tokens=tokens,
            offsets=offsets,
            counts=None if self._counts is None else take_rows(self._counts, rows),
            fields=self.fields.take(rows),
            preprocessor=self.preprocessor,
        )

    def _repr_html_(self) -> str:
        from topicml.corpus.notebook import corpus_html

        return corpus_html(self)

    def __repr__(self) -> str:
        parts = [f"{self.n_docs:,} documents", f"{self.n_words:,} words", f"{self.n_tokens:,} tokens"]
        if n_empty := len(self.empty):
            parts.append(f"{n_empty:,} empty")
        if not self.has_order:
            parts.append("counts only")
        if len(self.fields):
            parts.append(f"fields: {', '.join(self.fields)}")
        return f"Corpus({', '.join(parts)})"
