"""Topics as a whole: sizes, likeness, and the nearest to a query."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.frames import frame_of

if TYPE_CHECKING:
    from topicml.explore.view import TopicView


def topic_sizes(view: "TopicView", *, frame: str = "pandas") -> Any:
    """How large topics are: topic, label, documents (that it leads), share of documents, mass, tokens.

    ``mass`` is the mean of theta, ``tokens`` that weighted by documents' lengths; each sums to 1 over all topics.
    Documents without words lead no topic.
    """
    lengths = np.asarray(view.counts.sum(axis=1), dtype=np.float64).ravel()
    held = lengths > 0
    leading = np.bincount(view.leading(view.theta[held]), minlength=view.n_topics)
    mass = view.theta.mean(axis=0, dtype=np.float64)
    tokens = lengths @ view.theta / max(lengths.sum(), 1)
    shown, labels = view.shown, view.labels
    return frame_of(
        {
            "topic": shown,
            "label": [labels[k] for k in shown],
            "documents": leading[shown],
            "share": leading[shown] / max(held.sum(), 1),
            "mass": mass[shown],
            "tokens": tokens[shown],
        },
        frame,
    )


def similarities(beta: np.ndarray, measure: str = "hellinger") -> np.ndarray:
    """Likeness of word distributions, (n_topics, n_topics), 1 on the diagonal, between 0 and 1.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Rows sum to 1.
    measure : {"hellinger", "cosine", "jensen_shannon"}
        1 - Hellinger distance; cosine; 1 - Jensen-Shannon divergence in bits.

    Raises
    ------
    InputError
        If `measure` is unknown.
    """
    if measure == "hellinger":
        root = np.sqrt(beta)
        found = 1 - np.sqrt(np.clip(1 - root @ root.T, 0, None))
    elif measure == "cosine":
        unit = beta / np.linalg.norm(beta, axis=1, keepdims=True)
        found = unit @ unit.T
    elif measure == "jensen_shannon":
        from scipy.spatial.distance import pdist, squareform

        found = 1 - squareform(pdist(beta, "jensenshannon") ** 2 / np.log(2))
    else:
        raise InputError(f"measure={measure!r} is unknown. Choose hellinger, cosine or jensen_shannon.")
    np.fill_diagonal(found, 1.0)
    return found


def topic_similarity(view: "TopicView", measure: str = "hellinger", *, frame: str = "pandas") -> Any:
    """Pairs of topics by the likeness of their words, likest first: topic, other, similarity."""
    return _pairs(view, similarities(view.beta, measure), "similarity", frame)


def topic_correlation(view: "TopicView", *, frame: str = "pandas") -> Any:
    """Pairs of topics by Pearson's correlation of their columns of theta, highest first: topic, other, correlation.

    Proportions sum to 1, so unrelated topics correlate a little below 0 (Aitchison 1986). NaN for a constant topic.
    """
    return _pairs(view, correlations(view.theta), "correlation", frame)


def correlations(theta: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the columns of theta, (n_topics, n_topics)."""
    centred = theta - theta.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.outer(spread, spread) > 0, covariance / np.outer(spread, spread), np.nan)


def nearest_topics(
    view: "TopicView",
    n: int = 5,
    *,
    words: Sequence[str] | None = None,
    text: str | None = None,
    document: int | None = None,
    topic: int | None = None,
    frame: str = "pandas",
) -> Any:
    """The topics nearest to a query, best first: topic, label, score.

    Parameters
    ----------
    n : int
        How many at most.
    words : sequence of str
        Score: the mean of p(topic | word), topics weighted by their mass.
    text : str
        Score: theta of this text; the model must know how to treat raw text.
    document : int
        Score: theta of this row.
    topic : int
        Score: the likeness of its words (Hellinger); the topic itself is left out.

    Raises
    ------
    InputError
        Unless one query is given, or if a word, document or topic is unknown.
    """
    if sum(query is not None for query in (words, text, document, topic)) != 1 or n < 1:
        raise InputError("Give one of words, text, document or topic, and n of at least 1.")
    left = view.shown
    if words is not None:
        joint = view.theta.mean(axis=0, dtype=np.float64)[:, None] * view.beta[:, view.word_ids(words)]
        total = joint.sum(axis=0)
        scores = (joint / np.where(total > 0, total, 1)).mean(axis=1)
    elif text is not None:
        scores = view.transform([text])[0]
    elif document is not None:
        if not 0 <= document < len(view.theta):
            raise InputError(f"There is no document {document}; documents are 0 to {len(view.theta) - 1}.")
        scores = view.theta[document]
    else:
        chosen = view.topic(topic)  # type: ignore[arg-type]
        scores = similarities(view.beta)[chosen]
        left = [k for k in left if k != chosen]
    order = sorted(left, key=lambda k: -scores[k])[:n]
    labels = view.labels
    return frame_of(
        {"topic": order, "label": [labels[k] for k in order], "score": [float(scores[k]) for k in order]}, frame
    )


def _pairs(view: "TopicView", values: np.ndarray, name: str, frame: str) -> Any:
    shown = view.shown
    found = [(i, j, float(values[i, j])) for number, i in enumerate(shown) for j in shown[number + 1 :]]
    found.sort(key=lambda pair: (np.isnan(pair[2]), -pair[2]))
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return frame_of({"topic": list(columns[0]), "other": list(columns[1]), name: list(columns[2])}, frame)
