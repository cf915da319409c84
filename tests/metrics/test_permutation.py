"""Differences of two groups by permutation, against brute force and scipy."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_matrix

from topicml.errors import InputError
from topicml.metrics import permutation, permutation_test


def every_statistic(values, n_second):
    """The standardised difference of each value for every way to choose the second group."""
    n = len(values)
    every = [list(chosen) for chosen in combinations(range(n), n_second)]
    sums = np.array([values[chosen].sum(axis=0) for chosen in every])
    spread = sums.std(axis=0)
    return every, np.divide(sums - sums.mean(axis=0), spread, out=np.zeros_like(sums), where=spread > 1e-9)


def step_down(statistics, observed):
    """Westfall & Young's algorithm 4.1, as written: for each value, the maximum over those of at most its rank."""
    order = sorted(range(len(observed)), key=lambda k: -abs(observed[k]))
    p, previous = np.empty(len(observed)), 0.0
    for rank, k in enumerate(order):
        largest = np.abs(statistics[:, order[rank:]]).max(axis=1)
        previous = max(previous, float(np.mean(largest >= abs(observed[k]) - 1e-7)))
        p[k] = previous
    return p


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 4), st.integers(1, 6))
def test_all_permutations_are_those_of_a_brute_force(seed, n_first, n_second, n_values):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (n_first + n_second, n_values)).astype(float)
    second = rng.permutation(np.arange(len(values)) < n_second)
    every, statistics = every_statistic(values, n_second)
    observed = statistics[every.index(np.flatnonzero(second).tolist())]
    found = permutation_test(values, second, draws=10_000)
    np.testing.assert_allclose(found.statistic, observed, atol=1e-7)
    np.testing.assert_allclose(found.p, step_down(statistics, observed))
    np.testing.assert_allclose(found.first, values[~second].mean(axis=0))
    np.testing.assert_allclose(found.second, values[second].mean(axis=0))
    assert found.p.min() >= found.least_p


def test_one_value_has_the_p_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=7), rng.normal(1, size=6)

    def distance(x, y, axis):
        return np.abs(x.mean(axis=axis) - y.mean(axis=axis))

    wanted = stats.permutation_test(
        (first, second), distance, alternative="greater", n_resamples=10_000, vectorized=True
    )
    values, groups = np.concatenate([first, second])[:, None], [False] * 7 + [True] * 6
    assert permutation_test(values, groups, draws=2000).p[0] == pytest.approx(wanted.pvalue)
    assert permutation_test(values, groups, draws=1000).p[0] == pytest.approx(wanted.pvalue, abs=0.03)  # drawn


def test_drawn_permutations_count_the_observed_groups():
    values, groups = np.arange(40.0)[:, None], np.arange(40) >= 20
    found = permutation_test(values, groups, draws=99)
    assert found.p[0] == found.least_p == 0.01
    few = permutation_test(np.arange(4.0)[:, None], [False, False, True, True])
    assert few.p[0] == few.least_p == pytest.approx(2 / 6)  # both ends, of six ways
    assert permutation_test(np.arange(4.0)[:, None], [False, False, False, True]).least_p == 1 / 4


def test_sparse_values_and_parts_of_the_draws_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    values, groups = rng.poisson(0.3, (60, 9)).astype(float), rng.random(60) < 0.4
    found = permutation_test(values, groups, draws=300, seed=2)
    for other in (values, csr_matrix(values)):
        monkeypatch.setattr(permutation, "_CHUNK", 7 * 60)
        again = permutation_test(other, groups, draws=300, seed=2)
        np.testing.assert_allclose(again.statistic, found.statistic)
        np.testing.assert_array_equal(again.p, found.p)
    assert (permutation_test(values, groups, draws=300, seed=3).p != found.p).any()


def test_a_value_that_is_the_same_everywhere_is_no_difference():
    values = np.array([[0.1, 1.0]] * 3 + [[0.1, 0.0]] * 3)
    found = permutation_test(values, [False] * 3 + [True] * 3)
    assert found.statistic[0] == 0 and found.p[0] == 1 and found.p[1] == pytest.approx(0.1)


def test_the_family_wise_error_holds_for_correlated_values_without_a_difference():
    rng = np.random.default_rng(0)
    smallest = []
    for draw in range(300):
        shared = rng.normal(size=(24, 1))
        values = shared + rng.normal(size=(24, 12)) ** 3  # heavy tails
        smallest.append(permutation_test(values, np.arange(24) < 12, draws=99, seed=draw).p.min())
    smallest = np.array(smallest)
    for level in (0.05, 0.2, 0.5, 0.8):  # uniform: within four standard errors
        assert abs((smallest <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 300)


@pytest.mark.parametrize("groups, message", [([True] * 3, "no document"), ([True], "is_second has shape")])
def test_groups_that_do_not_fit_are_refused(groups, message):
    with pytest.raises(InputError, match=message):
        permutation_test(np.ones((3, 2)), groups)
