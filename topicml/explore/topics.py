"""Topics as a whole: sizes, similarities, and the topics nearest to a query."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.view_documents import counts_of

_CHUNK = 65_536  # documents at a time


def topic_sizes(view: BaseView, *, frame: str = "pandas") -> Any:
    """Sizes of the shown topics.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each topic: topic, label, documents (number that it leads), share (of documents with words), mass
        (mean of theta), tokens (mean of theta weighted by document length). mass and tokens sum to 1 over all topics.
        Documents without words lead no topic.

    Raises
    ------
    InputError
        If the view has no documents.
    """
    theta = view.require_documents("topic_sizes").theta
    lengths = view.lengths.astype(np.float64)
    leading = view.leading_counts()
    mass = view.require_mass("topic_sizes")
    tokens = lengths @ theta / max(lengths.sum(), 1)
    shown, labels = view.shown, view.labels
    return frame_of(
        {
            "topic": shown,
            "label": [labels[k] for k in shown],
            "documents": leading[shown],
            "share": leading[shown] / max(view.has_words.sum(), 1),
            "mass": mass[shown],
            "tokens": tokens[shown],
        },
        frame,
    )


def similarities(beta: np.ndarray, measure: str = "hellinger") -> np.ndarray:
    """Similarities of word distributions.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Rows sum to 1.
    measure : {"hellinger", "cosine", "jensen_shannon"}
        1 - Hellinger distance; cosine; 1 - Jensen-Shannon divergence in bits.

    Returns
    -------
    similarities : ndarray, (n_topics, n_topics)
        Between 0 and 1; 1 on the diagonal.

    Raises
    ------
    InputError
        If `measure` is unknown.
    """
    if measure == "hellinger":
        root = np.sqrt(beta)
        values = 1 - np.sqrt(np.clip(1 - root @ root.T, 0, None))
    elif measure == "cosine":
        unit = beta / np.linalg.norm(beta, axis=1, keepdims=True)
        values = unit @ unit.T
    elif measure == "jensen_shannon":
        from scipy.spatial.distance import pdist, squareform

        values = 1 - squareform(pdist(beta, "jensenshannon") ** 2 / np.log(2))
    else:
        raise InputError(f"measure={measure!r} is unknown. Choose hellinger, cosine or jensen_shannon.")
    np.fill_diagonal(values, 1.0)
    return values


def topic_similarity(view: BaseView, measure: str = "hellinger", *, frame: str = "pandas") -> Any:
    """Pairs of shown topics by the similarity of their words.

    Parameters
    ----------
    view : TopicView
        The topics.
    measure : {"hellinger", "cosine", "jensen_shannon"}
        As in `similarities`.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each pair, most similar first: topic, other, similarity.

    Raises
    ------
    InputError
        If `measure` is unknown.
    """
    return _pairs(view, similarities(view.beta, measure), "similarity", frame)


def topic_correlation(view: BaseView, *, frame: str = "pandas") -> Any:
    """Pairs of shown topics by Pearson's correlation of their columns of theta, over the documents with words.

    Proportions sum to 1, so unrelated topics correlate slightly below 0 (Aitchison 1986).

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each pair, highest first: topic, other, correlation; NaN for a topic that is constant.

    Raises
    ------
    InputError
        If the view has no documents.
    """
    view.require_documents("topic_correlation")
    return _pairs(view, correlations(view.theta_with_words), "correlation", frame)


def correlations(theta: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the columns of theta (n_docs, n_topics): (n_topics, n_topics)."""
    mean = theta.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((theta.shape[1], theta.shape[1]))
    for begin in range(0, len(theta), _CHUNK):  # a copy of some documents at a time
        centred = theta[begin : begin + _CHUNK] - mean
        covariance += centred.T @ centred
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.outer(spread, spread) > 0, covariance / np.outer(spread, spread), np.nan)


def nearest_topics(
    view: BaseView,
    n: int = 5,
    *,
    words: Sequence[str] | None = None,
    text: str | None = None,
    document: int | None = None,
    topic: int | None = None,
    frame: str = "pandas",
) -> Any:
    """The shown topics nearest to a query.

    Parameters
    ----------
    view : TopicView
        The topics. `words` needs documents or `mass`, `document` needs documents.
    n : int
        Number of topics at most.
    words : sequence of str
        Score: the mean of p(topic | word), with topics weighted by their mass.
    text : str
        Score: theta of this text. The model must have a preprocessor for raw text.
    document : int
        Score: theta of this row of the documents.
    topic : int
        Score: the Hellinger similarity to this topic, which is left out.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each topic, best first: topic, label, score.

    Raises
    ------
    InputError
        Unless exactly one query is given; if a word, document or topic is unknown, a text or document has no known
        word, or documents are needed and the view has none.
    """
    if sum(query is not None for query in (words, text, document, topic)) != 1 or n < 1:
        raise InputError("Pass one of words, text, document or topic, and n of at least 1.")
    candidates = view.shown
    if words is not None:
        joint = view.require_mass("nearest_topics(words=...)")[:, None] * view.beta[:, view.word_ids(words)]
        total = joint.sum(axis=0)
        scores = (joint / np.where(total > 0, total, 1)).mean(axis=1)
    elif text is not None:
        if not counts_of(view.model, [text]).nnz:
            raise InputError(f"The text {text[:60]!r} has no known word, so it has no topic.")
        scores = view.transform([text])[0]
    elif document is not None:
        theta = view.require_documents("nearest_topics(document=...)").theta
        if not 0 <= document < len(theta):
            raise InputError(f"There is no document {document}; documents are 0 to {len(theta) - 1}.")
        if not view.has_words[document]:
            raise InputError(f"Document {document} has no known word, so it has no topic.")
        scores = theta[document]
    else:
        query_topic = view.topic(topic)  # type: ignore[arg-type]
        scores = similarities(view.beta)[query_topic]
        candidates = [k for k in candidates if k != query_topic]
    order = sorted(candidates, key=lambda k: -scores[k])[:n]
    labels = view.labels
    return frame_of(
        {"topic": order, "label": [labels[k] for k in order], "score": [float(scores[k]) for k in order]}, frame
    )


def _pairs(view: BaseView, values: np.ndarray, name: str, frame: str) -> Any:
    """Pairs of shown topics as a table, largest values first, NaN last."""
    shown = view.shown
    pairs = [(i, j, float(values[i, j])) for number, i in enumerate(shown) for j in shown[number + 1 :]]
    pairs.sort(key=lambda pair: (np.isnan(pair[2]), -pair[2]))
    columns = list(zip(*pairs, strict=True)) or [(), (), ()]
    return frame_of({"topic": list(columns[0]), "other": list(columns[1]), name: list(columns[2])}, frame)
