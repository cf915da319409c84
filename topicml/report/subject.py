"""What a report is about: a view of a model, with its documents or without."""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.errors import InputError
from topicml.explore import TopicView


def view_of(model: Any, documents: Any = None, *, theta: np.ndarray | None = None) -> TopicView:
    """The view to report on; of no documents where none are given.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted. A view has its documents already.
    documents : Corpus, sequence of str, or matrix (n_docs, n_words), optional
        As `TopicView.of` takes them.
    theta : ndarray, (n_docs, n_topics), optional
        Their topic proportions, where they are known already.

    Raises
    ------
    InputError
        If documents are given beside a view, theta without documents, or the model is not fitted.
    """
    if isinstance(model, TopicView):
        if documents is not None or theta is not None:
            raise InputError("A TopicView has its documents already: give the model instead, or leave documents out.")
        return model
    if documents is not None:
        return TopicView.of(model, documents, theta=theta)
    if theta is not None:
        raise InputError("theta belongs to documents: give these too.")
    if getattr(model, "components_", None) is None:
        raise InputError(f"{type(model).__name__} is not fitted: it has no components_. Call fit first.")
    beta = np.asarray(model.components_, dtype=np.float64)
    names = getattr(model, "vocabulary_", None)
    vocabulary = tuple(f"x{i}" for i in range(beta.shape[1])) if names is None else tuple(names)
    n_topics = len(beta)
    return TopicView(
        model,
        None,
        csr_matrix((0, beta.shape[1]), dtype=np.int32),
        np.zeros((0, n_topics), dtype=np.float32),
        beta,
        vocabulary,
        (None,) * n_topics,
        (False,) * n_topics,
        tuple((k,) for k in range(n_topics)),
    )


def has_documents(view: TopicView) -> bool:
    """Whether any document of the view holds a word."""
    return bool(view.counts.nnz)
