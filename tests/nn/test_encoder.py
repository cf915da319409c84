import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from topicml.nn.batch import Batch
from topicml.nn.encoder import BagEncoder

COUNTS = sp.csr_matrix(np.random.default_rng(0).poisson(1.0, size=(40, 10)) + 1)


def log_variance(n_topics, **options):
    """Mean log-variance of the posterior at the start, of each topic."""
    torch.manual_seed(0)
    encoder = BagEncoder(10, n_topics, **options)
    posterior = encoder(Batch.from_counts(COUNTS, np.arange(40)))
    return 2 * posterior.scale.log().mean(dim=0)


@pytest.mark.parametrize(("n_topics", "options"), [(2, {}), (50, {}), (80, {"few_topics": 80})])
def test_the_posterior_of_few_topics_starts_with_unit_variance(n_topics, options):
    torch.testing.assert_close(log_variance(n_topics, **options), torch.zeros(n_topics), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("n_topics", "options", "excess"), [(100, {}, 2), (30, {"few_topics": 10}, 3)])
def test_with_more_than_few_topics_variance_and_epsilon_are_smaller(n_topics, options, excess):
    expected = torch.full((n_topics,), -2 * math.log(excess))
    torch.testing.assert_close(log_variance(n_topics, **options), expected, atol=1e-5, rtol=0)
    few, many = BagEncoder(10, 2), BagEncoder(10, n_topics, **options)
    for norm in ("loc_norm", "log_variance_norm"):
        assert getattr(many, norm).eps == pytest.approx(getattr(few, norm).eps / excess**3)


def test_the_variance_of_a_document_unlike_the_others_does_not_underflow():
    encoder = BagEncoder(10, 3).eval()
    with torch.no_grad():
        encoder.log_variance_norm.running_mean += 1e4
    posterior = encoder(Batch.from_counts(COUNTS, np.arange(40)))
    torch.testing.assert_close(posterior.scale, torch.full((40, 3), math.exp(-15)), atol=0, rtol=1e-5)
