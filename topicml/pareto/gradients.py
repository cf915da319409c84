"""Gradients of several losses, their inner products and their sums."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

Gradients = list[list[Tensor | None]]  # a row per loss, a column per tensor; None if the loss does not depend on it
SHARED = -1
UNUSED = -2


def gradients_of(losses: Sequence[Tensor], tensors: Sequence[Tensor], *, keep_graph: bool = False) -> Gradients:
    """Compute the gradient of each loss at each tensor.

    Parameters
    ----------
    losses : sequence of scalar Tensor
        The first one, the model's own, has the largest graph: it is computed last, so that its buffers can be freed.
    tensors : sequence of Tensor
        Parameters, or tensors of the graph.
    keep_graph : bool
        Keep the graph after the last loss.

    Returns
    -------
    list of lists of Tensor or None
        One row per loss, one column per tensor.
    """
    gradients: Gradients = [[None] * len(tensors) for _ in losses]
    for position in reversed(range(len(losses))):
        if losses[position].requires_grad and tensors:
            keep = keep_graph or position > 0
            row = torch.autograd.grad(losses[position], tensors, retain_graph=keep, allow_unused=True)
            gradients[position] = list(row)
    return gradients


def owners_of(gradients: Gradients) -> list[int]:
    """For each tensor the loss that it belongs to: see `owner_of`."""
    columns = zip(*gradients, strict=True)
    return [owner_of([k for k, gradient in enumerate(column) if gradient is not None]) for column in columns]


def owner_of(losses: Collection[int]) -> int:
    """The only loss that depends on a tensor; `SHARED` if several do, `UNUSED` if no loss does."""
    return min(losses) if len(losses) == 1 else SHARED if losses else UNUSED


def gramian_of(gradients: Gradients, columns: Sequence[int]) -> Tensor:
    """Compute the inner products of the losses' gradients over some of the tensors.

    Parameters
    ----------
    gradients : list of lists of Tensor or None
        One row per loss, one column per tensor.
    columns : sequence of int
        The tensors.

    Returns
    -------
    Tensor, float64, (n_losses, n_losses)
        On the CPU. Summed tensor by tensor, so that the gradients need not be copied into one vector.
    """
    rows = [[_flat(row[i]) for i in columns] for row in gradients]
    gramian = torch.zeros(len(rows), len(rows), dtype=torch.float64)
    positions, dots = [], []
    for i, first in enumerate(rows):
        for j, second in enumerate(rows[: i + 1]):
            products = [_dot(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
            positions += [(i, j)] * len(products)
            dots += products
    if dots:  # one transfer from the device for all
        for (i, j), value in zip(positions, torch.stack(dots).tolist(), strict=True):
            gramian[i, j] += value
            gramian[j, i] = gramian[i, j]
    return gramian


def combined(gradients: Gradients, column: int, coefficients: Sequence[float]) -> Tensor:
    """Sum the losses' gradients at one tensor, each times its coefficient.

    Parameters
    ----------
    gradients : list of lists of Tensor or None
        One row per loss, one column per tensor.
    column : int
        The tensor; at least one loss must depend on it.
    coefficients : sequence of float
        One per loss.

    Returns
    -------
    Tensor
        A new one, in the shape of the tensor.
    """
    total: Tensor | None = None
    for row, coefficient in zip(gradients, coefficients, strict=True):
        gradient = row[column]
        if gradient is not None:
            total = gradient * coefficient if total is None else total.add_(gradient, alpha=coefficient)
    assert total is not None
    return total


def without_shared_memory(gradients: list[Tensor | None]) -> list[Tensor | None]:
    """Copy gradients that share memory, so that a change of one in place does not change another.

    Autograd returns the same tensor for both terms of a sum, and an expanded one for the terms of a mean.
    """
    memory_ids: set[int] = set()
    separate: list[Tensor | None] = []
    for gradient in gradients:
        if gradient is not None:
            gradient = gradient.coalesce() if gradient.is_sparse else gradient
            memory = values_of(gradient).untyped_storage().data_ptr()
            if memory in memory_ids:
                gradient = gradient.clone()
            if not gradient.is_sparse and not gradient.is_contiguous():
                gradient = gradient.clone(memory_format=torch.contiguous_format)
            memory_ids.add(memory)
        separate.append(gradient)
    return separate


def values_of(gradient: Tensor) -> Tensor:
    """All values of a gradient that may not be zero: a dense tensor, in the memory of the gradient."""
    return gradient.values() if gradient.is_sparse else gradient


def _dot(first: Tensor, second: Tensor) -> Tensor:
    """The inner product of two vectors, or of two sparse matrices."""
    if first.is_sparse and second.is_sparse:
        return torch.sparse.sum(first * second)
    if first.is_sparse or second.is_sparse:
        first, second = (each.to_dense().reshape(-1) if each.is_sparse else each for each in (first, second))
    return torch.dot(first, second)


def _flat(gradient: Tensor | None) -> Tensor | None:
    """The gradient as a vector of at least float32; a sparse one stays a matrix."""
    if gradient is None:
        return None
    if gradient.is_sparse:
        return gradient.coalesce().to(torch.promote_types(gradient.dtype, torch.float32))
    return gradient.reshape(-1).to(torch.promote_types(gradient.dtype, torch.float32))
