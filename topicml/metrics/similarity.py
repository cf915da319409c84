"""Overlap of the word lists of topics."""

from itertools import combinations

import numpy as np

from topicml.checks import require
from topicml.metrics.pairs import check_pairs, mean_of_pairs
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def rbo(topics: Topics, topn: int = 10, *, weight: float = 0.9) -> Score:
    """Mean rank-biased overlap of all pairs of topics, extrapolated (Webber et al. 2010, equation 32).

    1 if all topics are the same, 0 if no word is shared.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    topn : int
        Number of words per topic.
    weight : float
        Persistence p in (0, 1): the closer to 1, the more the lower ranks count. The measure is not defined for 1;
        OCTIS accepts 1 and fails with a math error.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean overlap of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, `weight` is not in (0, 1), or a topic has fewer than `topn` words or
        repeats one.
    """
    rows = checked_topics(topics, topn)
    check_pairs(len(rows), "Rank-biased overlap")
    check_weight(weight)
    overlap = overlaps(rows, rows, weight)
    return mean_of_pairs("rbo", overlap, {"topn": topn, "weight": weight})


def jaccard(topics: Topics, topn: int = 10) -> Score:
    """Mean Jaccard similarity of all pairs of topics (Jaccard 1912; OCTIS's pairwise Jaccard similarity).

    The similarity of two topics is |shared words| / |words of either|: 1 for the same words in any order, 0 if no word
    is shared.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    topn : int
        Number of words per topic.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean similarity of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, or a topic has fewer than `topn` words or repeats one.
    """
    rows = checked_topics(topics, topn)
    check_pairs(len(rows), "Jaccard similarity")
    values = jaccards(rows, rows)
    return mean_of_pairs("jaccard", values, {"topn": topn})


def check_weight(weight: float) -> None:
    """Raise `InputError` unless the persistence `weight` is in (0, 1)."""
    require(0 < weight < 1, "weight", weight, "between 0 and 1, both excluded")


def depth_weights(topn: int, weight: float) -> np.ndarray:
    """Return the weights of the agreement at each depth in extrapolated RBO.

    Parameters
    ----------
    topn : int
        Number of words per topic.
    weight : float
        Persistence p in (0, 1).

    Returns
    -------
    weights : ndarray, (topn,)
        They sum to 1.
    """
    depth = np.arange(1, topn + 1)
    weights = (1 - weight) / weight * weight**depth
    weights[-1] += weight**topn  # extrapolation: beyond topn, the agreement is that at topn
    return weights


def overlaps(topics: list[list[str]], others: list[list[str]], weight: float) -> np.ndarray:
    """Extrapolated RBO of each topic of a set with each topic of another set.

    Parameters
    ----------
    topics, others : list of lists of str
        The words of each topic; the same number of words in all topics.
    weight : float
        Persistence p in (0, 1).

    Returns
    -------
    overlap : ndarray, (n_topics, n_others)
        Rank-biased overlaps, in [0, 1].
    """
    first, second = _word_ids(topics, others)
    topn = first.shape[1]
    weights = depth_weights(topn, weight) / np.arange(1, topn + 1)
    tail = np.append(np.cumsum(weights[::-1])[::-1], 0.0)  # weight of a word that is shared from a depth on
    values = np.zeros((len(first), len(second)))
    for i, j in combinations(range(topn), 2):
        values += tail[j] * (
            (first[:, None, i] == second[None, :, j]) * 1.0 + (first[:, None, j] == second[None, :, i])
        )
    for i in range(topn):
        values += tail[i] * (first[:, None, i] == second[None, :, i])
    return values


def jaccards(topics: list[list[str]], others: list[list[str]]) -> np.ndarray:
    """Jaccard similarity of each topic of a set with each topic of another set.

    Parameters
    ----------
    topics, others : list of lists of str
        The words of each topic; the same number of words in all topics of a set.

    Returns
    -------
    similarity : ndarray, (n_topics, n_others)
        Similarities, in [0, 1].
    """
    first, second = _word_ids(topics, others)
    n_words = max(first.max(), second.max()) + 1
    indicators = [np.zeros((len(ids), n_words)) for ids in (first, second)]
    for rows, ids in zip(indicators, (first, second), strict=True):
        np.put_along_axis(rows, ids, 1.0, axis=1)
    n_shared = indicators[0] @ indicators[1].T
    return n_shared / (first.shape[1] + second.shape[1] - n_shared)


def _word_ids(*sets: list[list[str]]) -> list[np.ndarray]:
    """Ids of the words in sets of topics; a word has the same id in all sets."""
    number: dict[str, int] = {}
    return [np.array([[number.setdefault(word, len(number)) for word in row] for row in rows]) for rows in sets]
