"""What is known of documents besides their words: rows of a model matrix, and groups."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Covariates:
    """Covariates of documents, row by row.

    Attributes
    ----------
    matrix : csr_matrix, (n_docs, n_columns), or None
        The model matrix (`topicml.corpus.model_matrix`), on which the prior of topics depends.
    groups : ndarray of int64, (n_docs,), or None
        The group of each document (`topicml.corpus.grouping`), whose topics have words of their own; -1: unknown.
    """

    matrix: csr_matrix | None = None
    groups: np.ndarray | None = None

    def __getitem__(self, rows: Any) -> "Covariates":
        """Return those of some documents."""
        return Covariates(
            None if self.matrix is None else self.matrix[rows], None if self.groups is None else self.groups[rows]
        )
