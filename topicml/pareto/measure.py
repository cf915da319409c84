"""Where gradients are measured, at the parameters or at the representation, and the combined gradient from there."""

from collections.abc import Sequence

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.pareto.gradients import SHARED, Gradients, apart, combined, gradients_of, gramian_of, owners_of
from topicml.pareto.graph import Dependence

_SMALL = 1e-6  # a smaller weight is not divided out again: too little of the gradient is left


class AtParameters:
    """Gradients of the losses at every parameter: a backward pass a loss.

    Attributes
    ----------
    gramian : Tensor, float64, (n_losses, n_losses)
        Inner products of the gradients over the parameters that several losses share.
    owners : list of int
        Of each parameter, who touches it (see `topicml.pareto.gradients.owners_of`).
    """

    def __init__(self, losses: Sequence[Tensor], parameters: Sequence[Tensor]) -> None:
        self._gradients = gradients_of(losses, parameters)
        self.owners = owners_of(self._gradients)
        shared = [i for i, owner in enumerate(self.owners) if owner == SHARED or len(losses) == 1]
        self.gramian = gramian_of(self._gradients, shared)

    def combine(self, coefficients: Sequence[float], own: Sequence[float]) -> list[Tensor | None]:
        """The gradient of each parameter: `coefficients` where losses share it, `own` where it is one loss's alone."""
        return apart([self._at(i, owner, coefficients, own) for i, owner in enumerate(self.owners)])

    def _at(self, i: int, owner: int, coefficients: Sequence[float], own: Sequence[float]) -> Tensor | None:
        if owner == SHARED:
            return combined(self._gradients, i, coefficients)
        return _scaled(self._gradients[owner][i], own[owner]) if owner >= 0 else None


class AtRepresentation:
    """Gradients of the losses at the representation, and one backward pass from there through the encoder.

    The Gramian at the representation bounds that at the encoder's parameters: ``|sum_k w_k dL_k/dp|`` is at most
    ``|dz/dp| |sum_k w_k dL_k/dz|`` with z all tensors of the representation. It is blind to what happens in the
    encoder: losses of different tensors, such as the document's posterior and those of its two halves, have cosine 0.

    The combined gradient is exact: the same that `AtParameters` gives with the same coefficients. What lies above a
    parameter that losses reach both through the representation and beside it costs a pass a loss.

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
        below = [graph.below(loss) for loss in losses]
        above = self._above(graph)
        mixed = set().union(*below) & set().union(*above)
        self._below = sorted(set().union(*below))
        gradients = gradients_of(
            losses, [*self._tensors, *(parameters[i] for i in self._below)], keep_graph=bool(mixed)
        )
        count = len(self._tensors)
        self._at_tensors: Gradients = [row[:count] for row in gradients]
        self._at_below: Gradients = [row[count:] for row in gradients]
        self.owners = self._owners(above, len(parameters))
        self.gramian = gramian_of(self._at_tensors, range(count))

    def combine(self, coefficients: Sequence[float], own: Sequence[float]) -> list[Tensor | None]:
        """As `AtParameters.combine`."""
        found: list[Tensor | None] = [None] * len(self._parameters)
        for column, i in enumerate(self._below):
            owner = self.owners[i]
            if owner == SHARED:
                found[i] = combined(self._at_below, column, coefficients)
            elif owner >= 0:
                found[i] = _scaled(self._at_below[owner][column], own[owner])
        for owner, row in enumerate(self._at_tensors):
            self._through_encoder(found, row, owner, own[owner])
        touched = [any(row[t] is not None for row in self._at_tensors) for t in range(len(self._tensors))]
        total = [combined(self._at_tensors, t, coefficients) if here else None for t, here in enumerate(touched)]
        self._through_encoder(found, total, SHARED, 1.0)
        return apart(found)

    def _through_encoder(
        self, found: list[Tensor | None], at_tensors: list[Tensor | None], owner: int, scale: float
    ) -> None:
        """Fill in the gradients of the parameters above the representation that are `owner`'s."""
        below = set(self._below)
        wanted = [i for i, each in enumerate(self.owners) if each == owner and i not in below]
        starts = [t for t, gradient in enumerate(at_tensors) if gradient is not None]
        if not wanted or not starts:
            return
        gradients = torch.autograd.grad(
            [self._tensors[t] for t in starts],
            [self._parameters[i] for i in wanted],
            grad_outputs=[at_tensors[t] for t in starts],
            retain_graph=owner != SHARED,  # the shared ones come last
            allow_unused=True,
        )
        for i, gradient in zip(wanted, gradients, strict=True):
            found[i] = _scaled(gradient, scale)

    def _above(self, graph: Dependence) -> list[set[int]]:
        above = []
        for tensor in self._tensors:
            parameters, crossed = graph.above(tensor)
            if crossed:
                raise InputError(
                    "A tensor of the representation is computed from another one of it. Give those that the losses "
                    "read, such as the mean and the scale of the posterior, and not what lies between them."
                )
            above.append(parameters)
        return above

    def _owners(self, above: list[set[int]], size: int) -> list[int]:
        touching: list[set[int]] = [set() for _ in range(size)]
        for loss, (at_tensors, at_below) in enumerate(zip(self._at_tensors, self._at_below, strict=True)):
            for gradient, reached in zip(at_tensors, above, strict=True):
                for i in reached if gradient is not None else ():
                    touching[i].add(loss)
            for gradient, i in zip(at_below, self._below, strict=True):
                if gradient is not None:
                    touching[i].add(loss)
        return [min(each) if len(each) == 1 else SHARED if each else -2 for each in touching]


def weighted_sum(
    losses: Sequence[Tensor],
    parameters: Sequence[Tensor],
    owners: Sequence[int],
    coefficients: Sequence[float],
    own: Sequence[float],
) -> list[Tensor | None]:
    """The combined gradient by one backward pass of the weighted sum.

    What is one loss's alone has been weighted with it, and is divided by the weight again; where that is nearly zero,
    the loss's own gradient is computed for those parameters.
    """
    found: list[Tensor | None] = [None] * len(parameters)
    separate = [
        k for k, (c, o) in enumerate(zip(coefficients, own, strict=True)) if c != o and abs(c) < _SMALL and k in owners
    ]
    for k in separate:
        wanted = [i for i, owner in enumerate(owners) if owner == k]
        gradients = torch.autograd.grad(
            losses[k], [parameters[i] for i in wanted], retain_graph=True, allow_unused=True
        )
        for i, gradient in zip(wanted, gradients, strict=True):
            found[i] = _scaled(gradient, own[k])
    rest = [i for i, owner in enumerate(owners) if owner not in separate]
    live = [(loss, c) for loss, c in zip(losses, coefficients, strict=True) if loss.requires_grad]
    total = sum((loss * c for loss, c in live[1:]), live[0][0] * live[0][1])
    gradients = torch.autograd.grad(total, [parameters[i] for i in rest], allow_unused=True)
    for i, gradient in zip(rest, gradients, strict=True):
        owner = owners[i]
        same = owner < 0 or coefficients[owner] == own[owner]
        found[i] = gradient if same else _scaled(gradient, own[owner] / coefficients[owner])
    return apart(found)


def _scaled(gradient: Tensor | None, scale: float) -> Tensor | None:
    return gradient if gradient is None or scale == 1.0 else gradient * scale
