"""How often the first words of a topic occur in the same document, compared with chance.

A meeting is a document that contains both words of a pair. NPMI is a mean over pairs, and a pair without a meeting has
-1, even if less than one meeting is expected by chance. In short texts, topics of rare words are therefore below 0
although their words meet much more often than by chance. Here the meetings of all pairs are summed before they are
compared with chance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.checks import require
from topicml.metrics.reference import Reference
from topicml.metrics.topics import Topics, checked_topics

ENOUGH = 5.0
"""Smallest number of expected meetings for the verdict "chance"; the usual limit of counts in tests."""


@dataclass(frozen=True)
class Meetings:
    """Meetings of the words of topics. A meeting is a document that contains both words of a pair.

    Attributes
    ----------
    observed : ndarray, (n_topics,)
        Meetings, summed over all pairs of a topic's words.
    expected : ndarray, (n_topics,)
        Meetings expected by chance: if each word occurred in the same number of documents, and each document had the
        same number of distinct words, but at random.
    low, high : ndarray, (n_topics,)
        Confidence interval of observed / expected.
    verdicts : tuple of str
        ``together``: the words meet more often than by chance. ``apart``: less often. ``chance``: no more often.
        ``unknown``: too few meetings are expected to decide.
    """

    observed: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    verdicts: tuple[str, ...]

    @property
    def ratio(self) -> np.ndarray:
        """Observed / expected meetings, (n_topics,); NaN if no meetings are expected."""
        return _divided(self.observed, self.expected)


def word_meetings(topics: Topics, reference: Any, topn: int = 10, *, confidence: float = 0.95) -> Meetings:
    """Count the meetings of the words of each topic, and compare them with chance.

    The interval is that of a Poisson count (Garwood 1936). A document with m of the words adds m (m - 1) / 2 meetings
    at once, so the count is a compound Poisson variable: the interval is computed for the effective number of
    independent meetings, ``(sum of a) ** 2 / sum of a ** 2`` over documents with a meetings.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents.
    topn : int
        Number of words per topic, at least 2.
    confidence : float
        Confidence level of the interval.

    Returns
    -------
    Meetings

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, or an argument is out of range.
    """
    require(topn >= 2, "topn", topn, "at least 2: a pair has two words")
    require(0 < confidence < 1, "confidence", confidence, "between 0 and 1, both excluded")
    rows = checked_topics(topics, topn)
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    counts = corpus.corpus.counts
    n_docs, n_words = counts.shape
    frequency = np.bincount(counts.indices, minlength=n_words)  # documents of each word
    sizes, n_of_size = np.unique(np.diff(counts.indptr), return_counts=True)  # distinct words of documents
    columns = counts.tocsc()
    observed, squares, expected = (np.zeros(len(rows)) for _ in range(3))
    for number, ids in enumerate(corpus.ids(rows)):
        known = ids[(ids >= 0)]
        known = known[frequency[known] > 0]
        if len(known) < 2:
            continue
        documents = np.concatenate([columns.indices[columns.indptr[i] : columns.indptr[i + 1]] for i in known])
        n_here = np.bincount(documents, minlength=n_docs)
        meetings = n_here * (n_here - 1) / 2
        observed[number], squares[number] = meetings.sum(), (meetings**2).sum()
        present = _presence(frequency[known], sizes, n_of_size)
        pairs = (present.sum(axis=0) ** 2 - (present**2).sum(axis=0)) / 2
        # One word takes one of the s places of a document, and leaves s - 1 to the other.
        expected[number] = float((n_of_size * (np.maximum(sizes - 1, 0) / np.maximum(sizes, 1))) @ pairs)
    low, high = (_divided(limit, expected) for limit in _interval(observed, squares, 1 - confidence))
    return Meetings(observed, expected, low, high, tuple(map(_verdict, expected, low, high)))


def _presence(frequency: np.ndarray, sizes: np.ndarray, n_of_size: np.ndarray) -> np.ndarray:
    """Probability that a word is in a document of each size, (n_words, n_sizes).

    A document of s distinct words has a word with probability 1 - (1 - q) ** s. Bisection finds the q for which the
    expected number of documents is the word's frequency.
    """
    low, high = np.zeros(len(frequency)), np.ones(len(frequency))
    for _ in range(60):
        middle = (low + high) / 2
        documents = (1 - (1 - middle[:, None]) ** sizes) @ n_of_size
        too_many = documents > frequency
        high, low = np.where(too_many, middle, high), np.where(too_many, low, middle)
    return 1 - (1 - ((low + high) / 2)[:, None]) ** sizes


def _interval(observed: np.ndarray, squares: np.ndarray, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Confidence limits of the mean of compound Poisson counts."""
    from scipy.special import gammaincinv

    independent = _divided(observed**2, squares, 0.0)
    weight = np.where(independent > 0, _divided(observed, independent, 1.0), 1.0)
    low = np.where(independent > 0, gammaincinv(np.maximum(independent, 1e-9), error / 2), 0.0)
    return weight * low, weight * gammaincinv(independent + 1, 1 - error / 2)


def _divided(a: np.ndarray, b: np.ndarray, otherwise: float = np.nan) -> np.ndarray:
    """A / b, and `otherwise` where b is 0."""
    return np.divide(a, b, out=np.full(len(a), otherwise), where=b > 0)


def _verdict(expected: float, low: float, high: float) -> str:
    if low > 1:
        return "together"
    if high < 1:
        return "apart"
    return "chance" if expected >= ENOUGH else "unknown"
