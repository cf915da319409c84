"""Contrast of sets of documents."""

import torch
from torch import Tensor
from torch.nn import functional

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast, known
from topicml.objectives.views import View

POOLINGS = {
    "mean": lambda sets: sets.mean(dim=-2),
    "max": lambda sets: sets.amax(dim=-2),
    "min": lambda sets: sets.amin(dim=-2),
    "sum": lambda sets: sets.sum(dim=-2),
}


class SetContrast(Contrast):
    def __init__(
        self,
        *,
        set_size: int = 4,
        shuffles: int = 4,
        pooling: str = "mean",
        negative_pooling: str | None = None,
        beta: float = 1.0,
        others: bool = True,
        view: str | View = "halves",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.set_size, self.shuffles, self.beta, self.others = set_size, shuffles, beta, others
        self.pooling, self.negative_pooling = pooling, negative_pooling
        self._pool = known(pooling, POOLINGS, "pooling")
        self._pool_negative = None if negative_pooling is None else known(negative_pooling, POOLINGS, "pooling")

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        n_sets = len(anchor) // self.set_size
        if n_sets < 1:
            return anchor.sum() * 0
        orders = torch.rand(self.shuffles, len(anchor), device=anchor.device).argsort(dim=-1)[
            :, : n_sets * self.set_size
        ]
        members = orders.reshape(self.shuffles, n_sets, self.set_size)
        first = functional.normalize(self._pool(anchor[members]), dim=-1)
        second = functional.normalize(self._pool(positive[members]), dim=-1)
        logits = first @ second.mT / self.temperature
        if self._pool_negative is not None:
            hard = (
                functional.cosine_similarity(first, self._pool_negative(positive[members]), dim=-1) / self.temperature
            )
            logits = torch.cat([logits, hard.unsqueeze(-1) + torch.tensor(self.beta).log()], dim=-1)
        target = torch.arange(n_sets, device=anchor.device).repeat(self.shuffles)
        return functional.cross_entropy(logits.reshape(len(target), -1), target)
