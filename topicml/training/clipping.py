"""Clip the gradient, sparse parts included."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_gradient(parameters: Iterable[nn.Parameter], longest: float) -> float:
    """Scale a gradient down to a length, as `torch.nn.utils.clip_grad_norm_` does.

    Sparse gradients are coalesced. A gradient that is short enough is only read: torch multiplies it by 1.

    Parameters
    ----------
    parameters : iterable of Parameter
        Their `grad` is changed in place; it may be None.
    longest : float
        Largest length.

    Returns
    -------
    float
        The length before. If it is not finite, the gradient does not change.
    """
    values: list[Tensor] = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            values.append(parameter.grad.values())
        elif parameter.grad is not None:
            values.append(parameter.grad)
    if not values:
        return 0.0
    length = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in values])))
    if longest < length < float("inf"):
        for each in values:
            each.mul_(longest / (length + 1e-6))
    return length
