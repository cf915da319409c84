"""`CorpusData`: the data of a corpus and the operations on it. Readers return it; `Corpus` extends it for users."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from topicml.corpus.counts import checked_counts, counts_from_tokens, row_sums, take_rows
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.fields import Fields
from topicml.corpus.fingerprint import digest, fingerprint
from topicml.corpus.places import Places
from topicml.corpus.rows import row_numbers
from topicml.corpus.targets import Targets
from topicml.corpus.tokens import encode, encode_with_vocabulary, take_documents
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.corpus.preprocessing import MultilingualPreprocessor, Preprocessor, VectorizerPreprocessor


class CorpusData:
    """Documents as word ids in order, or as word counts, with a vocabulary and a table of fields.

    The constructor stores its arguments without checks; `from_tokens` and `from_counts` check them.

    Parameters
    ----------
    vocabulary : Vocabulary
        Word i is column i of the counts.
    tokens : numpy.ndarray, shape (n_tokens,), optional
        Word ids of all documents, one document after the other; int32.
    offsets : numpy.ndarray, shape (n_docs + 1,), optional
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``; int64. Required with `tokens`.
    counts : scipy.sparse.csr_matrix, shape (n_docs, n_words), optional
        Canonical int32 counts. Required without `tokens`; with `tokens`, computed at first use if omitted.
    fields : Fields, optional
        One value per document in each column. Default: no columns.
    preprocessor : Preprocessor or VectorizerPreprocessor, optional
        The preprocessor that turned the raw text into tokens.
    fingerprint : str, optional
        The value of `fingerprint`, if known. By default computed at first use.
    embeddings : Embeddings, optional
        A vector of each document.
    targets : Targets, optional
        What models are to reconstruct of each document.

    Attributes
    ----------
    words_read : numpy.ndarray or None
        Number of words of each document before those outside the vocabulary were left out, int64 of shape (n_docs,);
        None if it is not known, as for a corpus that was opened.
    places : Places or None
        Where each document is in its file, for messages; None if it is not known.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        tokens: np.ndarray | None = None,
        offsets: np.ndarray | None = None,
        counts: sp.csr_matrix | None = None,
        fields: Fields | None = None,
        preprocessor: Preprocessor | VectorizerPreprocessor | MultilingualPreprocessor | None = None,
        fingerprint: str | None = None,
        embeddings: Embeddings | None = None,
        targets: Targets | None = None,
    ) -> None:
        if not isinstance(vocabulary, Vocabulary):
            raise InputError(_not_made_by_calling(type(self).__name__, vocabulary))
        if counts is None and (tokens is None or offsets is None):
            raise InputError(f"{type(self).__name__}(vocabulary) has no documents: pass tokens and offsets, or counts.")
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.offsets = offsets
        self.fields = Fields(pa.table({})) if fields is None else fields
        self.preprocessor = preprocessor
        self.embeddings = embeddings
        self.targets = targets
        self._counts = counts
        self._fingerprint = fingerprint
        self._lengths: np.ndarray | None = None
        self.words_read: np.ndarray | None = None
        self.places: Places | None = None

    @classmethod
    def from_data(cls, data: CorpusData) -> Self:
        """Make a corpus of this class from the data that a reader returns, without copying arrays."""
        corpus = cls(**data._parts())
        corpus.words_read, corpus.places = data.words_read, data.places
        return corpus

    @classmethod
    def from_tokens(
        cls,
        token_lists: Iterable[Iterable[str]],
        vocabulary: Iterable[str] | None = None,
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Self:
        """Make a corpus from tokenized documents.

        Parameters
        ----------
        token_lists : iterable of iterables of str
            One list of tokens per document; a generator works too. An empty list is an empty document.
        vocabulary : iterable of str, optional
            The vocabulary, in this order; other tokens are dropped. By default all distinct tokens, sorted.
        fields : mapping of str to array-like, or pyarrow.Table, optional
            Columns with one value per document.

        Returns
        -------
        Corpus
            Row i is ``token_lists[i]``.

        Raises
        ------
        InputError
            If a document is not a list of strings, the vocabulary repeats a word, or a field does not have one value
            per document.
        """
        if isinstance(token_lists, str):
            raise InputError("token_lists is one string; pass an iterable with one list of tokens per document.")
        if vocabulary is None:
            tokens, offsets, vocabulary = encode_with_vocabulary(token_lists)
        else:
            vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
            tokens, offsets = encode(token_lists, vocabulary)
        corpus = cls(vocabulary, tokens=tokens, offsets=offsets, fields=Fields.of(fields, len(offsets) - 1))
        if isinstance(token_lists, list) and all(isinstance(words, list | tuple) for words in token_lists):
            corpus.words_read = np.fromiter(map(len, token_lists), dtype=np.int64, count=len(token_lists))
        return corpus

    @classmethod
    def from_counts(
        cls, matrix: Any, vocabulary: Iterable[str], fields: Mapping[str, Any] | pa.Table | None = None
    ) -> Self:
        """Make a corpus from a matrix of word counts. The corpus has no word order.

        Parameters
        ----------
        matrix : array-like or sparse matrix, shape (n_docs, n_words)
            Dense, or SciPy sparse in any format. It is not modified, and not copied if it is canonical int32 CSR.
        vocabulary : iterable of str
            Column j counts word j.
        fields : mapping of str to array-like, or pyarrow.Table, optional
            Columns with one value per document.

        Returns
        -------
        Corpus
            Row i is row i of `matrix`.

        Raises
        ------
        InputError
            If an entry is NaN, negative or not a whole number, or the vocabulary does not match the columns.
        """
        vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        counts = checked_counts(matrix, vocabulary)
        return cls(vocabulary, counts=counts, fields=Fields.of(fields, counts.shape[0]))

    def replaced(self, **parts: Any) -> Self:
        """Return a corpus of the same documents with other parts; everything that is not named is kept.

        Parameters
        ----------
        **parts
            Arguments of the constructor. With `tokens` or `counts`, all words of the corpus are replaced. With another
            `vocabulary`, targets follow their words by name.

        Returns
        -------
        CorpusData
            Of the same class. It shares the arrays that are kept.
        """
        kept = self._parts()
        if parts.keys() & {"tokens", "counts"}:
            kept |= dict.fromkeys(("tokens", "offsets", "counts", "fingerprint"))
        if self.targets is not None and parts.get("vocabulary", self.vocabulary) != self.vocabulary:
            kept["targets"] = self.targets.of_words(self.vocabulary, parts["vocabulary"])
        corpus = type(self)(**{**kept, **parts})
        if "tokens" not in parts and "counts" not in parts:
            corpus.words_read = self.words_read
        return corpus

    def _parts(self) -> dict[str, Any]:
        """The arguments of the constructor that make this corpus."""
        return {
            "vocabulary": self.vocabulary,
            "tokens": self.tokens,
            "offsets": self.offsets,
            "counts": self._counts,
            "fields": self.fields,
            "preprocessor": self.preprocessor,
            "fingerprint": self._fingerprint,
            "embeddings": self.embeddings,
            "targets": self.targets,
        }

    @property
    def counts(self) -> sp.csr_matrix:
        """Word counts: int32 CSR of shape (n_docs, n_words), indices sorted, no duplicates. Do not modify it."""
        if self._counts is None:
            assert self.tokens is not None and self.offsets is not None
            self._counts = counts_from_tokens(self.tokens, self.offsets, self.n_words)
        return self._counts

    @property
    def n_docs(self) -> int:
        """Number of documents, including empty ones."""
        return len(self.offsets) - 1 if self.offsets is not None else int(self.counts.shape[0])

    @property
    def n_words(self) -> int:
        """Number of words in the vocabulary."""
        return len(self.vocabulary)

    @property
    def shape(self) -> tuple[int, int]:
        """The tuple (n_docs, n_words), as scikit-learn's splitters require."""
        return self.n_docs, self.n_words

    @property
    def n_tokens(self) -> int:
        """Number of tokens in all documents."""
        return len(self.tokens) if self.tokens is not None else int(self.lengths.sum())

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each document: int64 of shape (n_docs,)."""
        if self._lengths is None:
            self._lengths = np.diff(self.offsets) if self.offsets is not None else row_sums(self.counts)
        return self._lengths

    @property
    def empty(self) -> np.ndarray:
        """Row numbers of the documents without words."""
        return np.flatnonzero(self.lengths == 0)

    @property
    def has_order(self) -> bool:
        """Whether the corpus has word order (`tokens`); False if it has counts only."""
        return self.tokens is not None

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the vocabulary and the words of all documents, and of nothing else."""
        if self._fingerprint is None:
            if self.tokens is not None and self.offsets is not None:
                digests = [digest(self.tokens, "<i4"), digest(self.offsets, "<i8")]
            else:
                counts = self.counts
                digests = [digest(counts.data, "<i4"), digest(counts.indices, "<i4"), digest(counts.indptr, "<i8")]
            self._fingerprint = fingerprint(self.vocabulary, *digests)
        return self._fingerprint

    def require_order(self, what: str) -> None:
        """Raise `InputError` if the corpus has counts only; `what` names the operation that needs word order."""
        if not self.has_order:
            raise InputError(
                f"{what} needs word order, but this corpus has counts only. "
                "Make it from texts or tokens (Corpus.from_texts, Corpus.from_tokens)."
            )

    def document(self, i: int) -> list[str]:
        """Return the words of document `i`: in text order, or in vocabulary order if the corpus has counts only."""
        if not -self.n_docs <= i < self.n_docs:
            raise IndexError(f"There is no document {i}: the corpus has {self.n_docs:,} documents, numbered from 0.")
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

    def __getitem__(self, rows: Any) -> Self:
        """Return a corpus of the selected documents, with the same vocabulary.

        Parameters
        ----------
        rows : slice, array-like of int, or array-like of bool
            Row numbers or a mask.

        Raises
        ------
        InputError
            If a row number is out of range, or `rows` is not an index of documents.
        """
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] in (Ellipsis, slice(None)):
            rows = rows[0]  # scikit-learn's splitters index with corpus[rows, ...]
        rows = row_numbers(rows, self.n_docs)
        return self._part(rows, self.fields.take(rows))

    def borrowed(self, rows: np.ndarray) -> Self:
        """Return ``corpus[rows]`` for a while: its fields, such as long texts, are copied when they are read first.

        Parameters
        ----------
        rows : ndarray of int64
            Row numbers.

        Returns
        -------
        Corpus
            It keeps the fields of all documents in memory.
        """
        return self._part(rows, Fields(lambda: self.fields.take(rows).table))

    def _part(self, rows: slice | np.ndarray, fields: Fields) -> Self:
        tokens, offsets = self.tokens, self.offsets
        if tokens is not None and offsets is not None:
            tokens, offsets = take_documents(tokens, offsets, rows)
        part = type(self)(
            self.vocabulary,
            tokens=tokens,
            offsets=offsets,
            counts=None if self._counts is None else take_rows(self._counts, rows),
            fields=fields,
            preprocessor=self.preprocessor,
            embeddings=None if self.embeddings is None else self.embeddings.take(rows),
            targets=None if self.targets is None else self.targets.take(rows),
        )
        part.words_read = None if self.words_read is None else self.words_read[rows]
        part.places = None if self.places is None else self.places.take(rows)
        return part

    def __repr__(self) -> str:
        parts = [f"{self.n_docs:,} documents", f"{self.n_words:,} words", f"{self.n_tokens:,} tokens"]
        if n_empty := len(self.empty):
            parts.append(f"{n_empty:,} empty")
        if not self.has_order:
            parts.append("counts only")
        if len(self.fields):
            parts.append(f"fields: {', '.join(self.fields)}")
        if self.embeddings is not None:
            parts.append(f"embeddings: {self.embeddings.source}")
        if self.targets is not None:
            parts.append(f"targets: {self.targets.source}")
        return f"{type(self).__name__}({', '.join(parts)})"


def _not_made_by_calling(name: str, received: Any) -> str:
    """Message for a call of the class with documents; it names the constructor for them."""
    if hasattr(received, "columns") or hasattr(received, "column_names") or isinstance(received, Mapping):
        instead = "from_frame(frame, text_column=…)"
    elif isinstance(received, str | os.PathLike):
        instead = "read(path)"
    elif hasattr(received, "tocsr") or getattr(received, "ndim", 1) == 2:
        instead = "from_counts(matrix, vocabulary)"
    elif isinstance(received, list | tuple) and received and isinstance(received[0], list | tuple):
        instead = "from_tokens(token_lists)"
    else:
        instead = "from_texts(texts)"
    return (
        f"{name}(…) takes a Vocabulary and arrays; received {type(received).__module__}.{type(received).__qualname__}. "
        f"Make the corpus with {name}.{instead}."
    )
