"""How much the word lists of topics overlap."""

from itertools import combinations

import numpy as np

from topicml.errors import InputError
from topicml.metrics.pairs import check_pairs, mean_of_pairs
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def rbo(topics: Topics, topn: int = 10, *, weight: float = 0.9) -> Score:
    """Mean rank-biased overlap of all pairs of topics, extrapolated (Webber et al. 2010, equation 32).

    1 when all topics are the same, 0 when no word is shared. ``per_topic`` is the mean overlap with the others.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; OCTIS's model output is taken, too.
    topn : int
        Words a topic.
    weight : float
        Persistence p in (0, 1): the nearer to 1, the more the lower ranks count. OCTIS offers 1, where its logarithm
        is out of domain; there the measure is not defined.

    Raises
    ------
    InputError
        If there are fewer than two topics, `weight` is not in (0, 1), or a topic is not fit.
    """
    rows = checked_topics(topics, topn)
    check_pairs(len(rows), "Rank-biased overlap")
    check_weight(weight)
    overlap = overlaps(rows, rows, weight)
    return mean_of_pairs("rbo", overlap, {"topn": topn, "weight": weight})


def jaccard(topics: Topics, topn: int = 10) -> Score:
    """Mean over pairs of topics of |shared words| / |words of either| (Jaccard 1912; OCTIS's pairwise Jaccard).

    1 when all topics have the same words in any order, 0 when none is shared.

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
    """Raise where a persistence does not lie between 0 and 1."""
    if not 0 < weight < 1:
        raise InputError(f"weight must lie between 0 and 1; received {weight}.")


def depth_weights(topn: int, weight: float) -> np.ndarray:
    """What the agreement at each depth counts in extrapolated RBO, (topn,); they add up to 1."""
    depth = np.arange(1, topn + 1)
    weights = (1 - weight) / weight * weight**depth
    weights[-1] += weight**topn  # what is not seen agrees as the deepest that is
    return weights


def overlaps(one: list[list[str]], other: list[list[str]], weight: float) -> np.ndarray:
    """Extrapolated RBO of each topic of a set with each of another, (n_one, n_other); all of one length."""
    first, second = _places(one, other)
    topn = len(one[0])
    weights = depth_weights(topn, weight) / np.arange(1, topn + 1)
    tail = np.append(np.cumsum(weights[::-1])[::-1], 0.0)  # what a word counts that is shared from a depth on
    found = np.zeros((len(one), len(other)))
    for i, j in combinations(range(topn), 2):
        found += tail[j] * ((first[:, None, i] == second[None, :, j]) * 1.0 + (first[:, None, j] == second[None, :, i]))
    for i in range(topn):
        found += tail[i] * (first[:, None, i] == second[None, :, i])
    return found


def jaccards(one: list[list[str]], other: list[list[str]]) -> np.ndarray:
    """Jaccard similarity of each topic of a set with each of another, (n_one, n_other)."""
    first, second = _places(one, other)
    n_words = max(first.max(), second.max()) + 1
    held = [np.zeros((len(ids), n_words)) for ids in (first, second)]
    for row, ids in zip(held, (first, second), strict=True):
        np.put_along_axis(row, ids, 1.0, axis=1)
    shared = held[0] @ held[1].T
    return shared / (first.shape[1] + second.shape[1] - shared)


def _places(one: list[list[str]], other: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers for words, the same in both sets."""
    number: dict[str, int] = {}
    sets = [np.array([[number.setdefault(word, len(number)) for word in row] for row in rows]) for rows in (one, other)]
    return sets[0], sets[1]
