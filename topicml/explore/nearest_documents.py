"""Documents nearest to words: what they say, and what they are about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.frames import frame_of

if TYPE_CHECKING:
    from topicml.explore.view import TopicView

_CHUNK = 4096  # documents at a time


def nearest_documents(
    view: "TopicView", words: Sequence[str], n: int = 5, *, of_topics: float = 0.3, frame: str = "pandas"
) -> Any:
    """The documents under which words are likeliest, best first: document, score, topic, label, words, text.

    A word's probability in a document mixes what the document says, smoothed by the whole of the documents, and what
    its topics say: ``(1 - of_topics) * (count + m * p(word)) / (length + m) + of_topics * theta @ beta``, m the mean
    length. So documents are found that hold the words, and those on the same matter in other words.

    ``score`` is the mean over the query of the logarithm (nats) of that probability over ``p(word)``, the word's share
    of all tokens: 0 is no nearer than the documents as a whole. ``topic`` is the largest of the document, and
    ``words`` are those of the query that stand in it.

    Parameters
    ----------
    words : sequence of str
        Of the vocabulary; a word that stands twice counts twice.
    n : int
        How many at most. Documents without words are left out.
    of_topics : float
        Weight of the topics, in [0, 1].
    frame : {"pandas", "polars"}
        Whose data frame.

    Raises
    ------
    InputError
        If a word is unknown, no document holds a word, or an argument is out of range.

    References
    ----------
    Wei & Croft 2006 (there m is 1,000, for newspaper articles); Zhai & Lafferty 2004.
    """
    if n < 1 or not 0 <= of_topics <= 1:
        raise InputError(f"n must be at least 1 and of_topics lie in [0, 1]; received n={n}, of_topics={of_topics}.")
    ids, repeats = np.unique(view.word_ids(words), return_counts=True)
    lengths = np.asarray(view.counts.sum(axis=1), dtype=np.float64).ravel()
    held = np.flatnonzero(lengths > 0)
    if not len(held):
        raise InputError("None of the documents holds a word that the model knows, so none is near to anything.")
    total = np.asarray(view.counts[:, ids].sum(axis=0), dtype=np.float64).ravel()
    share = np.where(total > 0, total, 0.5) / lengths.sum()  # (n_query,)
    smoothing = lengths[held].mean()
    scores = np.empty(len(held))
    for start in range(0, len(held), _CHUNK):
        rows = held[start : start + _CHUNK]
        said = (view.counts[rows][:, ids].toarray() + smoothing * share) / (lengths[rows] + smoothing)[:, None]
        meant = view.theta[rows].astype(np.float64) @ view.beta[:, ids]
        likely = (1 - of_topics) * said + of_topics * meant  # (chunk, n_query)
        scores[start : start + _CHUNK] = np.log(np.maximum(likely, 1e-300) / share) @ repeats / repeats.sum()
    best = np.argsort(-scores, kind="stable")[:n]
    chosen = held[best]
    leading, labels = view.leading(view.theta[chosen]), view.labels
    from topicml.explore.documents import text_of

    return frame_of(
        {
            "document": chosen,
            "score": scores[best],
            "topic": leading,
            "label": [labels[k] for k in leading],
            "words": [_standing(view, row, ids) for row in chosen],
            "text": [text_of(view, int(row)) for row in chosen],
        },
        frame,
    )


def _standing(view: "TopicView", row: int, ids: np.ndarray) -> list[str]:
    there = view.counts[row].indices
    return [view.vocabulary[i] for i in ids[np.isin(ids, there)]]
