"""Gradients of several losses: what they share, their inner products, and their combination."""

from collections.abc import Sequence

import torch
from torch import Tensor

Gradients = list[list[Tensor | None]]  # one row a loss, one column a tensor; None where the loss does not depend on it


def gradients_of(losses: Sequence[Tensor], tensors: Sequence[Tensor], *, keep_graph: bool = False) -> Gradients:
    """Gradient of each loss at each tensor.

    The first loss is the model's own and has the largest graph: it comes last, which frees its buffers.
    """
    found: Gradients = [[None] * len(tensors) for _ in losses]
    for position in reversed(range(len(losses))):
        if losses[position].requires_grad and tensors:
            keep = keep_graph or position > 0
            found[position] = list(torch.autograd.grad(losses[position], tensors, retain_graph=keep, allow_unused=True))
    return found


def owners_of(gradients: Gradients) -> list[int]:
    """Who touches each tensor: the loss's position, `SHARED` for several losses, `NOBODY` for none."""
    owners = []
    for column in zip(*gradients, strict=True):
        touching = [position for position, gradient in enumerate(column) if gradient is not None]
        owners.append(touching[0] if len(touching) == 1 else SHARED if touching else NOBODY)
    return owners


SHARED = -1
NOBODY = -2


def gramian_of(gradients: Gradients, columns: Sequence[int]) -> Tensor:
    """Inner products of the losses' gradients over the chosen tensors, float64 on the CPU, (n_losses, n_losses).

    Summed tensor by tensor: the gradients are never copied into one vector.
    """
    rows = [[_flat(row[i]) for i in columns] for row in gradients]
    gramian = torch.zeros(len(rows), len(rows), dtype=torch.float64)
    places, dots = [], []
    for i, first in enumerate(rows):
        for j, second in enumerate(rows[: i + 1]):
            found = [torch.dot(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
            places += [(i, j)] * len(found)
            dots += found
    if dots:  # fetched from the device at once
        for (i, j), value in zip(places, torch.stack(dots).tolist(), strict=True):
            gramian[i, j] += value
            gramian[j, i] = gramian[i, j]
    return gramian


def combined(gradients: Gradients, column: int, coefficients: Sequence[float]) -> Tensor:
    """Sum of the losses' gradients at one tensor, each times its coefficient: a new tensor."""
    total: Tensor | None = None
    for row, coefficient in zip(gradients, coefficients, strict=True):
        gradient = row[column]
        if gradient is not None:
            total = gradient * coefficient if total is None else total.add_(gradient, alpha=coefficient)
    assert total is not None
    return total


def apart(gradients: list[Tensor | None]) -> list[Tensor | None]:
    """The same gradients, none of which shares its memory with another: who scales one in place leaves the others.

    Autograd hands one tensor to both terms of a sum, and an expanded one to the terms of a mean.
    """
    seen: set[int] = set()
    own: list[Tensor | None] = []
    for gradient in gradients:
        if gradient is not None:
            memory = gradient.untyped_storage().data_ptr()
            if memory in seen or not gradient.is_contiguous():
                gradient = gradient.clone(memory_format=torch.contiguous_format)
            seen.add(memory)
        own.append(gradient)
    return own


def _flat(gradient: Tensor | None) -> Tensor | None:
    if gradient is None:
        return None
    return gradient.reshape(-1).to(torch.promote_types(gradient.dtype, torch.float32))
