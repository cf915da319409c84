"""Which parameters a tensor depends on, read from autograd's graph."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor

Edge = tuple[Any, int]  # a node of the graph and the number of its output


def edge_of(tensor: Tensor) -> Edge:
    """Where `tensor`, which is computed from others, leaves its node."""
    return tensor.grad_fn, tensor.output_nr


class Dependence:
    """Parameters on which tensors depend, with the graph cut at a representation.

    Parameters
    ----------
    parameters : sequence of Tensor
        Leaves of the graph.
    representation : sequence of Tensor
        Where the graph is cut: what is asked of a tensor leaves out all that goes through these.
    """

    def __init__(self, parameters: Sequence[Tensor], representation: Sequence[Tensor]) -> None:
        self._positions = {id(parameter): i for i, parameter in enumerate(parameters)}
        self._cut = {edge_of(tensor) for tensor in representation}

    def below(self, loss: Tensor) -> set[int]:
        """Positions of the parameters that `loss` reaches beside the representation."""
        if loss.grad_fn is None:
            return set()
        return self._walk([edge_of(loss)])[0]

    def above(self, tensor: Tensor) -> tuple[set[int], bool]:
        """Positions of the parameters that `tensor` is computed from, and whether from another cut too."""
        node: Any = tensor.grad_fn
        return self._walk(edge for edge in node.next_functions if edge[0] is not None)

    def _walk(self, edges: Iterable[Edge]) -> tuple[set[int], bool]:
        waiting, seen, found, crossed = list(edges), set(), set(), False
        while waiting:
            edge = waiting.pop()
            if edge in self._cut:
                crossed = True
                continue
            node = edge[0]
            if node in seen:
                continue
            seen.add(node)
            if hasattr(node, "variable"):
                position = self._positions.get(id(node.variable))
                if position is not None:
                    found.add(position)
                continue
            waiting.extend(each for each in node.next_functions if each[0] is not None)
        return found, crossed
