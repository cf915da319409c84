"""What the report says of each topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.explore import TopicView
from topicml.explore.documents import representative_rows, text_of
from topicml.explore.steps import words_of_topic
from topicml.explore.topics import correlations, similarities
from topicml.explore.words import frex
from topicml.report.charts import Chart, line_chart, spread_ticks
from topicml.report.excerpts import Excerpt, Surfaces, excerpt, searched
from topicml.report.groups import Groups, Share
from topicml.report.subject import any_words
from topicml.report.text import percent, plain

_MOST_FOR_CORRELATION = 1000  # topics; the matrix of theta is copied for it


@dataclass(frozen=True)
class Row:
    """A line of the list of topics: number, label, words, share of documents, mass, documents, coherence."""

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
class Document:
    """A document that stands for a topic: row, proportion, number of words, and its passage (None: no text)."""

    row: int
    proportion: float
    words: int
    passage: Excerpt | None


@dataclass(frozen=True)
class Neighbour:
    """Another topic: number, label, value (likeness of words, or correlation in documents)."""

    topic: int
    label: str
    value: float


@dataclass(frozen=True)
class Card:
    """All that is said of a topic beside its line of the list.

    ``words`` are (word, probability, share of the largest) and ``frex`` words by frequency and exclusivity.
    """

    row: Row
    words: list[tuple[str, float, float]]
    frex: list[str]
    documents: list[Document]
    likest: list[Neighbour]
    together: list[Neighbour]
    classes: list[Share]
    further_classes: int
    over_time: Chart | None


def rows_of(view: TopicView, coherence: Mapping[int, float | None] | None, max_topics: int) -> list[Row]:
    """Lines of the list, the largest topics first; by number where there are no documents."""
    leading = view.leading_counts() if any_words(view) else None
    mass = view.mass if any_words(view) else None
    order = view.shown if mass is None else sorted(view.shown, key=lambda k: -mass[k])
    labels = view.labels
    return [
        Row(
            k,
            plain(labels[k]),
            view.given_labels[k] is not None,
            [plain(word) for word, _ in view.show_topic(k, 10)],
            None if leading is None else int(leading[k]),
            None if leading is None else float(leading[k] / view.has_words.sum()),
            None if mass is None else float(mass[k]),
            None if coherence is None else coherence.get(k),
            place < max_topics,
        )
        for place, k in enumerate(order)
    ]


def cards_of(
    view: TopicView,
    rows: list[Row],
    classes: Groups | None,
    times: Groups | None,
    *,
    n_words: int = 15,
    n_documents: int = 3,
    preprocessor: Any = None,
) -> list[Card]:
    """Cards of the detailed topics, in the order of the list."""
    detailed = [row for row in rows if row.detailed]
    topics = [row.topic for row in detailed]
    exclusive = np.argsort(-frex(view.beta)[topics], axis=1, kind="stable")[:, : min(n_words, len(view.vocabulary))]
    likeness = similarities(view.beta)
    correlated = correlations(view.theta) if any_words(view) and view.n_topics <= _MOST_FOR_CORRELATION else None
    documents = _documents(view, topics, n_documents, preprocessor)
    labels = [plain(label) for label in view.labels]
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
                [plain(view.vocabulary[i]) for i in exclusive[number]],
                documents[k],
                _nearest(view, labels, k, likeness[k]),
                [] if correlated is None else [n for n in _nearest(view, labels, k, correlated[k]) if n.value > 0.02],
                shares[:8],
                max(0, len(shares) - 8),
                None if times is None else _course(row.label, times.called, times.shares.get(k, [])),
            )
        )
    return cards


def _documents(view: TopicView, topics: list[int], n: int, preprocessor: Any) -> dict[int, list[Document]]:
    if not any_words(view):
        return {k: [] for k in topics}
    chosen = {k: representative_rows(view, k, n) for k in topics}
    texts = {row: text_of(view, row) for rows in chosen.values() for row in rows}
    surfaces = Surfaces(preprocessor if view.corpus is not None and "text" in view.corpus.fields else None)
    surfaces.learn(searched(text) for text in texts.values() if text)
    found: dict[int, list[Document]] = {}
    for k, rows in chosen.items():
        driven = words_of_topic(k, view.beta, view.theta[rows], view.counts[rows])
        found[k] = []
        for number, row in enumerate(rows):
            entries = slice(driven.indptr[number], driven.indptr[number + 1])
            order = np.argsort(-driven.data[entries], kind="stable")[:12]
            ids, amounts = driven.indices[entries][order], driven.data[entries][order]
            weights = {view.vocabulary[i]: float(w) for i, w in zip(ids, amounts, strict=True) if w > 0.05}
            text = texts[row]
            passage = None if text is None else excerpt(text, weights, surfaces)
            found[k].append(Document(row, float(view.theta[row, k]), int(view.counts[row].sum()), passage))
    return found


def _nearest(view: TopicView, labels: list[str], topic: int, values: np.ndarray, n: int = 3) -> list[Neighbour]:
    others = [k for k in view.shown if k != topic and np.isfinite(values[k])]
    return [Neighbour(k, labels[k], float(values[k])) for k in sorted(others, key=lambda k: -values[k])[:n]]


def _course(label: str, field: str, shares: list[Share]) -> Chart | None:
    if not shares:
        return None
    values = [share.value for share in shares]
    peak = max(shares, key=lambda share: share.value)
    told = (
        f"Share of documents that the topic leads, with 95% intervals, from {shares[0].group} to {shares[-1].group}. "
        f"From {percent(values[0])} to {percent(values[-1])}; the most is {percent(peak.value)} at {peak.group}."
    )
    return line_chart(
        f"Over time: {label}",
        told,
        [(label, values)],
        x_ticks=spread_ticks([share.group for share in shares], 3),
        x_name=plain(field),
        y_name="share of documents",
        bands=[([share.low for share in shares], [share.high for share in shares])],
        from_zero=True,
        height=170,
        as_percent=True,
    )
