"""`Documents`: the input of a model's fit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.corpus import Corpus


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
    """

    counts: csr_matrix
    vocabulary: tuple[str, ...] | None = None
    preprocessor: Any = None
    corpus: Corpus | None = None
    views: tuple[csr_matrix, ...] = ()
    rows: np.ndarray | None = None

    @property
    def not_empty(self) -> np.ndarray:
        """Rows of the documents with at least one word."""
        return np.flatnonzero(np.diff(self.counts.indptr))

    @property
    def training_rows(self) -> np.ndarray:
        """Rows to train on: `rows`, or by default all documents with at least one word."""
        return self.not_empty if self.rows is None else self.rows
