"""Documents and topics nearest to a text in the space of a sentence encoder."""

from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.encoders import named_encoder
from topicml.corpus.encoding import encode
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.documents import text_of
from topicml.explore.frames import frame_of
from topicml.starting.mean_vectors import unit_rows


def nearest_by_encoder(view: BaseView, text: str, encoder: Any, n: int = 5, *, frame: str = "pandas") -> Any:
    """The documents whose embeddings are nearest to that of a text, best first.

    The text may have other words than the documents, and, with an encoder of several languages, another language. See
    `nearest_documents` for a search by words.

    Parameters
    ----------
    view : TopicView
        The topics, with a corpus that has embeddings.
    text : str
        Any text.
    encoder : str, object with ``encode(texts)``, or function
        The encoder that made the embeddings of the corpus; as in `Corpus.with_embeddings`.
    n : int
        Number of documents at most.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each document: document (row), score (the cosine), topic (the leading one), label, text.

    Raises
    ------
    InputError
        If the view has no documents with embeddings, the encoder returns vectors of another length, or an argument is
        out of range.
    """
    embeddings = _embeddings_of(view, "nearest_by_encoder")
    query = _query(text, encoder, embeddings, n)
    scores = np.concatenate([unit_rows(block) @ query for _, block in embeddings.blocks()])
    rows = np.argsort(-scores, kind="stable")[:n]
    leading, labels = view.leading(view.theta[rows]), view.labels
    return frame_of(
        {
            "document": rows,
            "score": scores[rows],
            "topic": leading,
            "label": [labels[k] for k in leading],
            "text": [text_of(view, int(row)) for row in rows],
        },
        frame,
    )


def nearest_topics_by_encoder(view: BaseView, text: str, encoder: Any, n: int = 5, *, frame: str = "pandas") -> Any:
    """The shown topics whose documents are nearest to a text in the space of an encoder, best first.

    The vector of a topic is the mean of the documents' unit vectors, weighted by their proportion of the topic.

    Parameters
    ----------
    view, text, encoder, frame
        As in `nearest_by_encoder`.
    n : int
        Number of topics at most.

    Returns
    -------
    table : DataFrame
        A row for each topic: topic, label, score (the cosine).

    Raises
    ------
    InputError
        As `nearest_by_encoder`.
    """
    embeddings = _embeddings_of(view, "nearest_topics_by_encoder")
    query = _query(text, encoder, embeddings, n)
    sums = np.zeros((view.theta.shape[1], embeddings.size))
    for begin, block in embeddings.blocks():
        sums += view.theta[begin : begin + len(block)].T @ unit_rows(block)
    scores, labels = unit_rows(sums) @ query, view.labels
    best = sorted(view.shown, key=lambda k: -scores[k])[:n]
    return frame_of({"topic": best, "label": [labels[k] for k in best], "score": scores[best]}, frame)


def _embeddings_of(view: BaseView, reader: str) -> Embeddings:
    view.require_documents(reader)
    embeddings = None if view.corpus is None else view.corpus.embeddings
    if embeddings is None:
        raise InputError(
            f"{reader} reads embeddings, and the documents of this view have none. Make the view of a corpus that has "
            "them: TopicView.of(model, corpus.with_embeddings(encoder))."
        )
    return embeddings


def _query(text: str, encoder: Any, embeddings: Embeddings, n: int) -> np.ndarray:
    """The unit vector of a text."""
    require(n >= 1, "n", n, "at least 1")
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"Give one text that is not empty; received {text!r:.60}.")
    query = unit_rows(encode([text], named_encoder(encoder) if isinstance(encoder, str) else encoder)[:])[0]
    if len(query) != embeddings.size:
        raise InputError(
            f"The encoder returns {len(query)} numbers, and the embeddings of the documents have {embeddings.size}. "
            "Pass the encoder that made them."
        )
    return query
