"""PromCSE: InfoNCE, and a margin to the hardest negative."""

import torch
from torch import Tensor
from torch.nn import functional

from topicml.checks import require
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.objective import Loss
from topicml.objectives.views import View


class EnergyHinge(Contrast):
    """InfoNCE with made negatives too, and a margin between the positive and the hardest negative.

    ``-mean_i log(e(s_ii) / (sum_j e(s_ij) + sum_j e(n_ij))) + hinge_weight * mean_i max(0, margin - s_ii + n_i)``,
    ``e(s) = exp(s / tau)``, s_ij the cosine of document i and view j, n_ij of document i and the negative made of
    document j, and ``n_i = max_j n_ij``. The softmax hardly moves pairs that are in order already; the hinge does,
    until the margin is there.

    Needs nothing but the views. Costs a pass of the encoder for the positive, one for the negative, and what the
    negative costs (`TfidfReplacement`: one evaluation of the decoder without gradient). Use it where topics of near
    documents should keep a distance.

    Parameters
    ----------
    margin : float
        Of cosines.
    hinge_weight : float
        Weight of the hinge; the paper's is 10, at a temperature of 0.05, where InfoNCE's gradient is ten times that of
        0.5.
    negative : str or View
        What makes negatives.
    view, vector, temperature
        See `Contrast`.

    References
    ----------
    Jiang, Zhang & Wang, Improved universal sentence embeddings with prompt-based contrastive learning and energy-based
    learning, Findings of EMNLP 2022 (margin 0.2).
    """

    def __init__(
        self,
        *,
        margin: float = 0.2,
        hinge_weight: float = 1.0,
        negative: str | View = "tfidf",
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.margin, self.hinge_weight = margin, hinge_weight
        self._take_negative(negative)
        require(0 <= margin <= 2, "margin", margin, "from 0 to 2")
        require(hinge_weight >= 0, "hinge_weight", hinge_weight, "at least 0")

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents."""
        anchor, positive, negative = map(self._vector_of, self._triple(batch, posterior, network))
        if len(batch) < 2:
            return Loss(self.loss(anchor, positive, batch) + negative.sum() * 0.0)
        return self._energy(anchor, positive, cosines(anchor, negative))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss where nothing makes negatives: the views of other documents are in their place."""
        similarity = cosines(anchor, positive)
        if len(anchor) < 2:
            return similarity.sum() * 0.0
        return self._energy(anchor, positive, without_diagonal(similarity)).value

    def _energy(self, anchor: Tensor, positive: Tensor, negatives: Tensor) -> Loss:
        """The loss with cosines `negatives` (n_docs, n_negatives); -inf leaves one out."""
        logits = cosines(anchor, positive) / self.temperature
        rivals = torch.cat([without_diagonal(logits), negatives / self.temperature], dim=-1)
        own = (unit(anchor) * unit(positive)).sum(dim=-1)
        hinge = functional.relu(self.margin - own + negatives.amax(dim=-1)).mean()
        value = cross_entropy(logits.diagonal(), rivals).mean() + self.hinge_weight * hinge
        return Loss(value, {"hinge": float(hinge.detach())})
