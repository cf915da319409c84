"""Statements on each topic: whether its first words belong together, and whether they describe its documents."""

from dataclasses import dataclass

import numpy as np

from topicml.explore import TopicView
from topicml.metrics import (
    Reference,
    beyond_first_words,
    leading_counts,
    topic_document_agreement,
    word_meetings,
)
from topicml.report.boilerplate import boilerplate_shares
from topicml.report.sampling import Judged
from topicml.report.text import count, number, percent

ALIKE = 0.87
"""With `beyond_first_words` below this, the documents of a topic have too little in common: the topic is mixed. Chosen
on StackOverflow with 20 and 30 topics, and judged on other corpora: benchmarks/results/flags.md."""

TOLD = 0.65
"""With `topic_document_agreement` below this, the first words do not describe the documents of a topic."""

FEW = 30
"""Smallest number of documents for a statement on the documents of a topic; with fewer, it is too uncertain."""


@dataclass(frozen=True)
class Quality:
    """The quality of a topic.

    Attributes
    ----------
    verdict : str
        As in `topicml.metrics.Meetings`.
    mixed : bool
        Whether its documents have little in common except its first words.
    described : bool
        Whether its first words describe its documents.
    boilerplate : bool
        Whether many of its documents are copies of one block of words, such as a footer or a template.
    statement : str
        The verdict, and the statement on its documents, as text.
    """

    verdict: str
    mixed: bool
    described: bool
    boilerplate: bool
    statement: str


def quality_of(view: TopicView, topn: int = 10, *, judged: Judged | None = None) -> dict[int, Quality]:
    """Judge the shown topics on the documents of the view.

    Parameters
    ----------
    view : TopicView
        The topics.
    topn : int
        Number of first words to judge.
    judged : Judged, optional
        The documents to judge on; by default all.

    Returns
    -------
    dict of int to Quality
        The quality of each topic; empty without a corpus.
    """
    topn = min(topn, len(view.vocabulary))
    judged = judged or Judged.of(view)
    if judged is None or judged.corpus.n_docs < 2 or not judged.has_words.any() or topn < 2:
        return {}
    reference = Reference(judged.corpus)
    topics = [[word for word, _ in view.show_topic(k, topn)] for k in view.shown]
    meetings = word_meetings(topics, reference, topn)
    theta, has_words = judged.theta, judged.has_words
    agreement = topic_document_agreement(topics, reference, theta, topn, has_words=has_words).per_topic
    alike = beyond_first_words(topics, reference, theta, topn, has_words=has_words).per_topic
    copies = boilerplate_shares(topics, reference, theta, topn, has_words)
    led = leading_counts(theta[has_words])
    assert agreement is not None and alike is not None
    result = {}
    for i, k in enumerate(view.shown):
        verdict = meetings.verdicts[i]
        limits = tuple(float(each[i]) for each in (meetings.ratio, meetings.low, meetings.high))
        parts = [_on_words(verdict, limits, float(meetings.observed[i]), float(meetings.expected[i]))]
        is_mixed, is_described = False, True
        if led[i] >= FEW and np.isfinite(agreement[i]) and np.isfinite(alike[i]):
            is_mixed, is_described = bool(alike[i] < ALIKE), bool(agreement[i] >= TOLD)
            parts.append(_on_documents(float(agreement[i]), float(alike[i])))
        if copies[i]:
            parts.append(
                f"They are probably boilerplate (a footer, a header, a template): nearly all of them stand together in "
                f"{percent(float(copies[i]))} of its documents, each as often as in the others."
            )
        result[k] = Quality(verdict, is_mixed, is_described, bool(copies[i]), " ".join(parts))
    return result


def _on_words(verdict: str, limits: tuple[float, ...], observed: float, expected: float) -> str:
    ratio, low, high = limits
    if verdict == "unknown":
        return (
            f"Too few documents to tell whether its first words belong together: they meet {count(observed)} "
            f"{'time' if observed == 1 else 'times'}, and {number(expected)} would be expected by chance."
        )
    interval = f"({number(ratio)} times as often; 95% interval {number(low)} to {number(high)})"
    said = {
        "together": "more often than by chance",
        "chance": "about as often as by chance",
        "apart": "more rarely than by chance",
    }[verdict]
    return f"Its first words meet in documents {said} {interval}."


def _on_documents(agreement: float, alike: float) -> str:
    said = "have little else in common" if alike < ALIKE else "have other words in common as well"
    text = (
        f"Its documents {said}: without the first words, a document of the topic is recognised among two in "
        f"{percent(alike)} of comparisons (50% is chance)."
    )
    if agreement < TOLD:
        text += f" The first words describe few of them: with these alone, it is recognised in {percent(agreement)}."
    return text
