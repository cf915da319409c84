"""Running statistics of batch normalisation that stay what they are."""

import pytest
import torch
from torch import nn

from topicml.nn.statistics import same_statistics


@pytest.mark.parametrize("momentum", [0.1, None])
def test_what_is_normalised_in_the_context_counts_in_no_statistic(momentum):
    norm = nn.BatchNorm1d(2, momentum=momentum)
    other = nn.BatchNorm1d(2, momentum=momentum)
    first, view, second = torch.randn(3, 20, 2).unbind()
    for each in (first, second):
        other(each)
    norm(first)
    with same_statistics(nn.Sequential(norm)):
        inside = norm(view)
    norm(second)
    torch.testing.assert_close(inside, nn.BatchNorm1d(2)(view))  # normalised by its own statistics
    for name, value in other.state_dict().items():
        torch.testing.assert_close(norm.state_dict()[name], value, rtol=0, atol=0)


def test_after_an_error_statistics_are_updated_again():
    norm = nn.BatchNorm1d(2)
    with pytest.raises(ZeroDivisionError), same_statistics(norm):
        raise ZeroDivisionError
    assert norm.momentum == 0.1
