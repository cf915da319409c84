"""Documents of a view: their counts in the model's columns, and their topic proportions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from topicml.corpus import Corpus
from topicml.corpus.counts import summed
from topicml.errors import InputError
from topicml.models.documents import documents_to_transform
from topicml.models.topic_model import TopicModel


@dataclass(frozen=True, eq=False)
class ViewDocuments:
    """Documents of a view.

    Attributes
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts, in the model's columns.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions after the steps; rows sum to 1.
    corpus : Corpus or None
        The corpus, if the documents came as one.
    """

    counts: csr_matrix
    theta: np.ndarray
    corpus: Corpus | None = None


def read_documents(model: Any, documents: Any, theta: np.ndarray | None = None) -> ViewDocuments:
    """Read documents in the model's columns.

    Parameters
    ----------
    model, documents, theta
        As in `TopicView.of`.

    Returns
    -------
    documents : ViewDocuments

    Raises
    ------
    InputError
        If the documents do not fit the model, or `theta` has another shape.
    """
    counts = counts_of(model, documents)
    if theta is None:
        theta = model.transform(documents)
    theta = np.array(theta)  # a copy: the view must not change with the caller's array
    shape = (counts.shape[0], len(model.components_))
    if theta.shape != shape:
        raise InputError(f"theta has shape {theta.shape}; it must be {shape}.")
    return ViewDocuments(counts, theta, documents if isinstance(documents, Corpus) else None)


def counts_of(model: Any, documents: Any) -> csr_matrix:
    """Word counts of documents in the model's columns.

    Parameters
    ----------
    model, documents
        As in `TopicView.of`.

    Returns
    -------
    counts : csr_matrix, (n_docs, n_words)

    Raises
    ------
    InputError
        If the documents do not fit the model.
    """
    if isinstance(model, TopicModel):
        return documents_to_transform(model, documents).counts
    if isinstance(documents, Corpus):
        if tuple(documents.vocabulary) != tuple(model.vocabulary_):
            raise InputError("The corpus has other words than the model. Pass the corpus in the model's vocabulary.")
        return documents.counts
    return summed(documents) if issparse(documents) else csr_matrix(documents)
