"""Approximate posteriors of the topics of documents: logistic normal distributions."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Posterior:
    """The logistic normal: q(z | document) = Normal(loc, scale), theta = softmax(z).

    Attributes
    ----------
    loc, scale : Tensor, (n_docs, n_topics)
        Mean and standard deviation of z.
    """

    loc: Tensor
    scale: Tensor

    @property
    def is_proper(self) -> bool:
        """Whether all parameters are finite and no variance is negative; Pyro refuses others with a ValueError."""
        return bool(torch.isfinite(self.loc.sum() + self.scale.sum())) and bool((self.scale >= 0).all())

    def rsample(self) -> Tensor:
        """Draw z, (n_docs, n_topics); gradients reach `loc` and `scale`."""
        return self.loc + self.scale * torch.randn_like(self.loc)

    @property
    def theta(self) -> Tensor:
        """One random sample of the topic proportions, (n_docs, n_topics), on the simplex."""
        return torch.softmax(self.rsample(), dim=-1)

    @property
    def theta_mean(self) -> Tensor:
        """Softmax of the posterior mean of z, (n_docs, n_topics): deterministic."""
        return torch.softmax(self.loc, dim=-1)
