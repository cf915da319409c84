"""Gradients measured at the parameters or at a representation, and the combined gradient of each."""

from collections.abc import Sequence

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.pareto.gradients import (
    SHARED,
    Gradients,
    combined,
    gradients_of,
    gramian_of,
    owner_of,
    owners_of,
    without_shared_memory,
)
from topicml.pareto.graph import Dependence

_SMALL = 1e-6  # dividing a gradient by a smaller weight would lose too many digits


class AtParameters:
    """Gradients of the losses at every parameter, by one backward pass per loss.

    Parameters
    ----------
    losses : sequence of scalar Tensor
        Their graph is freed.
    parameters : sequence of Tensor
        Leaf tensors that require gradients.

    Attributes
    ----------
    gramian : Tensor, float64, (n_losses, n_losses)
        Inner products of the gradients over the parameters that several losses share.
    owners : list of int
        For each parameter, the loss that it belongs to (`topicml.pareto.gradients.owners_of`).
    """

    def __init__(self, losses: Sequence[Tensor], parameters: Sequence[Tensor]) -> None:
        self._gradients = gradients_of(losses, parameters)
        self.owners = owners_of(self._gradients)
        shared = [i for i, owner in enumerate(self.owners) if owner == SHARED or len(losses) == 1]
        self.gramian = gramian_of(self._gradients, shared)

    def combine(self, coefficients: Sequence[float], unshared: Sequence[float]) -> list[Tensor | None]:
        """Compute the combined gradient.

        Parameters
        ----------
        coefficients : sequence of float
            Factor of each loss's gradient at parameters that losses share.
        unshared : sequence of float
            Factor of each loss's gradient at parameters that only this loss depends on.

        Returns
        -------
        list of Tensor or None
            One per parameter; None if no loss depends on it.
        """
        return without_shared_memory(
            [self._at(i, owner, coefficients, unshared) for i, owner in enumerate(self.owners)]
        )

    def _at(self, i: int, owner: int, coefficients: Sequence[float], unshared: Sequence[float]) -> Tensor | None:
        """The combined gradient of parameter i."""
        if owner == SHARED:
            return combined(self._gradients, i, coefficients)
        return _scaled(self._gradients[owner][i], unshared[owner]) if owner >= 0 else None


class AtRepresentation:
    """Gradients of the losses at the representation, and one backward pass from there through the encoder.

    The Gramian at the representation bounds the one at the encoder's parameters: ``|sum_k w_k dL_k/dp|`` is at most
    ``|dz/dp| |sum_k w_k dL_k/dz|``, where z has all tensors of the representation. It ignores the encoder: losses of
    different tensors, such as the posteriors of a document and of its two halves, have cosine 0.

    The combined gradient is exact: it equals that of `AtParameters` with the same coefficients. If losses depend on a
    parameter both through the representation and directly, the encoder needs one backward pass per loss.

    Parameters
    ----------
    losses : sequence of scalar Tensor
        Their graph is freed.
    parameters : sequence of Tensor
        Leaf tensors that require gradients.
    representation : sequence of Tensor
        Outputs of the encoder; none may be computed from another.

    Attributes
    ----------
    gramian : Tensor, float64, (n_losses, n_losses)
        Inner products of the gradients at the representation.
    owners : list of int
        For each parameter, the loss that it belongs to (`topicml.pareto.gradients.owners_of`).

    Raises
    ------
    InputError
        If a tensor of the representation is computed from another one.

    References
    ----------
    Sener & Koltun 2018, section 3.3 (MGDA-UB).
    """

    def __init__(
        self, losses: Sequence[Tensor], parameters: Sequence[Tensor], representation: Sequence[Tensor]
    ) -> None:
        self._parameters = parameters
        self._tensors = [tensor for tensor in representation if tensor.grad_fn is not None]
        graph = Dependence(parameters, self._tensors)
        upstream = self._upstream(graph)
        direct = set().union(*(graph.direct(loss) for loss in losses))
        self._direct = sorted(direct)
        both_ways = direct & set().union(*upstream)
        tensors = [*self._tensors, *(parameters[i] for i in self._direct)]
        gradients = gradients_of(losses, tensors, keep_graph=bool(both_ways))
        count = len(self._tensors)
        self._at_tensors: Gradients = [row[:count] for row in gradients]
        self._at_direct: Gradients = [row[count:] for row in gradients]
        self.owners = self._owners(upstream, len(parameters))
        self.gramian = gramian_of(self._at_tensors, range(count))

    def combine(self, coefficients: Sequence[float], unshared: Sequence[float]) -> list[Tensor | None]:
        """Compute the combined gradient; see `AtParameters.combine`."""
        combination: list[Tensor | None] = [None] * len(self._parameters)
        for column, i in enumerate(self._direct):
            owner = self.owners[i]
            if owner == SHARED:
                combination[i] = combined(self._at_direct, column, coefficients)
            elif owner >= 0:
                combination[i] = _scaled(self._at_direct[owner][column], unshared[owner])
        for owner, row in enumerate(self._at_tensors):
            self._through_encoder(combination, row, owner, unshared[owner])
        is_used = [any(row[t] is not None for row in self._at_tensors) for t in range(len(self._tensors))]
        total = [combined(self._at_tensors, t, coefficients) if used else None for t, used in enumerate(is_used)]
        self._through_encoder(combination, total, SHARED, 1.0)
        return without_shared_memory(combination)

    def _through_encoder(
        self, combination: list[Tensor | None], at_tensors: list[Tensor | None], owner: int, scale: float
    ) -> None:
        """Fill in the gradients of the encoder's parameters that belong to `owner`."""
        direct = set(self._direct)
        positions = [i for i, each in enumerate(self.owners) if each == owner and i not in direct]
        starts = [t for t, gradient in enumerate(at_tensors) if gradient is not None]
        if not positions or not starts:
            return
        gradients = torch.autograd.grad(
            [self._tensors[t] for t in starts],
            [self._parameters[i] for i in positions],
            grad_outputs=[at_tensors[t] for t in starts],
            retain_graph=owner != SHARED,  # the shared ones come last
            allow_unused=True,
        )
        for i, gradient in zip(positions, gradients, strict=True):
            combination[i] = _scaled(gradient, scale)

    def _upstream(self, graph: Dependence) -> list[set[int]]:
        """For each tensor of the representation, the parameters that it is computed from."""
        upstream = []
        for tensor in self._tensors:
            parameters, crossed = graph.upstream(tensor)
            if crossed:
                raise InputError(
                    "A tensor of the representation is computed from another one of it. Pass only those that the "
                    "losses read, such as the mean and the scale of the posterior, not intermediate tensors."
                )
            upstream.append(parameters)
        return upstream

    def _owners(self, upstream: list[set[int]], size: int) -> list[int]:
        """For each parameter, the loss that it belongs to."""
        dependent: list[set[int]] = [set() for _ in range(size)]
        for loss, (at_tensors, at_direct) in enumerate(zip(self._at_tensors, self._at_direct, strict=True)):
            for gradient, positions in zip(at_tensors, upstream, strict=True):
                for i in positions if gradient is not None else ():
                    dependent[i].add(loss)
            for gradient, i in zip(at_direct, self._direct, strict=True):
                if gradient is not None:
                    dependent[i].add(loss)
        return [owner_of(each) for each in dependent]


