"""The parameters on which a tensor depends, from autograd's graph."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor

Edge = tuple[Any, int]  # a node of the graph and the index of its output


def edge_of(tensor: Tensor) -> Edge:
    """The node that computes a tensor (not a leaf), and which of its outputs the tensor is."""
    return tensor.grad_fn, tensor.output_nr


class Dependence:
    """Find the parameters on which tensors depend, in a graph that is cut at a representation.

    Parameters
    ----------
    parameters : sequence of Tensor
        Leaves of the graph. Results are positions in this sequence.
    representation : sequence of Tensor
        Where the graph is cut: paths through these tensors are ignored.
    """

    def __init__(self, parameters: Sequence[Tensor], representation: Sequence[Tensor]) -> None:
        self._positions = {id(parameter): i for i, parameter in enumerate(parameters)}
        self._cut_edges = {edge_of(tensor) for tensor in representation}

    def direct(self, loss: Tensor) -> set[int]:
        """Positions of the parameters that `loss` depends on by a path that avoids the representation."""
        if loss.grad_fn is None:
            return set()
        return self._walk([edge_of(loss)])[0]

    def upstream(self, tensor: Tensor) -> tuple[set[int], bool]:
        """Positions of the parameters that `tensor` of the representation is computed from.

        Also returns whether it is computed from another tensor of the representation.
        """
        node: Any = tensor.grad_fn
        return self._walk(edge for edge in node.next_functions if edge[0] is not None)

    def _walk(self, edges: Iterable[Edge]) -> tuple[set[int], bool]:
        """Positions of the parameters behind these edges, and whether a path met the cut."""
        stack, visited, positions, crossed = list(edges), set(), set(), False
        while stack:
            edge = stack.pop()
            if edge in self._cut_edges:
                crossed = True
                continue
            node = edge[0]
            if node in visited:
                continue
            visited.add(node)
            if hasattr(node, "variable"):
                position = self._positions.get(id(node.variable))
                if position is not None:
                    positions.add(position)
                continue
            stack.extend(each for each in node.next_functions if each[0] is not None)
        return positions, crossed
