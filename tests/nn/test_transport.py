"""Sinkhorn's algorithm: comparison with linear programming, and the properties that define its plan."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from topicml.nn.transport import sinkhorn


def problem(seed, n_rows=4, n_columns=9):
    rng = np.random.default_rng(seed)
    cost = torch.tensor(rng.uniform(0, 3, size=(n_rows, n_columns)))
    rows, columns = (torch.tensor(rng.dirichlet(np.full(n, 3.0))) for n in (n_rows, n_columns))
    return cost, rows, columns


def least_cost(cost, rows, columns):
    """The cost of optimal transport without entropy, by linear programming in SciPy."""
    n, m = cost.shape
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return linprog(cost.numpy().ravel(), A_eq=sums, b_eq=np.concatenate([rows, columns])).fun


@given(st.integers(0, 10_000), st.sampled_from([0.1, 5.0, 20.0, 300.0]), st.integers(1, 6), st.integers(1, 12))
def test_the_plan_has_the_requested_row_and_column_sums(seed, sharpness, n_rows, n_columns):
    cost, rows, columns = problem(seed, n_rows, n_columns)
    plan, _ = sinkhorn(cost, rows, columns, sharpness=sharpness, tolerance=1e-3, max_iterations=100_000)
    assert (plan >= 0).all()
    torch.testing.assert_close(plan.sum(dim=0), columns)
    assert float((plan.sum(dim=1) - rows).abs().sum()) <= 1.001e-3


@pytest.mark.parametrize("seed", range(5))
def test_with_little_entropy_the_cost_equals_linear_programming(seed):
    cost, rows, columns = problem(seed)
    plan, _ = sinkhorn(cost, rows, columns, sharpness=2000.0, tolerance=1e-6, max_iterations=1_000_000)
    assert float((plan * cost).sum()) == pytest.approx(least_cost(cost, rows, columns), abs=2e-3)


def test_the_plan_is_a_scaled_kernel():
    cost, rows, columns = problem(0)
    plan, potential = sinkhorn(cost, rows, columns, sharpness=7.0, tolerance=1e-10, max_iterations=10_000)
    g = plan.log() / 7.0 + cost - potential.unsqueeze(1)  # the other potential: the same in every row
    torch.testing.assert_close(g, g[:1].expand_as(g), rtol=0, atol=1e-7)


def test_the_plan_is_the_gradient_of_the_minimum():
    cost, rows, columns = problem(1)
    options = {"sharpness": 10.0, "tolerance": 1e-12, "max_iterations": 10_000}

    def value(cost):
        plan = sinkhorn(cost, rows, columns, **options)[0]
        return float((plan * cost).sum() + (plan * (plan.log() - 1)).sum() / 10.0)

    plan = sinkhorn(cost, rows, columns, **options)[0]
    for i, j in ((0, 0), (1, 5), (3, 8)):
        step = torch.zeros_like(cost)
        step[i, j] = 1e-5
        assert (value(cost + step) - value(cost - step)) / 2e-5 == pytest.approx(float(plan[i, j]), abs=1e-6)


def test_the_potential_of_a_solved_problem_needs_no_iteration():
    cost, rows, columns = problem(2)
    plan, potential = sinkhorn(cost, rows, columns, tolerance=1e-10, max_iterations=10_000)
    again, _ = sinkhorn(cost, rows, columns, tolerance=1e-6, max_iterations=0, start=potential)
    torch.testing.assert_close(again, plan, atol=1e-8, rtol=1e-6)


def test_large_costs_do_not_overflow_in_single_precision():
    cost, rows, columns = (x.float() for x in problem(3))
    plan, potential = sinkhorn(1e4 * cost, rows, columns, sharpness=20.0, max_iterations=200)
    assert torch.isfinite(plan).all()
    assert torch.isfinite(potential).all()
    torch.testing.assert_close(plan.sum(dim=0), columns)
