"""The protocol of weightings, which is TorchJD's: any of theirs can stand where ours can."""

from typing import Protocol

from torch import Tensor


class Weighting(Protocol):
    """Weights of m objectives from the Gramian of their gradients."""

    def __call__(self, gramian: Tensor, /) -> Tensor:
        """Weights (m,) from the Gramian (m, m)."""
