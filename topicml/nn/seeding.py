"""Seeded random numbers that leave the caller's random state unchanged."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from topicml.nn.process import alone


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Context manager: `alone`, seed torch's CPU generator, and restore the caller's state afterwards."""
    with alone(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
