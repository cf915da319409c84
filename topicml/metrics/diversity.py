"""How different topics are from one another."""

from collections import Counter

import numpy as np

from topicml import __version__
from topicml.metrics.pairs import complement
from topicml.metrics.result import Score
from topicml.metrics.similarity import rbo
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
    return complement("inverted_rbo", rbo(topics, topn, weight=weight))


def _protocol(topn: int) -> dict:
    return {"topn": topn, "version": __version__}
