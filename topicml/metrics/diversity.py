"""Diversity of topics: how few words they share."""

from collections import Counter

import numpy as np

from topicml import __version__
from topicml.metrics.pairs import complement
from topicml.metrics.result import Score
from topicml.metrics.similarity import rbo
from topicml.metrics.topics import Topics, checked_topics


def topic_diversity(topics: Topics, topn: int = 25) -> Score:
    """Share of distinct words among the first `topn` words of all topics (Dieng et al. 2020).

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    topn : int
        Number of words per topic.

    Returns
    -------
    score : Score
        ``per_topic`` is the share of each topic's words that occur in no other topic.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one.
    """
    rows = checked_topics(topics, topn)
    n_topics_with = Counter(word for words in rows for word in words)
    per_topic = np.array([np.mean([n_topics_with[word] == 1 for word in words]) for words in rows])
    return Score("topic_diversity", len(n_topics_with) / (topn * len(rows)), per_topic, _protocol(topn))


def topic_uniqueness(topics: Topics, topn: int = 15) -> Score:
    """Mean over a topic's first `topn` words of 1 / (number of topics with the word) (Nan et al. 2019).

    1 if no word is shared, 1 / n_topics if all topics are the same.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    topn : int
        Number of words per topic.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean over the words of each topic.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one.
    """
    rows = checked_topics(topics, topn)
    n_topics_with = Counter(word for words in rows for word in words)
    per_topic = np.array([np.mean([1 / n_topics_with[word] for word in words]) for words in rows])
    return Score("topic_uniqueness", float(per_topic.mean()), per_topic, _protocol(topn))


def inverted_rbo(topics: Topics, topn: int = 10, *, weight: float = 0.9) -> Score:
    """1 - mean rank-biased overlap of all pairs of topics (Bianchi et al. 2021; Webber et al. 2010).

    0 if all topics are the same, 1 if no word is shared. The overlap is extrapolated, as in OCTIS.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    topn : int
        Number of words per topic.
    weight : float
        Persistence p in (0, 1): the closer to 1, the more the lower ranks count.

    Returns
    -------
    score : Score
        ``per_topic`` is 1 - the mean overlap of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, `weight` is not in (0, 1), or a topic has fewer than `topn` words or
        repeats one.
    """
    return complement("inverted_rbo", rbo(topics, topn, weight=weight))


def _protocol(topn: int) -> dict:
    """The protocol of measures that only count words."""
    return {"topn": topn, "version": __version__}
