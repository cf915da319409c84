"""Labelled rows: the topic of each document, how sure it is, and what to know about it.

One rule for all surfaces: a document without a word of the model's vocabulary has no topic (`NO_TOPIC`), whatever its
theta; the proportions of such a document are those of the prior and say nothing about it.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from topicml.checks import require
from topicml.errors import InputError, TopicWarning
from topicml.settings import is_number

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

NO_TOPIC = -1
"""The topic of a document without known words, and of one that is less sure than asked for."""

UNCLEAR = "unclear"
"""Label of a document whose confidence is below `min_confidence`."""

COLUMNS = ("topic", "label", "confidence", "second_topic", "unknown_share", "note")
"""The columns that labelled rows add to the columns of the documents, in this order."""

PREDICTED = "predicted_"
"""Begins the name of the column of a predicted response: ``predicted_rating``."""

_DIGITS = 4  # of confidence and unknown_share
_LABEL_WORDS = 4  # of an automatic label
LABEL_CANDIDATES = 10
"""First words of each topic that `automatic_labels` needs."""
_LONGEST = 60  # characters of a word or phrase in an automatic label: a token may have any length
_FEW = 3  # known words below which the topics of a document are unreliable


@dataclass(frozen=True)
class LabelledRows:
    """The topics of documents, as columns; row i is document i.

    Attributes
    ----------
    topic : ndarray of int64, (n_docs,)
        The leading topic; -1 for a document without known words, and for one that is not sure enough.
    label : list of str or None
        Label of the topic; ``unclear`` for a document below the smallest confidence; None without a known word.
    confidence : ndarray of float64, (n_docs,)
        Calibrated probability of the leading topic; NaN without known words.
    second_topic : ndarray of int64, (n_docs,)
        The topic with the second largest proportion; -1 if there is none.
    unknown_share : ndarray of float64, (n_docs,)
        Share of the document's words that are not in the model's vocabulary; NaN for a document without words.
    note : list of str
        Why to doubt the row; empty if there is no reason.
    """

    topic: "np.ndarray"
    label: list[str | None]
    confidence: "np.ndarray"
    second_topic: "np.ndarray"
    unknown_share: "np.ndarray"
    note: list[str]

    def columns(self) -> dict[str, Any]:
        """The columns by name, in the order of `COLUMNS`."""
        return {name: getattr(self, name) for name in COLUMNS}

    @classmethod
    def joined(cls, parts: "Sequence[Self]") -> "Self":
        """The rows of several parts, one after the other."""
        import numpy as np

        return cls(
            np.concatenate([part.topic for part in parts]),
            list(chain.from_iterable(part.label for part in parts)),
            np.concatenate([part.confidence for part in parts]),
            np.concatenate([part.second_topic for part in parts]),
            np.concatenate([part.unknown_share for part in parts]),
            list(chain.from_iterable(part.note for part in parts)),
        )


def predicted_columns(model: Any, documents: Any, counts: "csr_matrix") -> dict[str, Any]:
    """The predicted response of documents, as a column to add to their labelled rows.

    Parameters
    ----------
    model : TopicModel
        Fitted.
    documents : Corpus
        The documents, as `transform` takes them.
    counts : csr_matrix, (n_docs, n_words)
        Their counts of the words of the model.

    Returns
    -------
    dict of str to sequence
        ``predicted_`` and the field, to levels as text (None without a known word) or numbers (NaN without one); empty
        if the model has no response.
    """
    import numpy as np

    linear = getattr(model, "response_", None)
    if linear is None:
        return {}
    has_words = np.diff(counts.indptr) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # `transform` has warned of the same documents
        values = model.predict_response(documents) if len(has_words) else np.zeros(0)
    name = PREDICTED + linear.response.field
    if linear.response.levels is None:
        return {name: np.where(has_words, values, np.nan)}
    return {name: [value if known else None for value, known in zip(values, has_words.tolist(), strict=True)]}


def label_rows(
    theta: "np.ndarray",
    confidence: "np.ndarray",
    n_known: "np.ndarray",
    n_words: "np.ndarray",
    labels: Sequence[str],
    *,
    shown: Sequence[int] | None = None,
    min_confidence: float | None = None,
) -> LabelledRows:
    """Label documents by their topic proportions.

    Parameters
    ----------
    theta : ndarray, (n_docs, n_topics)
        Topic proportions; the largest among `shown` leads.
    confidence : ndarray, (n_docs, n_topics)
        Calibrated probability of each topic.
    n_known, n_words : ndarray, (n_docs,)
        Number of known words of each document (words of the model's vocabulary), and of all its words.
    labels : sequence of str
        A label for each topic.
    shown : sequence of int, optional
        Topics that may lead; by default all.
    min_confidence : float, optional
        Documents with a smaller confidence get topic -1 and the label ``unclear``. By default there is no limit.

    Returns
    -------
    LabelledRows

    Raises
    ------
    InputError
        If `min_confidence` is not between 0 and 1.
    """
    import numpy as np

    from topicml.metrics.leading import leading_topics

    check_min_confidence(min_confidence)
    topics = np.arange(theta.shape[1]) if shown is None else np.asarray(shown)
    rows = np.arange(len(theta))
    leading = leading_topics(theta, topics)
    second = np.full(len(theta), NO_TOPIC)
    if len(topics) > 1:
        rest = np.array(theta)
        rest[rows, leading] = -1
        second = leading_topics(rest, topics)
    known, words = np.asarray(n_known, dtype=np.float64), np.asarray(n_words, dtype=np.float64)
    has_known = known > 0
    # Rounded before it is compared, so that the number in the table is the one that decides.
    sure = np.where(has_known, confidence[rows, leading].astype(np.float64).round(_DIGITS), np.nan)
    with np.errstate(invalid="ignore"):
        unknown = np.where(words > 0, 1 - known / np.where(words > 0, words, 1), np.nan).round(_DIGITS)
        is_unclear = has_known & (sure < (0 if min_confidence is None else min_confidence))
    topic = np.where(has_known & ~is_unclear, leading, NO_TOPIC)
    notes = [note_of(n, k) for n, k in zip(words.tolist(), known.tolist(), strict=True)]
    names: list[str | None] = [labels[k] if k >= 0 else None for k in topic.tolist()]
    for row in np.flatnonzero(is_unclear).tolist():
        names[row] = UNCLEAR
        doubt = f"{UNCLEAR}: {sure[row]:.2f} for topic {numbered_label(int(leading[row]), labels[leading[row]])}"
        notes[row] = "; ".join(filter(None, (doubt, notes[row])))
    return LabelledRows(topic, names, sure, np.where(has_known, second, NO_TOPIC), unknown, notes)


def check_min_confidence(value: float | None) -> None:
    """Raise `InputError` unless `value` is None or a number in [0, 1]."""
    if value is None:
        return
    if not is_number(value):
        raise InputError(f"min_confidence must be a number from 0 to 1; received {value!r}.")
    require(0 <= value <= 1, "min_confidence", value, "from 0 to 1")


def note_of(n_words: float, n_known: float) -> str:
    """Why to doubt the topics of a document, judged by its words.

    Parameters
    ----------
    n_words, n_known : float
        Numbers of words of the document after preprocessing, and of those in the model's vocabulary.

    Returns
    -------
    str
        Empty if there is no reason.
    """
    if not n_words:
        return "no words"
    if not n_known:
        return "no known word"
    if n_known < n_words / 2:
        return f"only {n_known:,.0f} of {n_words:,.0f} words {'is' if n_known == 1 else 'are'} known"
    if n_known < _FEW:
        return f"only {n_known:,.0f} known word{'s' if n_known > 1 else ''}"
    return ""


def automatic_labels(words: Sequence[Sequence[str]]) -> list[str]:
    """The automatic label of each topic: its first words, without its number, which tables have beside the label.

    Parameters
    ----------
    words : sequence of sequences of str
        The most probable words of each topic, or its phrases (`topicml.runs.phrases`). So many are used that they have
        four words together, and more if other topics have the same ones, so that rows can be grouped by their labels.
        Of each, 60 characters are shown.

    Returns
    -------
    list of str
    """
    words = [[shortened(item, _LONGEST) for item in each] for each in words]
    firsts = [list(first_items(each, _LABEL_WORDS)) for each in words]
    n_same = Counter(", ".join(first) for first in firsts)
    labels = []
    for k, (each, first) in enumerate(zip(words, firsts, strict=True)):
        n = len(first)
        if n_same[", ".join(first)] > 1:
            others = [list(other) for j, other in enumerate(words) if j != k and list(other[:n]) == first]
            while n < len(each) and any(other[:n] == list(each[:n]) for other in others):
                n += 1
        labels.append(", ".join(each[:n]))
    return labels


def names_beside_words(labels: Sequence[str], given: Sequence[str | None]) -> list[str | None]:
    """The labels to show beside the words of topics: those that were given, and automatic ones with a phrase.

    Parameters
    ----------
    labels : sequence of str
        The label of each topic.
    given : sequence of str or None
        Those that were set by people or are the names of seeds; None for automatic ones.

    Returns
    -------
    list of str or None
        None for labels that only repeat the first words.
    """
    return [
        label if own is not None or any(" " in part for part in label.split(", ")) else None
        for label, own in zip(labels, given, strict=True)
    ]


def first_items(items: Sequence[str], n_words: int) -> Sequence[str]:
    """The first words and phrases that have `n_words` words together."""
    n = total = 0
    while n < len(items) and total < n_words:
        total += len(items[n].split()) or 1
        n += 1
    return items[:n]


def shortened(text: str, n_characters: int) -> str:
    """The text, cut with an ellipsis if it is too long.

    Parameters
    ----------
    text : str
        The text.
    n_characters : int
        Number of characters at most, the ellipsis included.

    Returns
    -------
    str
    """
    return text if len(text) <= n_characters else text[: n_characters - 1].rstrip(" ,") + "…"


def numbered_label(topic: int, label: str) -> str:
    """The label of a topic after its number, for plots and headings, in which the number is nowhere else."""
    return f"{topic}: {label}"
