"""Whether a model finds the same topics again with other seeds."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.result import Score
from topicml.metrics.similarity import check_weight, jaccards, overlaps
from topicml.metrics.topics import Topics, checked_topics


def stability(runs: Sequence[Topics], topn: int = 10, *, similarity: str = "rbo", weight: float = 0.9) -> Score:
    """Mean similarity of the matched topics of every two runs (Greene, O'Callaghan & Cunningham 2014).

    The topics of two runs are matched one to one so that their similarities add up to the most (Hungarian method).
    1 when all runs have the same topics in any order, 0 when no two runs share a word.

    Parameters
    ----------
    runs : sequence of topics
        The topics of each run, or OCTIS's model outputs. Where numbers of topics differ, those left over count as 0.
    topn : int
        Words a topic.
    similarity : {"rbo", "jaccard"}
        Rank-biased overlap, or Jaccard similarity.
    weight : float
        Persistence of rank-biased overlap.

    Returns
    -------
    score : Score
        ``per_topic``: how well each topic of the first run is found again, the mean over the other runs.
        ``protocol["per_pair"]``: each pair of runs, in the order (0, 1), (0, 2), ..., (1, 2), ...

    Raises
    ------
    InputError
        If there are fewer than two runs, a topic is not fit, or an argument is unknown.
    """
    if similarity not in ("rbo", "jaccard"):
        raise InputError(f"similarity={similarity!r} is unknown. Choose one of rbo, jaccard.")
    check_weight(weight)
    sets = [checked_topics(topics, topn) for topics in runs]
    if len(sets) < 2:
        raise InputError(f"Stability compares runs; there {'is only one' if sets else 'are none'}.")
    per_pair = []
    again = np.zeros(len(sets[0]))
    for i, j in combinations(range(len(sets)), 2):
        values = overlaps(sets[i], sets[j], weight) if similarity == "rbo" else jaccards(sets[i], sets[j])
        rows, columns = matched(values)
        per_pair.append(float(values[rows, columns].sum() / max(values.shape)))
        if i == 0:
            again[rows] += values[rows, columns] / (len(sets) - 1)
    protocol = {
        "topn": topn,
        "similarity": similarity,
        "weight": weight if similarity == "rbo" else None,
        "runs": len(sets),
        "per_pair": per_pair,
        "version": __version__,
    }
    return Score("stability", float(np.mean(per_pair)), again, protocol)


def matched(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, one to one, whose similarities add up to the most."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return rows, columns
