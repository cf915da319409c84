"""The summary of a report: what the documents are about, what changed, and what to doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from topicml.explore import TopicView
from topicml.report.cards import Row
from topicml.report.courses import Courses
from topicml.report.overview import Caution
from topicml.report.subject import any_words
from topicml.report.text import count, percent

_N_LARGEST, _N_CHANGES, _N_DOUBTS = 3, 3, 3
_UNCLEAR = 0.5  # a leading topic with a smaller proportion is not clearly the topic of a document
_EVEN = 1.5  # largest ratio of the largest topic to the median one at which no topic stands out
_MANY_UNCLEAR = 0.1  # smallest share of such documents to mention


@dataclass(frozen=True)
class Piece:
    """A piece of a sentence; with an anchor, it is a link to that part of the page."""

    text: str
    anchor: str | None = None


Paragraph = list[Piece]


def summary_of(
    view: TopicView,
    rows: Sequence[Row],
    names: Mapping[int, str],
    courses: Courses | None,
    cautions: Sequence[Caution],
) -> list[Paragraph]:
    """Plain sentences on the corpus, its largest topics, the largest changes, and doubts.

    Parameters
    ----------
    view : TopicView
        The topics.
    rows : sequence of Row
        Rows of the list of topics, the largest first.
    names : mapping of int to str
        Names of topics.
    courses : Courses, optional
        Changes over time.
    cautions : sequence of Caution
        The findings of the checks.

    Returns
    -------
    paragraphs : list of list of Piece
        Empty without documents.
    """
    if not any_words(view) or not rows:
        return []
    paragraphs = [_about(view, rows, names, courses)]
    if courses is not None:
        paragraphs.append(_changed(courses, names))
    return [*paragraphs, _doubts(view, cautions)]


def unclear_share(view: TopicView) -> float:
    """Share of documents (with words) whose leading topic has a proportion below one half."""
    return float((view.shown_theta.max(axis=1) < _UNCLEAR).mean())


def _about(view: TopicView, rows: Sequence[Row], names: Mapping[int, str], courses: Courses | None) -> Paragraph:
    n_docs = len(view.has_words)
    length = float(np.median(view.lengths[view.has_words]))
    start = (
        f"This page sorts {count(n_docs)} {'document' if n_docs == 1 else 'documents'} (a typical one has {length:g} "
    )
    start += "word" if length == 1 else "words"
    start += " of the vocabulary)"
    if courses is not None:
        start += f" from {courses.first} to {courses.last}"
    start += f" into {count(len(rows))} {'topic' if len(rows) == 1 else 'topics'} by their words."
    largest = sorted(rows, key=lambda row: -(row.share or 0))[:_N_LARGEST]
    if len(rows) == 1:
        return [Piece(f"{start} The topic is "), _named(names, rows[0].topic), Piece(".")]
    median = float(np.median([row.share or 0 for row in rows]))
    is_even = len(rows) > _N_LARGEST and (largest[0].share or 0) <= _EVEN * median
    start += " None stands out by its size; the largest" if is_even else " The largest"
    pieces = [Piece(f"{start} {'topic is' if len(largest) == 1 else 'topics are'} ")]
    for i, row in enumerate(largest):
        share = f" ({percent(row.share)} of the documents)" if i == 0 else f" ({percent(row.share)})"
        pieces += [_named(names, row.topic), Piece(share)]
        pieces.append(Piece("." if i == len(largest) - 1 else " and " if i == len(largest) - 2 else ", "))
    if len(rows) > _N_LARGEST:
        together = sum(row.share or 0 for row in largest)
        pieces.append(
            Piece(
                f" Together they lead {percent(together)}; the other {count(len(rows) - len(largest))} share the rest."
            )
        )
    return pieces


def _changed(courses: Courses, names: Mapping[int, str]) -> Paragraph:
    if not courses.changes:
        return [Piece(f"Over time ({courses.field}), no topic changed by more than chance alone could make.")]
    first, *others = courses.changes[:_N_CHANGES]
    pieces = [
        Piece("Over time, the largest change is that of "),
        _named(names, first.topic),
        Piece(f": it {first.sentence}."),
    ]
    for i, change in enumerate(others):
        pieces += [
            Piece(" Next come " if i == 0 and len(others) > 1 else " Next comes " if i == 0 else " and "),
            _named(names, change.topic),
        ]
        pieces.append(Piece(f" ({change.short})"))
    return [*pieces, Piece("." if others else ""), Piece(" "), Piece("All changes", "changes")]


def _doubts(view: TopicView, cautions: Sequence[Caution]) -> Paragraph:
    unclear = unclear_share(view)
    doubts = [caution.title[0].lower() + caution.title[1:] for caution in cautions[:_N_DOUBTS]]
    if unclear >= _MANY_UNCLEAR:
        doubts.append(
            f"in {percent(unclear)} of the documents no topic has half of the text, so sizes of topics are approximate"
        )
    advice = "A topic is only a list of words: read some of its documents."
    start = f"What to doubt: {'; '.join(doubts)}." if doubts else "No check found a fault."
    return [Piece(f"{start} {advice} "), Piece("Doubts and scores", "trust")]


def _named(names: Mapping[int, str], topic: int) -> Piece:
    """A topic's name as a link, in quotation marks because a name of several words has commas."""
    return Piece(f"“{names[topic]}”", f"topic-{topic}")
