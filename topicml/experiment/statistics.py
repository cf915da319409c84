"""Statistics of comparisons: intervals, paired tests, ranks over data sets.

References
----------
Demsar, Statistical comparisons of classifiers over multiple data sets, JMLR 7, 2006.
Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from topicml.errors import InputError

RESAMPLES = 9999
_KEPT_DIGITS = 12  # a double has 15 to 16 digits; the mean of a few dozen values is inexact in the last two


@dataclass(frozen=True)
class Summary:
    """Mean and spread of some values.

    Parameters
    ----------
    n : int
        Number of values.
    mean, std : float
        Mean, and standard deviation with n - 1 degrees of freedom (NaN for one value).
    low, high : float
        Bootstrap interval of the mean (NaN for one value).
    """

    n: int
    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Difference of two systems on the same blocks.

    Parameters
    ----------
    n : int
        Number of pairs.
    difference, low, high : float
        Mean of first minus second, and its bootstrap interval.
    wilcoxon, permutation : float
        Two-sided p-values of Wilcoxon's signed-rank test, and of the permutation test of the mean (by sign flips).
    """

    n: int
    difference: float
    low: float
    high: float
    wilcoxon: float
    permutation: float


@dataclass(frozen=True)
class Ranking:
    """Average ranks over blocks, 1 the best.

    Parameters
    ----------
    systems : tuple of str
        Names, best first.
    ranks : ndarray, (n_systems,)
        Average ranks, ascending; tied systems have the mean of their ranks.
    n_blocks : int
        Number of blocks.
    statistic, p : float
        Friedman's chi-square and its p-value, for the hypothesis that all systems are equal. NaN for two systems.
    alpha : float
        Level of the critical difference.
    critical_difference : float
        Average ranks that differ by more are significantly different at `alpha` by Nemenyi's test.
    nemenyi : ndarray, (n_systems, n_systems)
        p-value of each pair, adjusted for all pairs.
    """

    systems: tuple[str, ...]
    ranks: np.ndarray
    n_blocks: int
    statistic: float
    p: float
    alpha: float
    critical_difference: float
    nemenyi: np.ndarray

    def groups(self) -> list[tuple[int, int]]:
        """First and last index of each maximal group of systems that do not differ: the bars of the diagram."""
        groups: list[tuple[int, int]] = []
        for first in range(len(self.ranks)):
            last = int(np.searchsorted(self.ranks, self.ranks[first] + self.critical_difference, side="right")) - 1
            if last > first and (not groups or last > groups[-1][1]):
                groups.append((first, last))
        return groups


def summary(values: Sequence[float] | np.ndarray, *, confidence: float = 0.95, seed: int = 0) -> Summary:
    """Mean, standard deviation and percentile bootstrap interval of the mean.

    Parameters
    ----------
    values : array, (n,)
        Values.
    confidence : float
        Coverage of the interval, between 0 and 1.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Summary
        NaN for the standard deviation and interval of one value.

    Raises
    ------
    InputError
        If there is no value, or a value is not finite.
    """
    array = _finite(values)
    low, high = _interval(array, confidence, seed)
    std = float(array.std(ddof=1)) if len(array) > 1 else math.nan
    return Summary(len(array), float(array.mean()), std, low, high)


def paired(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Paired:
    """Compare two systems on the same blocks.

    The permutation test flips the signs of differences, in all 2^n ways if these are at most `resamples`. Differences
    that are equal up to rounding errors count as ties.

    Parameters
    ----------
    first, second : array, (n,)
        Values of the systems, in the same order of blocks.
    confidence : float
        Coverage of the bootstrap interval, between 0 and 1.
    resamples : int
        Resamples of the permutation test.
    seed : int
        Seed of the bootstrap and of the permutation test.

    Returns
    -------
    Paired
        Mean difference, interval and p-values.

    Raises
    ------
    InputError
        If the lengths differ, or a value is not finite.
    """
    first, second = _finite(first), _finite(second)
    if len(first) != len(second):
        raise InputError(f"Paired values must have equal lengths; received {len(first)} and {len(second)}.")
    difference = _rounded(first - second, np.abs(np.concatenate([first, second])).max())
    low, high = _interval(difference, confidence, seed)
    if not difference.any():
        return Paired(len(difference), 0.0, low, high, 1.0, 1.0)
    permuted = stats.permutation_test(
        (difference,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    wilcoxon = float(stats.wilcoxon(difference).pvalue)
    return Paired(len(difference), float(difference.mean()), low, high, wilcoxon, float(permuted.pvalue))


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjust p-values of several tests by Holm's method (Holm, 1979).

    Parameters
    ----------
    p : array, (n_tests,)
        p-values; NaN does not count as a test.

    Returns
    -------
    ndarray, (n_tests,)
        Adjusted p-values in the same order; NaN remains NaN.
    """
    p = np.asarray(p, dtype=float)
    adjusted = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p, kind="stable") if not np.isnan(p[i])]
    largest = 0.0
    for done, i in enumerate(order):
        largest = max(largest, min(1.0, p[i] * (len(order) - done)))
        adjusted[i] = largest
    return adjusted


def ranking(
    values: np.ndarray, systems: Sequence[str], *, higher_is_better: bool = True, alpha: float = 0.05
) -> Ranking:
    """Rank systems over blocks: Friedman's test, Nemenyi's critical difference (Demsar, 2006, section 3.2.2).

    Parameters
    ----------
    values : array, (n_blocks, n_systems)
        Values of the systems. Blocks are data sets, and should be independent.
    systems : sequence of str
        Names of the columns.
    higher_is_better : bool
        Whether rank 1 is the highest value.
    alpha : float
        Level of the critical difference.

    Returns
    -------
    Ranking
        Systems by average rank.

    Raises
    ------
    InputError
        If there are fewer than two blocks or systems, or a value is not finite.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or min(values.shape) < 2 or values.shape[1] != len(systems):
        raise InputError(
            f"Ranks need at least two blocks and two systems; received values of shape {values.shape} and "
            f"{len(systems)} systems. Run more corpora or numbers of topics."
        )
    _finite(values.ravel())
    values = _rounded(values, np.abs(values).max())
    n, k = values.shape
    ranks = stats.rankdata(-values if higher_is_better else values, axis=1).mean(axis=0)
    same = bool((values == values[:, :1]).all())
    tested = k > 2 and not same
    statistic, p = stats.friedmanchisquare(*values.T) if tested else (math.nan, 1.0 if same else math.nan)
    error = math.sqrt(k * (k + 1) / (6 * n))
    order = np.argsort(ranks, kind="stable")
    distance = np.abs(ranks[order][:, None] - ranks[order][None, :]) / error * math.sqrt(2)
    return Ranking(
        tuple(systems[i] for i in order),
        ranks[order],
        n,
        float(statistic),
        float(p),
        alpha,
        float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2) * error,
        np.asarray(stats.studentized_range.sf(distance, k, np.inf)),
    )


def _interval(values: np.ndarray, confidence: float, seed: int) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie between 0 and 1; received {confidence!r}.")
    if len(values) < 2:
        return math.nan, math.nan
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _rounded(values: np.ndarray, largest: float) -> np.ndarray:
    """Round values to the precision of numbers as large as `largest`, so that equal results of arithmetic are tied."""
    return values if largest == 0 else np.round(values, _KEPT_DIGITS - math.floor(math.log10(largest)))


def _finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if not array.size or not np.isfinite(array).all():
        raise InputError(f"Statistics need finite values, at least one; received {array.tolist()!r}.")
    return array
