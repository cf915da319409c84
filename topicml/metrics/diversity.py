"""How different topics are from one another."""

from collections import Counter
from itertools import combinations

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def topic_diversity(topics: Topics, topn: int = 25) -> Score:
    """Share of distinct words among all topics' first `topn` words (Dieng et al. 2020).

    ``per_topic`` is the share of each topic's words that no other topic holds.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one.
    """
    rows = checked_topics(topics, topn)
    held = Counter(word for words in rows for word in words)
    alone = np.array([np.mean([held[word] == 1 for word in words]) for words in rows])
    return Score("topic_diversity", len(held) / (topn * len(rows)), alone, _protocol(topn))


def topic_uniqueness(topics: Topics, topn: int = 15) -> Score:
    """Mean over a topic's first `topn` words of 1 / (topics that hold the word) (Nan et al. 2019).

    1 when no word is shared, 1 / n_topics when all topics are the same.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one.
    """
    rows = checked_topics(topics, topn)
    held = Counter(word for words in rows for word in words)
    unique = np.array([np.mean([1 / held[word] for word in words]) for words in rows])
    return Score("topic_uniqueness", float(unique.mean()), unique, _protocol(topn))


def inverted_rbo(topics: Topics, topn: int = 10, *, weight: float = 0.9) -> Score:
    """1 - mean rank-biased overlap of all pairs of topics (Bianchi et al. 2021; Webber et al. 2010).

    0 when all topics are the same, 1 when no word is shared. The extrapolated form, as OCTIS computes it.
    ``per_topic`` is 1 - the mean overlap of a topic with the others.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first.
    topn : int
        Words a topic.
    weight : float
        Persistence p in (0, 1): the nearer to 1, the more the lower ranks count.

    Raises
    ------
    InputError
        If there are fewer than two topics, `weight` is not in (0, 1), or a topic is not fit.
    """
    rows = checked_topics(topics, topn)
    if len(rows) < 2:
        raise InputError("Inverted RBO compares topics; there is only one.")
    if not 0 < weight < 1:
        raise InputError(f"weight must lie between 0 and 1; received {weight}.")
    overlap = np.zeros((len(rows), len(rows)))
    for i, j in combinations(range(len(rows)), 2):
        overlap[i, j] = overlap[j, i] = _rank_biased_overlap(rows[i], rows[j], weight)
    per_topic = 1 - overlap.sum(axis=1) / (len(rows) - 1)
    return Score("inverted_rbo", float(per_topic.mean()), per_topic, _protocol(topn) | {"weight": weight})


def _rank_biased_overlap(one: list[str], other: list[str], p: float) -> float:
    """Extrapolated RBO of two rankings of the same length (Webber et al. 2010, equation 32)."""
    depth = len(one)
    seen_one: set[str] = set()
    seen_other: set[str] = set()
    shared, total = 0, 0.0
    for d, (a, b) in enumerate(zip(one, other, strict=True), start=1):
        shared += (a == b) + (a in seen_other) + (b in seen_one)
        seen_one.add(a)
        seen_other.add(b)
        total += shared / d * p**d
    return shared / depth * p**depth + (1 - p) / p * total


def _protocol(topn: int) -> dict:
    return {"topn": topn, "version": __version__}
