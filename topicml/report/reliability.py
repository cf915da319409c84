"""A diagram that shows whether confidences are right as often as they say."""

from dataclasses import dataclass
from typing import Any

from topicml import explore
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.report.subject import any_words
from topicml.report.text import count, percent

SIZE, _LEFT, _TOP = 260.0, 46.0, 10.0  # user units: side of the square, and its place
_FAIR = 0.05  # mean difference of confidence and share that is called small


@dataclass(frozen=True)
class Point:
    """Documents of similar confidence: place in user units, ends of the interval, and radius."""

    x: float
    y: float
    low: float
    high: float
    radius: float


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: its points, a sentence on the result, what right means, and a description."""

    points: list[Point]
    sentence: str
    meaning: str
    description: str


_OF_HALVES = (
    "The words of each document are split into two halves; one is right if the other has the same leading topic."
)
_OF_LABELS = "A document is right if it has the most frequent label ({field}) of the documents of its topic."


def reliability_of(view: TopicView) -> Reliability | None:
    """The reliability diagram of a view's confidences: by the labels that it is calibrated to, or else by halves.

    None if there are no documents, or the confidences cannot be checked with the model and the documents.
    """
    if view.corpus is None or not any_words(view):
        return None
    field = getattr(view.calibration, "field", None)
    try:
        if field is None:
            return drawn(explore.reliability(view), _OF_HALVES)
        return drawn(explore.reliability(view, field), _OF_LABELS.format(field=field))
    except InputError:  # another package's model, no such field, or too few words to divide in halves
        return None


def drawn(table: Any, meaning: str) -> Reliability:
    """Lay out a reliability diagram.

    Parameters
    ----------
    table : DataFrame
        A row for each bin: documents, confidence (mean), right (share), low and high (its interval).
    meaning : str
        When a document is right, as a sentence.

    Returns
    -------
    reliability : Reliability
    """
    rows = table.to_dict("records")
    largest = max(row["documents"] for row in rows)
    total = sum(row["documents"] for row in rows)
    error = sum(row["documents"] * abs(row["right"] - row["confidence"]) for row in rows) / total
    bias = sum(row["documents"] * (row["confidence"] - row["right"]) for row in rows) / total
    points = [
        Point(
            round(_LEFT + SIZE * row["confidence"], 1),
            _height(row["right"]),
            _height(row["low"]),
            _height(row["high"]),
            round(2.5 + 5 * (row["documents"] / largest) ** 0.5, 1),
        )
        for row in rows
    ]
    if error <= _FAIR:
        verdict = "so a confidence of 80% is right in about 8 of 10 documents"
    else:
        verdict = f"and they are mostly too {'high' if bias > 0 else 'low'}: read them as an order, not as percentages"
    sentence = f"Confidences differ from the share that is right by {percent(error)} on average, {verdict}."
    bins = "; ".join(
        f"confidence {percent(row['confidence'])}: {percent(row['right'])} of {count(row['documents'])}" for row in rows
    )
    return Reliability(points, sentence, meaning, f"Right by confidence. {bins}.")


def _height(share: float) -> float:
    return round(_TOP + SIZE * (1 - share), 1)
