"""Documents and their topics: representative documents of a topic, and the topics of each document."""

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.steps import words_of_topic

_CHUNK = 20_000  # documents at a time


def representative_rows(
    view: BaseView, topic: int, n: int = 3, *, diversity: float = 0.3, n_candidates: int = 50
) -> list[int]:
    """Documents with much of a topic that differ from each other (maximal marginal relevance).

    Among the `n_candidates` documents with most of the topic, repeatedly choose the one with the largest
    ``(1 - diversity) * theta - diversity * (largest cosine of its words with those of a chosen document)``.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    topic : int
        The topic.
    n : int
        Number of documents at most.
    diversity : float
        Weight of difference, in [0, 1].
    n_candidates : int
        Number of candidates, at least `n`.

    Returns
    -------
    rows : list of int
        Rows of the documents, best first.

    Raises
    ------
    InputError
        If the view has no documents, there is no such topic, or a number is out of range.

    References
    ----------
    Carbonell & Goldstein 1998.
    """
    if not 0 <= diversity <= 1 or n < 1 or n_candidates < n:
        raise InputError(
            f"diversity must lie in [0, 1] and n in [1, n_candidates]; received diversity={diversity}, n={n}, "
            f"n_candidates={n_candidates}."
        )
    view.require_documents("Choosing representative documents")
    with_words = np.flatnonzero(view.has_words)
    proportions = view.theta[:, view.topic(topic)]
    candidates = with_words[_largest(proportions[with_words], n_candidates)]
    unit = normalize(view.counts[candidates].astype(np.float64))
    similarity = np.zeros(len(candidates))  # to the most similar chosen document
    is_left = np.ones(len(candidates), dtype=bool)
    selection: list[int] = []
    while is_left.any() and len(selection) < n:
        gain = (1 - diversity) * proportions[candidates] - diversity * similarity
        best = int(np.where(is_left, gain, -np.inf).argmax())
        selection.append(int(candidates[best]))
        is_left[best] = False
        similarity = np.maximum(similarity, (unit @ unit[best].T).toarray().ravel())
    return selection


def _largest(values: np.ndarray, n: int) -> np.ndarray:
    """Positions of the `n` largest values, the largest first, and the first one of equal ones."""
    if len(values) > n:
        kept = np.flatnonzero(values >= np.partition(values, len(values) - n)[len(values) - n])  # with all equal ones
        return kept[np.argsort(-values[kept], kind="stable")[:n]]
    return np.argsort(-values, kind="stable")


def representative_documents(
    view: BaseView,
    topic: int | None = None,
    n: int = 3,
    *,
    diversity: float = 0.3,
    n_candidates: int = 50,
    n_words: int = 5,
    frame: str = "pandas",
) -> Any:
    """Representative documents of topics, with the words that drove the topic in each.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    topic : int, optional
        Only this topic; by default all shown topics.
    n, diversity, n_candidates
        As in `representative_rows`.
    n_words : int
        Number of driving words of each document at most.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each topic and document: topic, rank, document (row), proportion, words, weights, text. ``words``
        are those that drove the topic: ``weights`` are their counts times p(topic | document, word), in tokens.
        ``text`` is the field "text", or the words, or None without a corpus.

    Raises
    ------
    InputError
        As `representative_rows`.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("topic", "rank", "document", "proportion", "words", "weights", "text")
    }
    for k in view.shown if topic is None else [view.topic(topic)]:
        rows = representative_rows(view, k, n, diversity=diversity, n_candidates=n_candidates)
        driving = driving_words(view, k, view.theta[rows], view.counts[rows], n_words)
        for number, row in enumerate(rows):
            columns["topic"].append(k)
            columns["rank"].append(number + 1)
            columns["document"].append(row)
            columns["proportion"].append(float(view.theta[row, k]))
            columns["words"].append([word for word, _ in driving[number]])
            columns["weights"].append([weight for _, weight in driving[number]])
            columns["text"].append(text_of(view, row))
    return frame_of(columns, frame)


def driving_words(
    view: BaseView, topic: int, theta: np.ndarray, counts: csr_matrix, n: int
) -> list[list[tuple[str, float]]]:
    """The words of each document that drove a topic, with their weights.

    The weight of a word is its count times p(topic | document, word), in tokens; see `words_of_topic`.

    Parameters
    ----------
    view : TopicView
        The topics.
    topic : int
        The topic.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of the documents, after the view's steps.
    counts : csr_matrix, (n_docs, n_words)
        Word counts of the documents.
    n : int
        Number of words of each document at most.

    Returns
    -------
    words : list of list of (str, float)
        For each document, the words with the largest weights first.
    """
    weights = words_of_topic(topic, view.beta, theta, counts)
    words = []
    for row in range(counts.shape[0]):
        entries = slice(weights.indptr[row], weights.indptr[row + 1])
        order = np.argsort(-weights.data[entries], kind="stable")[:n]
        ids, amounts = weights.indices[entries][order], weights.data[entries][order]
        words.append([(view.vocabulary[i], float(amount)) for i, amount in zip(ids, amounts, strict=True)])
    return words


def document_info(view: BaseView, *, frame: str = "pandas") -> Any:
    """The leading topic of each document.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each document: document, topic (the leading one), label, proportion, confidence (calibrated, see
        `label_rows`), second (the next topic), entropy (nats), tokens, text. A document without words has topic -1, no
        confidence, and the proportions of the prior.

    Raises
    ------
    InputError
        If the view has no documents.
    """
    theta = view.require_documents("document_info").theta
    leading = view.leading(theta)
    rows = np.arange(len(theta))
    proportion = theta[rows, leading].astype(np.float64)
    second = np.full(len(rows), -1)
    if len(view.shown) > 1:
        rest = theta.copy()
        rest[rows, leading] = -1
        second = view.leading(rest)
    labels = view.labels
    topic = np.where(view.has_words, leading, -1)
    return frame_of(
        {
            "document": rows,
            "topic": topic,
            "label": [labels[k] if k >= 0 else None for k in topic],
            "proportion": proportion,
            "confidence": np.where(view.has_words, _confidence(view, leading), np.nan),
            "second": np.where(view.has_words, second, -1),
            "entropy": entropy(theta),
            "tokens": view.lengths,
            "text": [text_of(view, row) for row in rows.tolist()],
        },
        frame,
    )


def _confidence(view: BaseView, leading: np.ndarray) -> np.ndarray:
    """Calibrated probability of the leading topic of each document, (n_docs,)."""
    sure = np.empty(len(leading))
    for start in range(0, len(leading), _CHUNK):
        part = slice(start, start + _CHUNK)
        confidence = view.confidence(view.inferred[part], view.counts[part])
        sure[part] = confidence[np.arange(len(confidence)), leading[part]]
    return sure


def entropy(theta: np.ndarray) -> np.ndarray:
    """Entropy of each distribution in nats: (..., n_topics) to (...)."""
    return -(theta * np.log(np.maximum(theta, 1e-30))).sum(axis=-1, dtype=np.float64)


def text_of(view: BaseView, row: int) -> str | None:
    """The text of a document.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    row : int
        Row of the document.

    Returns
    -------
    text : str or None
        The field "text"; without that field, the words joined; None without a corpus.
    """
    if view.corpus is None:
        return None
    if "text" in view.corpus.fields:
        column = view.corpus.fields.column("text")
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        # The array of a field of texts has all texts in memory.
        value = column[row].as_py() if is_text else view.corpus.fields["text"][row]
        return None if value is None else str(value)
    return " ".join(view.corpus.document(int(row)))
