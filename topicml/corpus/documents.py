"""What a model is trained on: counts of documents, and what is known of their words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.corpus import Corpus


@dataclass(frozen=True)
class Documents:
    """Counts of documents, and what is known of their words.

    Attributes
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Canonical, non-negative; may be memory-mapped.
    vocabulary : tuple of str or None
        The columns' words, where they are known.
    preprocessor : object or None
        What made the words of raw text.
    corpus : Corpus or None
        The corpus, where the documents came as one (or as raw texts): their fields, and the order of their words.
    views : tuple of csr_matrix, (n_docs, n_words)
        Counts of other texts of the same documents, in the same rows and columns.
    rows : ndarray or None
        The rows to train on, once they are chosen; the others are held out, or empty.
    """

    counts: csr_matrix
    vocabulary: tuple[str, ...] | None = None
    preprocessor: Any = None
    corpus: Corpus | None = None
    views: tuple[csr_matrix, ...] = ()
    rows: np.ndarray | None = None

    @property
    def not_empty(self) -> np.ndarray:
        """Rows of the documents that hold a word."""
        return np.flatnonzero(np.diff(self.counts.indptr))

    @property
    def training_rows(self) -> np.ndarray:
        """Rows to train on: the chosen ones, or all documents that hold a word."""
        return self.not_empty if self.rows is None else self.rows
