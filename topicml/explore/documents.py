"""Documents by their topics: those that stand for a topic, and what each is about."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import normalize

from topicml.errors import InputError
from topicml.explore.frames import frame_of
from topicml.explore.steps import words_of_topic

if TYPE_CHECKING:
    from topicml.explore.view import TopicView


def representative_rows(
    view: "TopicView", topic: int, n: int = 3, *, diversity: float = 0.3, n_candidates: int = 50
) -> list[int]:
    """Rows of documents that stand for a topic and differ from each other (maximal marginal relevance).

    Of the `n_candidates` documents with most of the topic, repeatedly the one with the largest
    ``(1 - diversity) * theta - diversity * (largest cosine of its words with a chosen one's)``.

    Raises
    ------
    InputError
        If diversity is not in [0, 1], or a number is not positive.

    References
    ----------
    Carbonell & Goldstein 1998.
    """
    if not 0 <= diversity <= 1 or n < 1 or n_candidates < n:
        raise InputError(
            f"diversity must lie in [0, 1] and n in [1, n_candidates]; received diversity={diversity}, n={n}, "
            f"n_candidates={n_candidates}."
        )
    held = np.flatnonzero(np.diff(view.counts.indptr) > 0)
    proportions = view.theta[:, view.topic(topic)]
    rows = held[np.argsort(-proportions[held], kind="stable")[:n_candidates]]
    unit = normalize(view.counts[rows].astype(np.float64))
    likeness = np.zeros(len(rows))
    left = np.ones(len(rows), dtype=bool)
    chosen: list[int] = []
    while left.any() and len(chosen) < n:
        gain = (1 - diversity) * proportions[rows] - diversity * likeness
        best = int(np.where(left, gain, -np.inf).argmax())
        chosen.append(int(rows[best]))
        left[best] = False
        likeness = np.maximum(likeness, (unit @ unit[best].T).toarray().ravel())
    return chosen


def representative_documents(
    view: "TopicView",
    topic: int | None = None,
    n: int = 3,
    *,
    diversity: float = 0.3,
    n_candidates: int = 50,
    n_words: int = 5,
    frame: str = "pandas",
) -> Any:
    """Documents that stand for topics: topic, rank, document, proportion, words, weights, text.

    ``words`` are those that drove the topic in the document: their count times p(topic | document, word), which is in
    ``weights`` (tokens). ``text`` is the field "text", or the words, or None.

    Parameters
    ----------
    topic : int, optional
        Only this one; by default all that are shown.
    n, diversity, n_candidates
        As in `representative_rows`.
    n_words : int
        Driving words a document, at most.
    frame : {"pandas", "polars"}
        Whose data frame.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("topic", "rank", "document", "proportion", "words", "weights", "text")
    }
    for k in view.shown if topic is None else [view.topic(topic)]:
        rows = representative_rows(view, k, n, diversity=diversity, n_candidates=n_candidates)
        driven = words_of_topic(k, view.beta, view.theta[rows], view.counts[rows])
        for number, row in enumerate(rows):
            entries = slice(driven.indptr[number], driven.indptr[number + 1])
            order = np.argsort(-driven.data[entries], kind="stable")[:n_words]
            columns["topic"].append(k)
            columns["rank"].append(number + 1)
            columns["document"].append(row)
            columns["proportion"].append(float(view.theta[row, k]))
            columns["words"].append([view.vocabulary[i] for i in driven.indices[entries][order]])
            columns["weights"].append(driven.data[entries][order].tolist())
            columns["text"].append(text_of(view, row))
    return frame_of(columns, frame)


def document_info(view: "TopicView", *, frame: str = "pandas") -> Any:
    """A row a document: document, topic (the largest), label, proportion, second, entropy (nats), tokens, text.

    A document without words has topic -1, and the proportions of the prior.
    """
    lengths = np.asarray(view.counts.sum(axis=1)).ravel()
    shown = np.array(view.shown)
    leading = view.leading(view.theta)
    rows = np.arange(len(view.theta))
    proportion = view.theta[rows, leading].astype(np.float64)
    others = view.theta[:, shown].copy()
    others[rows, view.theta[:, shown].argmax(axis=1)] = -1
    second = shown[others.argmax(axis=1)] if len(shown) > 1 else np.full(len(rows), -1)
    labels = view.labels
    topic = np.where(lengths > 0, leading, -1)
    return frame_of(
        {
            "document": rows,
            "topic": topic,
            "label": [labels[k] if k >= 0 else None for k in topic],
            "proportion": proportion,
            "second": np.where(lengths > 0, second, -1),
            "entropy": entropy(view.theta),
            "tokens": lengths,
            "text": [text_of(view, row) for row in rows.tolist()],
        },
        frame,
    )


def entropy(theta: np.ndarray) -> np.ndarray:
    """Entropy of each row in nats: (n_docs,)."""
    return -(theta * np.log(np.maximum(theta, 1e-30))).sum(axis=-1, dtype=np.float64)


def text_of(view: "TopicView", row: int) -> str | None:
    """The text of a document, or its words, or None where there is no corpus."""
    if view.corpus is None:
        return None
    if "text" in view.corpus.fields:
        value = view.corpus.fields["text"][row]
        return None if value is None else str(value)
    return " ".join(view.corpus.document(int(row)))
