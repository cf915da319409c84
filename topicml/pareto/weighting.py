"""The protocol of weightings, which is TorchJD's: any of theirs can stand where ours can."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.settings import Settings


class Weighting(Protocol):
    """Weights of m objectives from the Gramian of their gradients."""

    def __call__(self, gramian: Tensor, /) -> Tensor:
        """Weights (m,) from the Gramian (m, m)."""


class FixedWeights(Settings):
    """The same weights at every step: the objectives' weighted sum.

    Parameters
    ----------
    weights : sequence of float, optional
        One for each objective, in order; by default 1 for each.
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        try:
            self.weights = None if weights is None else [float(weight) for weight in weights]
        except (TypeError, ValueError) as error:
            raise InputError(f"weights must be a list of numbers; received {weights!r}.") from error
        if self.weights is not None and not torch.tensor(self.weights).isfinite().all():
            raise InputError(f"weights must be finite numbers; received {self.weights}.")

    def __call__(self, gramian: Tensor) -> Tensor:
        """Weights (m,).

        Raises
        ------
        InputError
            If there are not as many weights as objectives.
        """
        if self.weights is None:
            return torch.ones(len(gramian), dtype=gramian.dtype, device=gramian.device)
        if len(self.weights) != len(gramian):
            raise InputError(
                f"FixedWeights({self.weights}) holds {len(self.weights)} weights; there are {len(gramian)} objectives. "
                "Give one weight for each, the model's own loss first."
            )
        return torch.tensor(self.weights, dtype=gramian.dtype, device=gramian.device)
