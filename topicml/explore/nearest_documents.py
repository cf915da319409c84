"""Documents nearest to words: by the words they contain, and by their topics."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.documents import text_of
from topicml.explore.frames import frame_of

_CHUNK = 4096  # documents at a time


def nearest_documents(
    view: BaseView, words: Sequence[str], n: int = 5, *, of_topics: float = 0.3, frame: str = "pandas"
) -> Any:
    """The documents in which words are most likely, best first.

    The probability of a word in a document mixes the document's counts, smoothed by those of all documents, and its
    topics: ``(1 - of_topics) * (count + m * p(word)) / (length + m) + of_topics * theta @ beta``, where m is the mean
    length. So documents on the same subject in other words rank high as well.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    words : sequence of str
        Words of the vocabulary; a word given twice counts twice.
    n : int
        Number of documents at most. Documents without words are left out.
    of_topics : float
        Weight of the topics, in [0, 1].
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each document: document (row), score, topic (the leading one), label, words (of the query, that
        occur in it), text. ``score`` is the mean over the query of the logarithm (nats) of that probability over
        ``p(word)``, the word's share of all tokens: 0 is no nearer than the average.

    Raises
    ------
    InputError
        If the view has no documents, a word is unknown, no document has a word, or an argument is out of range.

    References
    ----------
    Wei & Croft 2006 (there m is 1,000, for newspaper articles); Zhai & Lafferty 2004.
    """
    if n < 1 or not 0 <= of_topics <= 1:
        raise InputError(f"n must be at least 1 and of_topics lie in [0, 1]; received n={n}, of_topics={of_topics}.")
    view.require_documents("nearest_documents")
    ids, repeats = np.unique(view.word_ids(words), return_counts=True)
    lengths = view.lengths.astype(np.float64)
    with_words = np.flatnonzero(view.has_words)
    if not len(with_words):
        raise InputError("No document has a word of the model's vocabulary, so there is nothing to compare.")
    total = np.asarray(view.counts[:, ids].sum(axis=0), dtype=np.float64).ravel()
    share = np.where(total > 0, total, 0.5) / lengths.sum()  # (n_query,)
    smoothing = lengths[with_words].mean()
    scores = np.empty(len(with_words))
    for start in range(0, len(with_words), _CHUNK):
        rows = with_words[start : start + _CHUNK]
        by_counts = (view.counts[rows][:, ids].toarray() + smoothing * share) / (lengths[rows] + smoothing)[:, None]
        by_topics = view.theta[rows].astype(np.float64) @ view.beta[:, ids]
        probability = (1 - of_topics) * by_counts + of_topics * by_topics  # (chunk, n_query)
        scores[start : start + _CHUNK] = np.log(np.maximum(probability, 1e-300) / share) @ repeats / repeats.sum()
    best = np.argsort(-scores, kind="stable")[:n]
    rows = with_words[best]
    leading, labels = view.leading(view.theta[rows]), view.labels
    return frame_of(
        {
            "document": rows,
            "score": scores[best],
            "topic": leading,
            "label": [labels[k] for k in leading],
            "words": [[view.vocabulary[i] for i in ids[np.isin(ids, view.counts[row].indices)]] for row in rows],
            "text": [text_of(view, int(row)) for row in rows],
        },
        frame,
    )
