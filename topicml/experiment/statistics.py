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
_KEPT_DIGITS = 12  # a double has 15 to 16; means of some dozen values err in the last two


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (n - 1; NaN of one value), and a bootstrap interval of the mean."""

    n: int
    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """How much one system's values exceed another's on the same runs.

    Attributes
    ----------
    n : int
        Pairs.
    difference, low, high : float
        Mean of first minus second, and its bootstrap interval.
    wilcoxon, permutation : float
        Two-sided p of the signed-rank test, and of the permutation test of the mean (signs flipped).
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

    Attributes
    ----------
    systems : tuple of str
        What is ranked, best first.
    ranks : ndarray, (n_systems,)
        Average ranks, ascending; ties share theirs.
    statistic, p : float
        Friedman's chi-square and its p: whether the systems differ at all. NaN for two systems.
    critical_difference : float
        Average ranks that differ by more differ at `alpha` by Nemenyi's test.
    nemenyi : ndarray, (n_systems, n_systems)
        p of each pair, adjusted for all pairs.
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
        """First and last of each longest row of systems that do not differ: the bars of the diagram."""
        found: list[tuple[int, int]] = []
        for first in range(len(self.ranks)):
            last = int(np.searchsorted(self.ranks, self.ranks[first] + self.critical_difference, side="right")) - 1
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return found


def summary(values: Sequence[float] | np.ndarray, *, confidence: float = 0.95, seed: int = 0) -> Summary:
    """Mean ± std and the percentile bootstrap's interval of the mean; of one value the interval is NaN.

    Raises
    ------
    InputError
        If there is no value, or one is not finite.
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
    """Compare two systems over the same runs.

    The permutation test flips the signs of differences: all 2^n ways where these are at most `resamples`. Differences
    that are the same but for errors of arithmetic are tied.

    Raises
    ------
    InputError
        If the lengths differ, or a value is not finite.
    """
    first, second = _finite(first), _finite(second)
    if len(first) != len(second):
        raise InputError(f"Paired values belong together one by one; received {len(first)} and {len(second)}.")
    difference = _off(first - second, np.abs(np.concatenate([first, second])).max())
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
    """Holm's adjusted p of several tests, in their order; NaN stays NaN and does not count as a test."""
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
        Blocks are data sets; they should be independent.

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
    values = _off(values, np.abs(values).max())
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
    """The percentile bootstrap's interval of the mean."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence lies between 0 and 1; received {confidence!r}.")
    if len(values) < 2:
        return math.nan, math.nan
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def _off(values: np.ndarray, largest: float) -> np.ndarray:
    """Values without the error of arithmetic on numbers as large as `largest`, so that what is equal counts as tied."""
    return values if largest == 0 else np.round(values, _KEPT_DIGITS - math.floor(math.log10(largest)))


def _finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if not array.size or not np.isfinite(array).all():
        raise InputError(f"Statistics need finite values, at least one; received {array.tolist()!r}.")
    return array
