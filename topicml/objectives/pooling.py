"""Pooling: from the topic vectors of a set's documents to one vector, whatever their order."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.errors import InputError


class Reduce(nn.Module):
    """Pooling without parameters: mean, sum, max or min of every coordinate.

    ``min`` keeps the topics that all documents of the set share, ``max`` those that any of them has.
    """

    def __init__(self, reduce: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., n_topics)."""
        return self.reduce(sets)


class AttentionPooling(nn.Module):
    """Weighted mean, the weights a softmax over the set of a learned score; it starts as the mean.

    References
    ----------
    Ilse, Tomczak & Welling, Attention-based deep multiple instance learning, ICML 2018.
    """

    def __init__(self, n_topics: int, set_size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_topics, n_topics)
        self.score = nn.Linear(n_topics, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., n_topics)."""
        weights = self.score(torch.tanh(self.hidden(sets))).softmax(dim=-2)
        return (weights * sets).sum(dim=-2)


class FSPool(nn.Module):
    """Featurewise sort pooling: every coordinate is sorted over the set, and a learned weight a rank sums it up.

    It starts as the mean; max and min are special cases too. Sets have one size here, so a weight a rank stands for
    the paper's piecewise linear function of the rank.

    References
    ----------
    Zhang, Hare & Prugel-Bennett, FSPool: learning set representations with featurewise sort pooling, ICLR 2020.
    """

    def __init__(self, n_topics: int, set_size: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((set_size, n_topics), 1.0 / set_size))

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., n_topics)."""
        return (sets.sort(dim=-2, descending=True).values * self.weights).sum(dim=-2)


class SlicedWasserstein(nn.Module):
    """Sliced-Wasserstein embedding: along learned directions, how far the set must move to become a reference set.

    ``sort(<directions, set>) - sort(<directions, reference>)``, flattened: distances of embeddings are
    sliced-Wasserstein distances of sets.

    References
    ----------
    Naderializadeh, Comer, Andrews, Hoffmann & Kolouri, Pooling by sliced-Wasserstein embedding, NeurIPS 2021.
    """

    def __init__(self, n_topics: int, set_size: int, *, n_slices: int = 64) -> None:
        super().__init__()
        self.directions = nn.Parameter(functional.normalize(torch.randn(n_topics, n_slices), dim=0))
        self.reference = nn.Parameter(torch.zeros(set_size, n_slices))

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., set_size * n_slices)."""
        slices = sets @ functional.normalize(self.directions, dim=0)
        moved = slices.sort(dim=-2).values - self.reference.sort(dim=-2).values
        return moved.flatten(start_dim=-2)


def _mean(sets: Tensor) -> Tensor:
    return sets.mean(dim=-2)


def _sum(sets: Tensor) -> Tensor:
    return sets.sum(dim=-2)


def _max(sets: Tensor) -> Tensor:
    return sets.amax(dim=-2)


def _min(sets: Tensor) -> Tensor:
    return sets.amin(dim=-2)


POOLINGS: dict[str, Callable[[int, int], nn.Module]] = {
    "mean": lambda n_topics, set_size: Reduce(_mean),
    "sum": lambda n_topics, set_size: Reduce(_sum),
    "max": lambda n_topics, set_size: Reduce(_max),
    "min": lambda n_topics, set_size: Reduce(_min),
    "attention": AttentionPooling,
    "fspool": FSPool,
    "sliced_wasserstein": SlicedWasserstein,
}
"""Poolings by name: each is made for a number of topics and a set size."""

RESIZING = ("sliced_wasserstein",)
"""Poolings whose vectors do not have one coordinate per topic."""


def check_same_size(**poolings: str | None) -> None:
    """Raise `InputError` if the poolings of one contrast give vectors of different sizes.

    Parameters
    ----------
    **poolings : str or None
        Argument names to names of `POOLINGS`; None is ignored.

    Raises
    ------
    InputError
        If only some of the names are in `RESIZING`.
    """
    names = {argument: name for argument, name in poolings.items() if name is not None}
    if len({name in RESIZING for name in names.values()}) > 1:
        received = ", ".join(f"{argument}={name!r}" for argument, name in names.items())
        raise InputError(
            f"The poolings of one contrast must give vectors of one size; received {received}. "
            f"{', '.join(map(repr, RESIZING))} gives set_size * 64 coordinates, all others one coordinate per topic: "
            "give it for all of them, or for none."
        )
