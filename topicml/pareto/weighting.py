"""The protocol of weightings, and fixed weights."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.settings import Settings


class Weighting(Protocol):
    """A function from the Gramian of the losses' gradients to weights.

    The protocol is TorchJD's, so its weightings can be used in place of topicml's. A weighting with state also has
    ``reset()``, ``state_dict()`` and ``load_state_dict(state)``.

    Examples
    --------
    Weights by the inverse length of each gradient:

    >>> import torch
    >>> from topicml.pareto import Balance
    >>> def inverse_length(gramian):
    ...     return 1 / gramian.diagonal().sqrt()
    >>> point = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> losses = {"model": 4 * point[0], "contrast": 2 * point[1]}
    >>> record = Balance(inverse_length, normalize="none").backward(losses, [point])
    >>> record["weight_model"], record["weight_contrast"]
    (0.25, 0.5)
    """

    def __call__(self, gramian: Tensor, /) -> Tensor:
        """Compute the weights, (n_losses,), from the Gramian, (n_losses, n_losses)."""


class FixedWeights(Settings):
    """The same weights at every step: a weighted sum of the losses.

    Parameters
    ----------
    weights : sequence of float, optional
        One for each loss, in order: first the model's own, then the contrasts'. By default 1 for each.

    Raises
    ------
    InputError
        If the weights are not finite numbers.

    Examples
    --------
    Without normalization (the default of `Balance` for this weighting) the result is the gradient of the sum.

    >>> import torch
    >>> from topicml.pareto import Balance, FixedWeights
    >>> point = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> losses = {"model": 4 * point[0], "contrast": point[1]}
    >>> record = Balance(FixedWeights([1.0, 5.0])).backward(losses, [point])
    >>> point.grad
    tensor([4., 5.])
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        try:
            self.weights = None if weights is None else [float(weight) for weight in weights]
        except (TypeError, ValueError) as error:
            raise InputError(f"weights must be a list of numbers; received {weights!r}.") from error
        if self.weights is not None and not torch.tensor(self.weights).isfinite().all():
            raise InputError(f"weights must be finite numbers; received {self.weights}.")

    def __call__(self, gramian: Tensor) -> Tensor:
        """Return the weights, (n_losses,), for a Gramian, (n_losses, n_losses).

        Raises
        ------
        InputError
            If the number of weights is not the number of losses.
        """
        if self.weights is None:
            return torch.ones(len(gramian), dtype=gramian.dtype, device=gramian.device)
        if len(self.weights) != len(gramian):
            raise InputError(
                f"FixedWeights({self.weights}) has {len(self.weights)} weights, but there are {len(gramian)} losses. "
                "Pass one weight per loss, the model's own loss first."
            )
        return torch.tensor(self.weights, dtype=gramian.dtype, device=gramian.device)
