"""Running statistics of batch normalisation."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def same_statistics(part: nn.Module) -> Iterator[None]:
    """Within this context, the running statistics of batch normalisation do not change in training mode.

    Parameters
    ----------
    part : nn.Module
        Its layers of batch normalisation, also those of its modules.
    """
    norms = [module for module in part.modules() if isinstance(module, nn.BatchNorm1d)]
    before = [(norm.momentum, int(norm.num_batches_tracked or 0)) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, n_batches) in zip(norms, before, strict=True):
            norm.momentum = momentum
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.fill_(n_batches)
