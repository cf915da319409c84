"""Documents in the form that a fitted model reads: counts of its words, or raw texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.corpus.counts import summed
from topicml.errors import InputError


def counts_over(documents: Any, words: Sequence[str]) -> sp.csr_matrix:
    """Count a model's words in documents; other words are left out.

    Parameters
    ----------
    documents : Corpus or matrix, (n_docs, n_words)
        A matrix of counts must have the columns of `words`.
    words : sequence of str
        Words of the model.

    Returns
    -------
    csr_matrix, (n_docs, n_words)

    Raises
    ------
    InputError
        If `documents` is neither, or a matrix with another number of columns.
    """
    if isinstance(documents, Corpus):
        if documents.vocabulary == words:
            return documents.counts
        pairs = [(documents.vocabulary.index.get(word, -1), j) for j, word in enumerate(words)]
        shared = np.array([pair for pair in pairs if pair[0] >= 0], dtype=np.int64).reshape(-1, 2)
        ones = np.ones(len(shared), dtype=documents.counts.dtype)
        selection = sp.csr_matrix((ones, (shared[:, 0], shared[:, 1])), shape=(documents.n_words, len(words)))
        return sp.csr_matrix(documents.counts @ selection)
    if not sp.issparse(documents) and getattr(documents, "ndim", 0) != 2:
        raise InputError(f"documents must be a Corpus or a matrix of counts; received {type(documents).__name__}.")
    if documents.shape[1] != len(words):
        raise InputError(f"The documents have {documents.shape[1]:,} columns, but the model has {len(words):,} words.")
    return summed(documents) if sp.issparse(documents) else sp.csr_matrix(documents)


def texts_of(documents: Any) -> list[str]:
    """Return raw texts.

    Parameters
    ----------
    documents : list of str or Corpus
        A corpus must have the field "text"; missing texts become empty strings.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If there are no texts.
    """
    if isinstance(documents, Corpus):
        if "text" not in documents.fields:
            raise InputError("The model reads raw texts, but this corpus has no field 'text'.")
        return ["" if text is None else str(text) for text in documents.fields["text"]]
    if isinstance(documents, str) or not all(isinstance(text, str) for text in documents):
        raise InputError("The model reads raw texts: pass a list of strings, or a Corpus made from texts.")
    return list(documents)
