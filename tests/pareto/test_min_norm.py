from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from topicml.pareto import MinNorm

RNG = np.random.default_rng(0)


def weights(gramian):
    return MinNorm()(torch.as_tensor(np.ascontiguousarray(gramian))).numpy()


def quadratic_program(gramian):
    """min w'Gw on the simplex by SciPy's sequential quadratic programming, from every corner and the middle."""
    size, scale = len(gramian), np.abs(gramian).max()
    starts = [*np.eye(size), np.full(size, 1 / size)]
    results = [
        minimize(
            lambda w: w @ gramian @ w / scale,
            start,
            jac=lambda w: 2 * gramian @ w / scale,
            bounds=[(0, 1)] * size,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        )
        for start in starts
    ]
    return min(results, key=lambda result: result.fun).x


def exact(gramian):
    """The min-norm point in rational arithmetic: the best of the affine min-norm points of all subsets of gradients."""
    size = len(gramian)
    rational = [[Fraction(float(x)) for x in row] for row in gramian]
    best = None
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            solved = solve([[rational[i][j] for j in chosen] for i in chosen], [Fraction(1)] * count)
            if solved is None or sum(solved) == 0:
                continue
            w = [Fraction(0)] * size
            for i, value in zip(chosen, solved, strict=True):
                w[i] = value / sum(solved)
            if min(w) >= 0:
                norm = sum(w[i] * rational[i][j] * w[j] for i in range(size) for j in range(size))
                best = min(best, (norm, w)) if best else (norm, w)
    return float(best[0]), np.array([float(x) for x in best[1]])


def solve(matrix, right):
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next((r for r in range(i, len(rows)) if rows[r][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(len(rows)):
            if r != i:
                rows[r] = [x - rows[r][i] * y for x, y in zip(rows[r], rows[i], strict=True)]
    return [row[-1] for row in rows]


@pytest.mark.parametrize("size", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", range(8))
def test_weights_are_those_of_a_numerical_quadratic_program(size, seed):
    gradients = np.random.default_rng([size, seed]).normal(size=(size, 12)) + RNG.normal(size=12)
    gramian = gradients @ gradients.T
    np.testing.assert_allclose(weights(gramian), quadratic_program(gramian), atol=1e-5)


@pytest.mark.parametrize("exponents", [(0, 0, 0), (0, 12, 0), (-6, 6, 0), (12, -12, 0), (-12, -12, 12)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [2, 3])
def test_weights_are_exact_for_gramians_of_any_ratio(exponents, seed, size):
    unit = np.random.default_rng(seed).normal(size=(size, 4))
    gradients = unit * 10.0 ** (np.array(exponents[:size])[:, None] / 2)
    gramian = gradients @ gradients.T
    norm, expected = exact(gramian)
    result = weights(gramian)
    np.testing.assert_allclose(result, expected, atol=1e-5, rtol=1e-5)
    assert result @ gramian @ result == pytest.approx(norm, rel=1e-5)


def test_the_golden_example_of_the_closed_form():
    gradients = np.array([[1.0, 0.0], [0.0, 2.0]])
    result = weights(gradients @ gradients.T)
    np.testing.assert_allclose(result, [0.8, 0.2])
    np.testing.assert_allclose(gradients @ (result @ gradients), [0.8, 0.8])
    np.testing.assert_allclose(weights(np.array([[1.0, 3.0], [3.0, 10.0]])), [1.0, 0.0])


@pytest.mark.parametrize(
    ("gradients", "expected"),
    [
        ([[2.0, 0], [1, 0]], [0, 1]),  # parallel: the shorter one
        ([[1.0, 0], [-3, 0]], [0.75, 0.25]),  # opposite: they cancel
        ([[0.0, 0], [1, 2]], [1, 0]),  # zero is the shortest
        ([[0.0, 0], [0, 0]], [0.5, 0.5]),
        ([[1.0, 1], [1, 1]], [0.5, 0.5]),
        ([[2.0, 0], [1, 0], [4, 0]], [0, 1, 0]),
        ([[0.0, 0], [1, 2], [0, 0]], [0.5, 0, 0.5]),
        ([[1.0, 0], [-1, 0], [0, 1]], [0.5, 0.5, 0]),
        # all have the same inner product with the first, where scipy.optimize.nnls 1.17 stops before the minimum
        ([[0.0, 0, 0, -2], [2, -2, -2, -2], [0, 0, -2, -2], [-2, -2, -2, -2]], [1, 0, 0, 0]),
    ],
)
def test_degenerate_gradients(gradients, expected):
    gradients = np.array(gradients)
    np.testing.assert_allclose(weights(gradients @ gradients.T), expected, atol=1e-9)


lengths = st.floats(-6, 6).map(lambda exponent: 10.0**exponent)
directions = st.integers(2, 6).flatmap(
    lambda m: st.tuples(
        arrays(float, (m, 4), elements=st.sampled_from([-2.0, -1, -0.5, 0, 0, 0.5, 1, 2]) | st.floats(-1, 1, width=32)),
        st.lists(lengths, min_size=m, max_size=m),
    )
)


@given(directions)
def test_the_combined_direction_makes_no_objective_worse(drawn):
    """To first order, d lowers objective k by g_k . d, which is at least |d|^2 at the min-norm point."""
    directions, scales = drawn
    gradients = directions * np.array(scales)[:, None]
    gramian = gradients @ gradients.T
    w = weights(gramian)
    assert w.min() >= 0
    assert w.sum() == pytest.approx(1)
    rates, squared = gramian @ w, w @ gramian @ w
    sizes = np.sqrt(np.diag(gramian))
    longest = (w * sizes).max()  # rounding is relative to the terms of the sum
    assert (rates >= squared - 1e-9 * sizes * longest - 1e-12 * longest**2).all()
    assert squared <= np.diag(gramian).min() + 1e-9 * longest**2


@given(directions)
def test_weights_follow_the_order_of_the_objectives_and_not_the_unit_of_measure(drawn):
    gradients = drawn[0] * np.array(drawn[1])[:, None]
    gramian = gradients @ gradients.T
    w = weights(gramian)
    for other, of in ((weights(gramian[::-1, ::-1])[::-1], gramian), (weights(gramian * 4.0**20), gramian)):
        size = max((x**2 * np.diag(of)).max() for x in (w, other))
        assert other @ of @ other == pytest.approx(w @ of @ w, rel=1e-6, abs=1e-9 * size)


def test_single_precision_in_single_precision_out():
    gramian = torch.eye(3)
    assert MinNorm()(gramian).dtype == torch.float32
    torch.testing.assert_close(MinNorm()(gramian), torch.full((3,), 1 / 3))
