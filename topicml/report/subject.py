"""The view that a report is about: of a model, with its documents or without."""

from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.explore import TopicView


def view_of(model: Any, documents: Any = None, *, theta: np.ndarray | None = None) -> TopicView:
    """The view that a report is about.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted. A view has its documents already.
    documents : Corpus, sequence of str, or matrix (n_docs, n_words), optional
        As in `TopicView.of`.
    theta : ndarray, (n_docs, n_topics), optional
        Topic proportions of `documents`, if they were computed before.

    Returns
    -------
    view : TopicView

    Raises
    ------
    InputError
        If `model` is a view and documents or theta are given as well, or as `TopicView.of`.
    """
    if not isinstance(model, TopicView):
        return TopicView.of(model, documents, theta=theta)
    if documents is not None or theta is not None:
        raise InputError("A TopicView has its documents already: pass the model instead, or leave documents out.")
    return model


def any_words(view: TopicView) -> bool:
    """Whether the view has a document with a word of the vocabulary."""
    return view.has_documents and bool(view.has_words.any())
