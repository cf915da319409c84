"""Pooling: combine the topic vectors of a set's documents into one vector that does not depend on their order."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.errors import InputError


class Reduce(nn.Module):
    """Pooling without parameters: mean, sum, maximum or minimum of each coordinate.

    The minimum keeps the topics that all documents of the set share, the maximum those of any document.

    - When to use: ``mean`` is the default; ``min`` with ``max`` as the negative pooling is the paper's choice.
    - Relations: `AttentionPooling` and `FSPool` start as the mean and learn weights.

    Parameters
    ----------
    reduce : callable
        Maps (..., set_size, n_topics) to (..., n_topics).

    Examples
    --------
    >>> import torch
    >>> from topicml.objectives.pooling import POOLINGS
    >>> POOLINGS["max"](3, 2)(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]))
    tensor([0.5000, 0.5000, 0.7500])
    """

    def __init__(self, reduce: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., n_topics)."""
        return self.reduce(sets)


class AttentionPooling(nn.Module):
    """Weighted mean of the documents, with weights from a learned score; it starts as the mean.

    ``sum_i w_i x_i`` with ``w = softmax_i(score . tanh(hidden(x_i)))``.

    - When to use: if some documents of a set are noise that the network can recognise.
    - Relations: `FSPool` weights the documents per topic, by rank.

    Parameters
    ----------
    n_topics : int
        Size of the topic vectors.
    set_size : int
        Documents per set; not used, because the score sees one document at a time.

    References
    ----------
    Ilse, Tomczak & Welling, Attention-based deep multiple instance learning, ICML 2018.

    Examples
    --------
    >>> import torch
    >>> from topicml.objectives.pooling import AttentionPooling
    >>> AttentionPooling(3, 2)(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])).detach()
    tensor([0.2500, 0.3750, 0.3750])
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
    """Featurewise sort pooling: sort each coordinate over the set and sum it with a learned weight per rank.

    It starts as the mean; maximum and minimum are special cases. All sets have the same size here, so one weight per
    rank replaces the paper's piecewise linear function of the rank.

    - When to use: to learn a pooling between minimum, mean and maximum for each topic.
    - Relations: `Reduce` has fixed weights.

    Parameters
    ----------
    n_topics : int
        Size of the topic vectors.
    set_size : int
        Documents per set.

    References
    ----------
    Zhang, Hare & Prugel-Bennett, FSPool: learning set representations with featurewise sort pooling, ICLR 2020.

    Examples
    --------
    >>> import torch
    >>> from topicml.objectives.pooling import FSPool
    >>> FSPool(3, 2)(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])).detach()
    tensor([0.2500, 0.3750, 0.3750])
    """

    def __init__(self, n_topics: int, set_size: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((set_size, n_topics), 1.0 / set_size))

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., n_topics)."""
        return (sets.sort(dim=-2, descending=True).values * self.weights).sum(dim=-2)


class SlicedWasserstein(nn.Module):
    """Sliced-Wasserstein embedding: the optimal transport of the set to a reference set, along learned directions.

    ``sort(<directions, set>) - sort(<directions, reference>)``, flattened. Distances of embeddings are
    sliced-Wasserstein distances of the sets.

    - When to use: if the spread of the topics within a set matters, and not only their mean.
    - Relations: its vectors have set_size * n_slices coordinates, those of all other poolings n_topics. One contrast
      cannot mix both.

    Parameters
    ----------
    n_topics : int
        Size of the topic vectors.
    set_size : int
        Documents per set.
    n_slices : int
        Number of directions.

    References
    ----------
    Naderializadeh, Comer, Andrews, Hoffmann & Kolouri, Pooling by sliced-Wasserstein embedding, NeurIPS 2021.

    Examples
    --------
    >>> import torch
    >>> from topicml.objectives.pooling import SlicedWasserstein
    >>> SlicedWasserstein(3, 2)(torch.rand(10, 2, 3)).shape
    torch.Size([10, 128])
    """

    def __init__(self, n_topics: int, set_size: int, *, n_slices: int = 64) -> None:
        super().__init__()
        self.directions = nn.Parameter(functional.normalize(torch.randn(n_topics, n_slices), dim=0))
        self.reference = nn.Parameter(torch.zeros(set_size, n_slices))

    def forward(self, sets: Tensor) -> Tensor:
        """(..., set_size, n_topics) -> (..., set_size * n_slices)."""
        slices = sets @ functional.normalize(self.directions, dim=0)
        transport = slices.sort(dim=-2).values - self.reference.sort(dim=-2).values
        return transport.flatten(start_dim=-2)


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
"""Functions from (n_topics, set_size) to a new pooling, by name."""

RESIZING = ("sliced_wasserstein",)
"""Poolings whose vectors do not have one coordinate per topic."""


def check_same_size(**poolings: str | None) -> None:
    """Raise `InputError` if the poolings of one contrast give vectors of different sizes.

    Parameters
    ----------
    **poolings : str or None
        Argument names to names in `POOLINGS`; None is ignored.

    Raises
    ------
    InputError
        If some of the names are in `RESIZING` and others are not.
    """
    names = {argument: name for argument, name in poolings.items() if name is not None}
    if len({name in RESIZING for name in names.values()}) > 1:
        received = ", ".join(f"{argument}={name!r}" for argument, name in names.items())
        raise InputError(
            f"The poolings of one contrast must give vectors of one size; received {received}. "
            "'sliced_wasserstein' gives 64 coordinates per document of the set, all others one coordinate per topic: "
            "use it for all poolings, or for none."
        )