def weighted_sum(
    losses: Sequence[Tensor],
    parameters: Sequence[Tensor],
    owners: Sequence[int],
    coefficients: Sequence[float],
    unshared: Sequence[float],
) -> list[Tensor | None]:
    """Compute the combined gradient by one backward pass of the weighted sum of the losses.

    At a parameter of a single loss, the result is divided by the loss's coefficient. If that is nearly zero, the loss's
    own gradient is computed for its parameters instead.

    Parameters
    ----------
    losses : sequence of scalar Tensor
        Their graph is freed.
    parameters : sequence of Tensor
        Leaf tensors that require gradients.
    owners : sequence of int
        For each parameter, the loss that it belongs to.
    coefficients, unshared : sequence of float
        One per loss, as in `AtParameters.combine`.

    Returns
    -------
    list of Tensor or None
        One per parameter; None if no loss depends on it.
    """
    combination: list[Tensor | None] = [None] * len(parameters)
    separate = [
        k
        for k, (c, u) in enumerate(zip(coefficients, unshared, strict=True))
        if c != u and abs(c) < _SMALL and k in owners
    ]
    for k in separate:
        positions = [i for i, owner in enumerate(owners) if owner == k]
        gradients = torch.autograd.grad(
            losses[k], [parameters[i] for i in positions], retain_graph=True, allow_unused=True
        )
        for i, gradient in zip(positions, gradients, strict=True):
            combination[i] = _scaled(gradient, unshared[k])
    rest = [i for i, owner in enumerate(owners) if owner not in separate]
    terms = [(loss, c) for loss, c in zip(losses, coefficients, strict=True) if loss.requires_grad]
    total = sum((loss * c for loss, c in terms[1:]), terms[0][0] * terms[0][1])
    gradients = torch.autograd.grad(total, [parameters[i] for i in rest], allow_unused=True)
    for i, gradient in zip(rest, gradients, strict=True):
        owner = owners[i]
        same = owner < 0 or coefficients[owner] == unshared[owner]
        combination[i] = gradient if same else _scaled(gradient, unshared[owner] / coefficients[owner])
    return without_shared_memory(combination)


def _scaled(gradient: Tensor | None, scale: float) -> Tensor | None:
    """The gradient times a factor; the same tensor if the factor is 1."""
    return gradient if gradient is None or scale == 1.0 else gradient * scale
