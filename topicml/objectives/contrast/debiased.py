"""Debiased contrast: the share of false negatives is taken out of the negatives."""

import torch
from torch import Tensor

from topicml.checks import require
from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import pairwise_logits
from topicml.objectives.views import View


class Debiased(Contrast):
    """NT-Xent that corrects for negatives which share the document's topic.

    With ``pos = exp(s_vv' / tau)``, ``neg = sum_u exp(s_vu / tau)`` over the N = 2 n - 2 views of other documents:
    ``-mean_v log(pos / (pos + g))``, ``g = max((neg - N rho pos) / (1 - rho), N exp(-1 / tau))``,
    where rho is the chance that another document is of the same class. At rho = 0 it is `NTXent`.

    Needs nothing but the view. Costs what `NTXent` does. Use it where topics are few, so that many pairs share one.

    Parameters
    ----------
    class_prior : float, optional
        rho; by default one over the number of topics.
    view, vector, temperature
        See `Contrast`.

    References
    ----------
    Chuang, Robinson, Lin, Torralba & Jegelka, Debiased contrastive learning, NeurIPS 2020 (rho 0.1, tau 0.5).
    """

    def __init__(
        self,
        *,
        class_prior: float | None = None,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.class_prior = class_prior
        require(class_prior is None or 0 <= class_prior < 1, "class_prior", class_prior, "at least 0 and below 1")

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        own, rivals = pairwise_logits(anchor, positive, self.temperature)
        prior = 1 / anchor.shape[-1] if self.class_prior is None else self.class_prior
        return debiased(own, rivals, 2 * len(anchor) - 2, prior=prior, temperature=self.temperature).mean()


def debiased(own: Tensor, rivals: Tensor, n_rivals: int, *, prior: float, temperature: float) -> Tensor:
    """The loss of each of the logits `own` (n,) against `rivals` (n, m), of which `n_rivals` are not -inf."""
    largest = torch.cat([own.unsqueeze(-1), rivals], dim=-1).amax(dim=-1).detach()  # exponentials stay finite
    positive = (own - largest).exp()
    negative = (rivals - largest.unsqueeze(-1)).exp().sum(dim=-1)
    least = n_rivals * (-1 / temperature - largest).exp()
    corrected = ((negative - n_rivals * prior * positive) / (1 - prior)).maximum(least)
    return (positive + corrected).log() - (own - largest)
