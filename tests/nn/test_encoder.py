import math

import pytest
import torch

from topicml.nn.encoder import BagEncoder


@pytest.mark.parametrize("n_topics", [2, 50])
def test_few_topics_start_with_unit_noise(n_topics):
    encoder = BagEncoder(10, n_topics)
    assert torch.equal(encoder.log_variance_norm.bias, torch.zeros(n_topics))
    assert encoder.loc_norm.eps == encoder.log_variance_norm.eps == 1e-3


def test_noise_and_eps_shrink_with_the_topics_beyond_fifty():
    encoder = BagEncoder(10, 100)
    torch.testing.assert_close(encoder.log_variance_norm.bias, torch.full((100,), -2 * math.log(2)))
    assert encoder.loc_norm.eps == encoder.log_variance_norm.eps == 1e-3 / 8
