from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from topicml.errors import InputError
from topicml.experiment import holm, paired, ranking, summary
from topicml.experiment.statistics import Ranking

RNG = np.random.default_rng(3)


def test_the_interval_of_the_mean_is_that_of_the_normal_where_there_are_many_values():
    values = RNG.normal(2.0, 0.5, 400)
    found = summary(values)
    error = stats.sem(values)
    assert (found.n, found.mean, found.std) == (400, pytest.approx(values.mean()), pytest.approx(values.std(ddof=1)))
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, values.mean(), error), abs=0.1 * error)


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    covered = [(s := summary(RNG.exponential(size=40))).low <= 1 <= s.high for _ in range(40)]
    assert np.mean(covered) >= 0.8


def test_one_value_has_no_spread():
    found = summary([0.25])
    assert found.mean == 0.25 and np.isnan([found.std, found.low, found.high]).all()


@settings(max_examples=12)
@given(st.lists(st.integers(-20, 20).map(lambda i: i / 8), min_size=2, max_size=9))
def test_the_permutation_test_counts_all_flips_of_signs(differences):
    found = paired(differences, [0.0] * len(differences))
    means = [np.dot(signs, differences) for signs in product((1, -1), repeat=len(differences))]
    as_extreme = np.mean(np.abs(means) >= abs(np.sum(differences)) - 1e-9)
    assert found.permutation == pytest.approx(as_extreme)
    assert found.difference == pytest.approx(np.mean(differences))


def test_wilcoxon_counts_all_signs_of_the_ranks_of_a_small_sample():
    # All 2^n assignments of signs to the ranks, counted.
    first, second = RNG.normal(size=8), RNG.normal(0.6, size=8)
    ranks = stats.rankdata(np.abs(first - second))
    sums = np.array([ranks[np.array(s) > 0].sum() for s in product((1, -1), repeat=8)])
    seen = ranks[first > second].sum()
    expected = min(1, 2 * min(np.mean(sums <= seen), np.mean(sums >= seen)))
    assert paired(first, second).wilcoxon == pytest.approx(expected)


def test_systems_that_never_differ_have_p_one():
    found = paired([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (found.difference, found.wilcoxon, found.permutation) == (0, 1, 1)


def test_what_is_equal_but_for_the_error_of_arithmetic_is_tied():
    means = np.array([[np.mean([0.1, 0.2, 0.3]), 0.2, 0.1], [0.3, 0.1 + 0.2, 0.1]])
    assert (means[:, 0] != means[:, 1]).all()
    assert ranking(means, list("abc")).ranks.tolist() == [1.5, 1.5, 3]
    assert ranking(means * 1e6, list("abc")).ranks.tolist() == ranking(means * 1e-6, list("abc")).ranks.tolist()
    first, second = np.array([0.3, 0.8, 0.9, 0.1, 0.7]), np.array([0.2, 0.7, 0.8, 0.2, 0.5])
    assert len({*np.abs(first - second)}) > 2
    found = paired(first, second)
    assert found.wilcoxon == stats.wilcoxon([0.1, 0.1, 0.1, -0.1, 0.2]).pvalue
    assert (paired([0.1 + 0.2], [0.3]).difference, paired([0.1 + 0.2], [0.3]).wilcoxon) == (0, 1)


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels_holm(p):
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is the oracle")
    np.testing.assert_allclose(holm(p), multitest.multipletests(p, method="holm")[1], atol=1e-12)


def test_holm_leaves_out_what_was_not_tested():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


@pytest.mark.parametrize("seed", range(3))
def test_nemenyi_is_that_of_scikit_posthocs(seed):
    posthocs = pytest.importorskip("scikit_posthocs", reason="scikit-posthocs is the oracle")
    values = np.random.default_rng(seed).normal(size=(9, 5)) + np.arange(5) * 0.8
    found = ranking(values, list("abcde"))
    by_hand = np.array([[sum(row >= row[i]) for i in range(5)] for row in values]).mean(axis=0)  # no ties
    assert dict(zip(found.systems, found.ranks, strict=True)) == pytest.approx(dict(zip("abcde", by_hand, strict=True)))
    order = ["abcde".index(system) for system in found.systems]
    expected = posthocs.posthoc_nemenyi_friedman(values[:, order]).to_numpy()
    np.testing.assert_allclose(found.nemenyi, expected, atol=1e-9)


# Demsar (2006), table 5(a): critical values of the two-tailed Nemenyi test.
@pytest.mark.parametrize(
    ("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (10, 3.164)]
)
def test_the_critical_difference_has_demsar_s_critical_values(k, q):
    found = ranking(RNG.normal(size=(14, k)), [str(i) for i in range(k)])
    assert found.critical_difference / np.sqrt(k * (k + 1) / (6 * 14)) == pytest.approx(q, abs=1e-3)


def test_demsar_s_example():
    """Table 6 of the paper: C4.5 and its variants on fourteen data sets; Friedman's chi-square is 9.28."""
    auc = np.array(
        [
            [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
            [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
        ]
    )  # fmt: skip
    found = ranking(auc, ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"])
    ranks = dict(zip(found.systems, found.ranks, strict=True))
    assert ranks == pytest.approx({"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}, abs=6e-4)
    assert found.statistic == pytest.approx(stats.friedmanchisquare(*auc.T).statistic)


def test_lower_may_be_better():
    values = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]])
    assert ranking(values, list("abc"), higher_is_better=False).systems[0] == "a"
    assert ranking(values, list("abc")).systems[-1] == "a"


def test_bars_join_what_is_not_told_apart():
    made = Ranking(tuple("abcd"), np.array([1.0, 1.8, 2.5, 4.0]), 10, 0, 0, 0.05, 1.0, np.ones((4, 4)))
    assert made.groups() == [(0, 1), (1, 2)]


def test_bad_values_are_named():
    with pytest.raises(InputError, match="finite values"):
        summary([1.0, float("nan")])
    with pytest.raises(InputError, match="received 2 and 1"):
        paired([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match=r"at least two blocks and two systems; received values of shape \(1, 3\)"):
        ranking(np.ones((1, 3)), list("abc"))
