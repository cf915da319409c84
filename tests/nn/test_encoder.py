import math

import pytest
import torch

from topicml.nn.encoder import BagEncoder


@pytest.mark.parametrize("n_topics", [2, 50])
def test_the_posterior_of_few_topics_starts_with_unit_variance(n_topics):
    encoder = BagEncoder(10, n_topics)
    assert torch.equal(encoder.log_variance_norm.bias, torch.zeros(n_topics))
    assert encoder.loc_norm.eps == encoder.log_variance_norm.eps == 1e-3


def test_with_more_than_fifty_topics_variance_and_epsilon_are_smaller():
    encoder = BagEncoder(10, 100)
    torch.testing.assert_close(encoder.log_variance_norm.bias, torch.full((100,), -2 * math.log(2)))
    assert encoder.loc_norm.eps == encoder.log_variance_norm.eps == 1e-3 / 8
