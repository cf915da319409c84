"""Whether the words of a topic belong together, and whether they tell its documents: a statement for each topic."""

from dataclasses import dataclass

import numpy as np

from topicml.explore import TopicView
from topicml.metrics import Reference, document_coverage, topic_document_agreement, word_meetings
from topicml.report.subject import any_words
from topicml.report.text import count, number, percent

CLEAR = 0.85
"""Agreement of words and documents below which a topic is called mixed. Of topics that are one subject, few are below:
benchmarks/results/advice.md has the numbers."""

FEW = 10
"""Documents that a topic must lead for a statement on them."""


@dataclass(frozen=True)
class Quality:
    """What can be said of a topic.

    Attributes
    ----------
    verdict : str
        As in `topicml.metrics.Meetings`.
    mixed : bool
        Whether its first words tell badly which documents it leads.
    statement : str
        Both in words.
    """

    verdict: str
    mixed: bool
    statement: str


def quality_of(view: TopicView, topn: int = 10) -> dict[int, Quality]:
    """Judge the shown topics on the documents of the view.

    Parameters
    ----------
    view : TopicView
        The topics.
    topn : int
        First words to judge.

    Returns
    -------
    dict
        Topic to its quality; empty without a corpus.
    """
    topn = min(topn, len(view.vocabulary))
    if view.corpus is None or view.corpus.n_docs < 2 or not any_words(view) or topn < 2:
        return {}
    reference = Reference(view.corpus)
    topics = [[word for word, _ in view.show_topic(k, topn)] for k in view.shown]
    meetings = word_meetings(topics, reference, topn)
    theta = view.theta[:, view.shown]
    agreement = topic_document_agreement(topics, reference, theta, topn).per_topic
    coverage = document_coverage(topics, reference, theta, topn).per_topic
    led = view.leading_counts()[view.shown]
    assert agreement is not None and coverage is not None
    result = {}
    for i, k in enumerate(view.shown):
        verdict = meetings.verdicts[i]
        is_mixed = bool(led[i] >= FEW and agreement[i] < CLEAR)
        limits = tuple(float(each[i]) for each in (meetings.ratio, meetings.low, meetings.high))
        parts = [_on_words(verdict, limits, float(meetings.observed[i]), float(meetings.expected[i]))]
        if led[i] >= FEW and np.isfinite(agreement[i]):
            parts.append(_on_documents(is_mixed, float(agreement[i]), 1 - float(coverage[i])))
        result[k] = Quality(verdict, is_mixed, " ".join(parts))
    return result


def _on_words(verdict: str, limits: tuple[float, float, float], observed: float, expected: float) -> str:
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


def _on_documents(is_mixed: bool, agreement: float, without: float) -> str:
    said = "Its first words do not tell its documents well" if is_mixed else "Its first words tell its documents"
    return (
        f"{said}: a document of the topic ranks before another one in {percent(agreement)} of comparisons (50% is "
        f"chance), and {percent(without)} of its documents have none of these words."
    )
