"""Differences of two groups of documents in many values at once, tested by permutation of the groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Any

import numpy as np
from scipy.sparse import issparse

from topicml.checks import require
from topicml.errors import InputError

_CHUNK = 20_000_000  # numbers of the largest array
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Differences:
    """What `permutation_test` returns.

    Attributes
    ----------
    first, second : ndarray, (n_values,)
        Means of each value in the two groups.
    statistic : ndarray, (n_values,)
        Difference of the sums of the second group from what is expected by chance, in standard deviations of all
        permutations; 0 for a value that is the same in all documents.
    p : ndarray, (n_values,)
        Two-sided, corrected for the number of values.
    least_p : float
        The smallest p that these documents and draws can give.
    """

    first: np.ndarray
    second: np.ndarray
    statistic: np.ndarray
    p: np.ndarray
    least_p: float


def permutation_test(values: Any, is_second: Any, *, draws: int = 1000, seed: int = 0) -> Differences:
    """Test in which values two groups of documents differ, with a family-wise error that holds for all values together.

    The groups are permuted, and the values stay with their documents, so correlated values (words of one subject) cost
    no more than they must. p of a value is the share of permutations in which the largest statistic of all values that
    are no more significant is at least as large (Westfall and Young's step-down maxT): the probability that any value
    without a difference has p <= alpha is at most alpha, if documents of both groups are exchangeable. Permutations
    are drawn at random and count the observed groups, too (Phipson and Smyth); if there are at most `draws`
    permutations, all are used, and p is exact.

    Parameters
    ----------
    values : ndarray or sparse matrix, (n_docs, n_values)
        Values of each document.
    is_second : sequence of bool, (n_docs,)
        Which documents are in the second group.
    draws : int
        Number of random permutations.
    seed : int
        Seed of the permutations.

    Returns
    -------
    Differences

    Raises
    ------
    InputError
        If a group has no document, or there is not one entry of `is_second` for each document.

    References
    ----------
    Westfall & Young, Resampling-based multiple testing, 1993, algorithm 4.1; Phipson & Smyth, Permutation p-values
    should never be zero, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from topicml.metrics import permutation_test
    >>> values = np.array([[0, 3], [0, 4], [0, 4], [5, 4], [6, 3], [7, 4]])
    >>> permutation_test(values, [False, False, False, True, True, True]).p.tolist()
    [0.1, 1.0]
    """
    require(draws >= 1, "draws", draws, "at least 1")
    second = np.asarray(is_second, dtype=bool)
    if not issparse(values):
        values = np.asarray(values, dtype=np.float64)
    if second.shape != values.shape[:1]:
        raise InputError(f"is_second has shape {second.shape}; there are {values.shape[0]} documents.")
    n, n_second = len(second), int(second.sum())
    if not 0 < n_second < n:
        raise InputError("A group has no document: both need some.")
    total, squares = (_column_sums(each) for each in (values, _squared(values)))
    sums = np.asarray(second.astype(np.float64) @ values).ravel()
    mean = total / n
    # Variance of the sum over n_second of n documents that are drawn without replacement.
    variance = n_second * (n - n_second) / (n - 1) * np.maximum(squares / n - mean**2, 0)
    variance[variance <= _ROUNDING * (squares / n) * n_second] = 0
    deviation = np.where(variance > 0, np.sqrt(variance), np.inf)
    statistic = (sums - n_second * mean) / deviation
    n_all = comb(n, n_second)
    is_exact = n_all <= draws
    order = np.argsort(np.abs(statistic), kind="stable")  # least significant first
    bar = np.abs(statistic)[order] * (1 - _ROUNDING) - _ROUNDING
    at_least = np.zeros(len(order), dtype=np.int64)
    size = max(1, _CHUNK // max(n, len(order)))
    for groups in _all_groups(n, n_second, size) if is_exact else _random_groups(second, draws, size, seed):
        drawn = np.abs((np.asarray(groups @ values) - n_second * mean) / deviation)[:, order]
        at_least += (np.maximum.accumulate(drawn, axis=1) >= bar).sum(axis=0)
    share = at_least / n_all if is_exact else (1 + at_least) / (1 + draws)
    p = np.empty(len(order))
    p[order] = np.maximum.accumulate(share[::-1])[::-1]  # none below that of a more significant value
    first = (total - sums) / (n - n_second)
    least = (2 if 2 * n_second == n else 1) / n_all if is_exact else 1 / (1 + draws)
    return Differences(first, sums / n_second, statistic, p, least)


def _all_groups(n: int, n_second: int, size: int) -> Iterator[np.ndarray]:
    """Every way to choose the second group, at most `size` at a time: (n_chosen, n_docs)."""
    every = combinations(range(n), n_second)
    while chosen := list(islice(every, size)):
        groups = np.zeros((len(chosen), n))
        np.put_along_axis(groups, np.array(chosen), 1, axis=1)
        yield groups


def _random_groups(second: np.ndarray, draws: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Random permutations of the groups, at most `size` at a time: (n_drawn, n_docs)."""
    rng = np.random.default_rng(seed)
    for start in range(0, draws, size):
        groups = np.tile(second.astype(np.float64), (min(size, draws - start), 1))
        yield rng.permuted(groups, axis=1)


def _column_sums(values: Any) -> np.ndarray:
    return np.asarray(values.sum(axis=0), dtype=np.float64).ravel()


def _squared(values: Any) -> Any:
    return values.multiply(values) if issparse(values) else values**2
