import numpy as np
import pytest
from scipy.special import softmax

from topicml.errors import InputError
from topicml.nn import laplace_dirichlet


@pytest.mark.parametrize(("alpha", "variance"), [(1.0, 0.98), (0.02, 49.0)])
def test_symmetric_prior_equals_the_closed_form(alpha, variance):
    loc, scale = laplace_dirichlet(alpha, 50)
    np.testing.assert_allclose(loc, 0, atol=1e-12)
    np.testing.assert_allclose(scale**2, variance, rtol=1e-12)


def test_asymmetric_prior_equals_the_values_of_the_formula():
    loc, scale = laplace_dirichlet((0.5, 1, 2), 3)
    np.testing.assert_allclose(loc, [-0.693147, 0, 0.693147], atol=1e-6)
    np.testing.assert_allclose(scale**2, [1.055556, 0.722222, 0.555556], atol=1e-6)


def test_softmax_of_loc_is_the_dirichlet_mean():
    alpha = np.array([0.1, 0.3, 2.0, 5.0])
    loc, _ = laplace_dirichlet(alpha, 4)
    np.testing.assert_allclose(softmax(loc), alpha / alpha.sum())


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), (1.0, 2.0)])
def test_invalid_alpha_raises_an_error(alpha):
    with pytest.raises(InputError, match="alpha"):
        laplace_dirichlet(alpha, 3)
