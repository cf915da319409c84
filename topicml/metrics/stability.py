"""Stability of topics over runs with different seeds."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.errors import InputError
from topicml.metrics.result import Score
from topicml.metrics.similarity import check_weight, jaccards, overlaps
from topicml.metrics.topics import Topics, checked_topics


def stability(runs: Sequence[Topics], topn: int = 10, *, similarity: str = "rbo", weight: float = 0.9) -> Score:
    """Mean similarity of the matched topics of all pairs of runs (Greene, O'Callaghan & Cunningham 2014).

    The topics of two runs are matched one to one so that the sum of their similarities is largest (Hungarian method).
    1 if all runs have the same topics in any order, 0 if no two runs share a word.

    Runs on the same documents that differ in their seed alone share the estimate that they start from, and agree even
    on texts of random words. To judge a number of topics, fit the runs to different samples of the documents, as
    `topicml.experiment.sweep` does, or compare halves (`topicml.experiment.how_many`).

    Parameters
    ----------
    runs : sequence of topics
        The topics of each run, or OCTIS's model outputs. If the numbers of topics differ, unmatched topics count as 0.
    topn : int
        Number of words per topic.
    similarity : {"rbo", "jaccard"}
        Rank-biased overlap, or Jaccard similarity.
    weight : float
        Persistence of rank-biased overlap, in (0, 1).

    Returns
    -------
    score : Score
        ``per_topic`` is the similarity of each topic of the first run with its match, averaged over the other runs.
        ``protocol["per_pair"]`` has the similarity of each pair of runs, in the order (0, 1), (0, 2), ..., (1, 2), ...

    Raises
    ------
    InputError
        If there are fewer than two runs, a topic has fewer than `topn` words or repeats one, or an argument is out of
        range.
    """
    require(similarity in ("rbo", "jaccard"), "similarity", similarity, "one of rbo, jaccard")
    check_weight(weight)
    sets = [checked_topics(topics, topn) for topics in runs]
    if len(sets) < 2:
        raise InputError(f"Stability compares at least two runs; received {len(sets)}.")
    per_pair = []
    per_topic = np.zeros(len(sets[0]))
    for i, j in combinations(range(len(sets)), 2):
        values = overlaps(sets[i], sets[j], weight) if similarity == "rbo" else jaccards(sets[i], sets[j])
        rows, columns = matched(values)
        per_pair.append(float(values[rows, columns].sum() / max(values.shape)))
        if i == 0:
            per_topic[rows] += values[rows, columns] / (len(sets) - 1)
    protocol = {
        "topn": topn,
        "similarity": similarity,
        "weight": weight if similarity == "rbo" else None,
        "runs": len(sets),
        "per_pair": per_pair,
        "version": __version__,
    }
    return Score("stability", float(np.mean(per_pair)), per_topic, protocol)


def matched(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the one-to-one matching with the largest sum of similarities."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return rows, columns
