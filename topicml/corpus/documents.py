"""`Documents`: the input of a model's fit."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import take_rows
from topicml.corpus.covariates import Covariates
from topicml.corpus.fields import Fields
from topicml.corpus.mapped import release

_BLOCK = 65_536  # documents at a time


@dataclass(frozen=True)
class Documents:
    """Word counts of documents, with the optional data that losses and contrasts read.

    Attributes
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Canonical, non-negative; may be memory-mapped.
    vocabulary : tuple of str or None
        Words of the columns; None if the input was a matrix without a vocabulary.
    preprocessor : object or None
        The preprocessor that turned raw texts into words.
    corpus : Corpus or None
        The corpus, with fields and word order, if the input was a corpus or raw texts.
    views : tuple of csr_matrix, (n_docs, n_words)
        Counts of other texts about the same documents, with the same rows and columns.
    rows : ndarray or None
        The rows to train on; None before the split. The other rows are held out or empty.
    covariates : Covariates or None
        Model matrix and groups of the documents.
    response : Fields or None
        The response that came beside the documents, as `y`; None if it is a field of the corpus, or there is none.
    """

    counts: csr_matrix
    vocabulary: tuple[str, ...] | None = None
    preprocessor: Any = None
    corpus: Corpus | None = None
    views: tuple[csr_matrix, ...] = ()
    rows: np.ndarray | None = None
    covariates: Covariates | None = None
    response: Fields | None = None

    @property
    def response_fields(self) -> Fields | None:
        """The fields that have the response: `response`, or by default those of the corpus."""
        return self.response if self.response is not None or self.corpus is None else self.corpus.fields

    @property
    def not_empty(self) -> np.ndarray:
        """Rows of the documents with at least one word."""
        return np.flatnonzero(np.diff(self.counts.indptr))

    def not_empty_but(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the documents with at least one word, without `rows`."""
        is_wanted = np.diff(self.counts.indptr) > 0
        is_wanted[rows] = False
        return np.flatnonzero(is_wanted)

    @property
    def training_rows(self) -> np.ndarray:
        """Rows to train on: `rows`, or by default all documents with at least one word."""
        return self.not_empty if self.rows is None else self.rows

    @property
    def mean_length(self) -> float:
        """Mean number of words of the training documents."""
        rows, n_docs = self.training_rows, self.counts.shape[0]
        lengths = np.zeros(n_docs)
        for begin in range(0, n_docs, _BLOCK):
            part = slice(begin, min(begin + _BLOCK, n_docs))
            lengths[part] = np.asarray(take_rows(self.counts, part).sum(axis=1)).ravel()
            release(self.counts.data, self.counts.indices)
        return float(lengths[rows].mean()) if len(rows) else 0.0

    def training_part(self, max_entries: int | None = None) -> "Documents":
        """Return the training documents alone, so that what is computed from them is blind to the other documents.

        Parameters
        ----------
        max_entries : int, optional
            If the counts have more entries than this, evenly spaced documents with about that many are returned. It
            bounds the memory of the copy.

        Returns
        -------
        Documents
            Without views.
        """
        rows = self.training_rows
        entries = int(np.diff(self.counts.indptr)[rows].sum())
        if max_entries is not None and entries > max_entries:
            rows = rows[:: -(-entries // max_entries)]
        elif len(rows) == self.counts.shape[0]:
            return replace(self, views=(), rows=None)
        return self.with_rows(rows)

    def with_rows(self, rows: np.ndarray) -> "Documents":
        """Return some of the documents, to train on all of them; without views."""
        corpus, covariates = self.corpus, self.covariates
        part = None if corpus is None else corpus.borrowed(rows)
        is_shared = corpus is not None and self.counts is corpus.counts  # then one copy does for both
        return replace(
            self,
            counts=part.counts if part is not None and is_shared else self.counts[rows],
            corpus=part,
            views=(),
            rows=None,
            covariates=None if covariates is None else covariates[rows],
            response=None if self.response is None else self.response.take(rows),
        )
