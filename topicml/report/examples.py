"""Example documents of a topic: strong, typical and weak ones, with marked words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.corpus.places import place_of
from topicml.explore import TopicView
from topicml.explore.documents import representative_rows, text_of
from topicml.explore.words import contributions
from topicml.report.excerpts import Excerpt, Surfaces, excerpt, searched
from topicml.report.subject import any_words

N_STRONG, N_TYPICAL, N_WEAK = 4, 3, 3
_LENGTHS = {"strong": 420, "typical": 260, "weak": 260}  # characters of an excerpt, approximately
_MIN_WEIGHT = 1 / 30  # of a marked word, relative to the word that speaks most for the topic


@dataclass(frozen=True)
class Example:
    """An example document on the card of a topic.

    Attributes
    ----------
    row : int
        Row of the document.
    place : str
        Where the document is in its file.
    kind : {"strong", "typical", "weak"}
        ``strong``: a large proportion of the topic. ``typical``: in the middle of the documents that the topic leads.
        ``weak``: the topic leads it by a small margin.
    proportion : float
        Proportion of the topic in the document.
    words : int
        Number of words of the document.
    passage : Excerpt or None
        A passage of the document; None without text.
    """

    row: int
    place: str
    kind: str
    proportion: float
    words: int
    passage: Excerpt | None


def examples_of(view: TopicView, topics: list[int], preprocessor: Any = None) -> dict[int, list[Example]]:
    """Choose examples of topics: four strong, three typical and three weak documents, fewer if there are not enough.

    Parameters
    ----------
    view : TopicView
        The topics.
    topics : list of int
        The topics to choose examples for.
    preprocessor : object, optional
        The corpus's preprocessor, to mark words in raw text.

    Returns
    -------
    examples : dict of int to list of Example
        Examples of each topic, the largest proportion first within a kind; empty lists without documents.
    """
    if not any_words(view):
        return {k: [] for k in topics}
    leading = np.where(view.has_words, view.led_by, -1)
    chosen = {k: _chosen(view, k, np.flatnonzero(leading == k)) for k in topics}
    texts = {row: text_of(view, row) for rows in chosen.values() for row, _ in rows}
    surfaces = Surfaces(preprocessor if view.corpus is not None and "text" in view.corpus.fields else None)
    surfaces.learn(searched(text) for text in texts.values() if text)
    weights = contributions(view.beta, view.mass)
    examples = {}
    for k, rows in chosen.items():
        spoken = _weights(view, weights[k])
        examples[k] = [
            Example(
                row,
                place_of(view.corpus, row),
                kind,
                float(view.theta[row, k]),
                int(view.lengths[row]),
                None if (text := texts[row]) is None else excerpt(text, spoken, surfaces, limit=_LENGTHS[kind]),
            )
            for row, kind in rows
        ]
    return examples


def _chosen(view: TopicView, topic: int, led: np.ndarray) -> list[tuple[int, str]]:
    """Rows of documents and their kinds; within a kind, the largest proportion first."""
    strong = representative_rows(view, topic, N_STRONG)
    proportions = view.theta[:, topic]
    strong.sort(key=lambda row: -proportions[row])
    others = led[~np.isin(led, strong)]
    others = others[np.argsort(-proportions[others], kind="stable")]
    n_weak = min(N_WEAK, len(others))
    lowest = others[len(others) - max(n_weak, len(others) // 10) :]
    weak = lowest[np.unique(np.linspace(0, len(lowest) - 1, n_weak).round().astype(int))] if n_weak else lowest[:0]
    middle = others[~np.isin(others, weak)]
    start = max(0, (len(middle) - N_TYPICAL) // 2)
    kinds = {"strong": strong, "typical": middle[start : start + N_TYPICAL], "weak": weak}
    return [(int(row), kind) for kind, rows in kinds.items() for row in rows]


def _weights(view: TopicView, contributions_of_topic: np.ndarray) -> dict[str, float]:
    """Weights of the words that speak for a topic, relative to the largest weight."""
    largest = contributions_of_topic.max()
    if largest <= 0:  # a topic like the mean of all topics has no specific words
        return {}
    ids = np.flatnonzero(contributions_of_topic >= _MIN_WEIGHT * largest)
    return {view.vocabulary[i]: float(contributions_of_topic[i] / largest) for i in ids}
