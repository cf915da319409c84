"""A row of the list, and a card, for each topic of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.explore import TopicView
from topicml.explore.topics import correlations, similarities
from topicml.explore.words import frex
from topicml.report.charts import Chart
from topicml.report.courses import time_chart
from topicml.report.examples import Example, examples_of
from topicml.report.groups import Groups, Share
from topicml.report.quality import Quality
from topicml.report.subject import any_words
from topicml.report.text import plain

_MAX_FOR_CORRELATION = 1000  # topics; computing correlations copies theta
_MIN_CORRELATION = 0.02  # below, topics do not occur together noticeably
_MAX_CLASSES = 6  # on a card


@dataclass(frozen=True)
class Row:
    """A row of the list of topics.

    Attributes
    ----------
    topic : int
        The topic.
    label : str
        Its label.
    named : bool
        Whether the label was set by hand, or has a phrase.
    words : list of str
        The ten most probable words.
    documents : int or None
        Number of documents that the topic leads; None without documents, as `share` and `mass`.
    share : float or None
        Their share of the documents with words.
    mass : float or None
        Mean topic proportion.
    coherence : float or None
        Coherence of the topic, if it was computed.
    detailed : bool
        Whether the topic has a card.
    """

    topic: int
    label: str
    named: bool
    words: list[str]
    documents: int | None
    share: float | None
    mass: float | None
    coherence: float | None
    detailed: bool


@dataclass(frozen=True)
class Neighbour:
    """Another topic: number, label, and value (similarity of words, or correlation in documents)."""

    topic: int
    label: str
    value: float


@dataclass(frozen=True)
class Card:
    """What the report shows about a topic in its own section.

    Attributes
    ----------
    row : Row
        The topic's row of the list.
    words : list of (str, float, float)
        Most probable words: word, probability, and probability divided by the largest.
    frex : list of str
        Words by frequency and exclusivity.
    documents : list of Example
        Strong, typical and weak documents.
    most_similar : list of Neighbour
        Topics with the most similar words.
    most_correlated : list of Neighbour
        Topics that occur in the same documents.
    classes : list of Share
        Classes in which the topic leads the largest shares of documents.
    further_classes : int
        Number of classes that are not listed.
    over_time : Chart or None
        Shares of documents over time.
    statement : str or None
        Whether the words belong together and tell the documents; None without a corpus.
    """

    row: Row
    words: list[tuple[str, float, float]]
    frex: list[str]
    documents: list[Example]
    most_similar: list[Neighbour]
    most_correlated: list[Neighbour]
    classes: list[Share]
    further_classes: int
    over_time: Chart | None
    statement: str | None = None


def rows_of(view: TopicView, coherence: Mapping[int, float | None] | None, max_topics: int) -> list[Row]:
    """Rows of the list of topics.

    Parameters
    ----------
    view : TopicView
        The topics.
    coherence : mapping of int to float, optional
        Coherence of topics.
    max_topics : int
        Number of topics that have a card.

    Returns
    -------
    rows : list of Row
        The topics that lead most documents first; by number without documents.
    """
    leading = view.leading_counts() if any_words(view) else None
    mass = view.mass if any_words(view) else None
    order = view.shown
    if leading is not None and mass is not None:
        order = sorted(view.shown, key=lambda k: (-leading[k], -mass[k]))
    labels, names = view.labels, view.names
    return [
        Row(
            k,
            plain(labels[k]),
            names[k] is not None,
            [plain(word) for word, _ in view.show_topic(k, 10)],
            None if leading is None else int(leading[k]),
            None if leading is None else float(leading[k] / view.has_words.sum()),
            None if mass is None else float(mass[k]),
            None if coherence is None else coherence.get(k),
            position < max_topics,
        )
        for position, k in enumerate(order)
    ]


def cards_of(
    view: TopicView,
    rows: list[Row],
    classes: Groups | None,
    times: Groups | None,
    *,
    n_words: int = 15,
    preprocessor: Any = None,
    quality: Mapping[int, Quality] | None = None,
) -> list[Card]:
    """Cards of the detailed topics.

    Parameters
    ----------
    view : TopicView
        The topics.
    rows : list of Row
        Rows of the list; those that are `detailed` get a card.
    classes, times : Groups, optional
        Shares of topics in classes and over time.
    n_words : int
        Number of words.
    preprocessor : object, optional
        The corpus's preprocessor, to mark words in raw text.
    quality : mapping of int to Quality, optional
        Quality of topics, for the statement of each card.

    Returns
    -------
    cards : list of Card
        In the order of `rows`.
    """
    detailed = [row for row in rows if row.detailed]
    topics = [row.topic for row in detailed]
    frex_ids = np.argsort(-frex(view.beta)[topics], axis=1, kind="stable")[:, : min(n_words, len(view.vocabulary))]
    similarity = similarities(view.beta)
    correlation = (
        correlations(view.theta_with_words) if any_words(view) and view.n_topics <= _MAX_FOR_CORRELATION else None
    )
    documents = examples_of(view, topics, preprocessor)
    labels = [plain(label) for label in view.numbered_labels]
    cards = []
    for number, row in enumerate(detailed):
        k = row.topic
        words = view.show_topic(k, n_words)
        largest = words[0][1] or 1.0
        shares = classes.shares.get(k, []) if classes is not None else []
        cards.append(
            Card(
                row,
                [(plain(word), p, p / largest) for word, p in words],
                [plain(view.vocabulary[i]) for i in frex_ids[number]],
                documents[k],
                _nearest(view, labels, k, similarity[k]),
                []
                if correlation is None
                else [n for n in _nearest(view, labels, k, correlation[k]) if n.value > _MIN_CORRELATION],
                shares[:_MAX_CLASSES],
                max(0, len(shares) - _MAX_CLASSES),
                None if times is None or k not in times.shares else time_chart(labels[k], times.name, times.shares[k]),
                quality[k].statement if quality is not None and k in quality else None,
            )
        )
    return cards


def _nearest(view: TopicView, labels: list[str], topic: int, values: np.ndarray, n: int = 3) -> list[Neighbour]:
    others = [k for k in view.shown if k != topic and np.isfinite(values[k])]
    return [Neighbour(k, labels[k], float(values[k])) for k in sorted(others, key=lambda k: -values[k])[:n]]
