"""PromCSE: InfoNCE, and a margin between the positive and the hardest negative."""

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
    """InfoNCE with additional negatives made from the documents, and a hinge loss on the hardest of them.

    ``-mean_i log(e(s_ii) / (sum_j e(s_ij) + sum_j e(n_ij))) + hinge_weight * mean_i max(0, margin - s_ii + n_i)``,
    where ``e(s) = exp(s / tau)``, s_ij is the cosine of document i and view j, n_ij the cosine of document i and the
    negative made from document j, and ``n_i = max_j n_ij``. The gradient of the softmax is small for pairs that are in
    order already; that of the hinge is not, until the margin is reached. The history records the part ``hinge``.

    - Inputs: any documents. `negative` must be a view that makes negatives.
    - Cost: a pass of the encoder for the positive, one for the negative, and the cost of the negative
      (`TfidfReplacement`: one evaluation of the decoder without gradient).
    - When to use: if similar documents should keep a minimum distance.
    - Relations: `CLNTM` has the same negatives but not the other documents; `ClusterAware` has a margin within
      clusters.

    Parameters
    ----------
    margin : float
        Margin of the cosines, in [0, 2]. The paper's is 0.2.
    hinge_weight : float
        Weight of the hinge, at least 0. The paper's is 10, with a temperature of 0.05, where InfoNCE's gradient is ten
        times that at 0.5.
    negative : str or View
        Makes the negatives.
    view, vector, temperature
        See `Contrast`.

    Raises
    ------
    InputError
        If an argument is out of range or unknown, or `negative` makes no negatives.

    References
    ----------
    Jiang, Zhang & Wang, Improved universal sentence embeddings with prompt-based contrastive learning and energy-based
    learning, Findings of EMNLP 2022.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import EnergyHinge
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=EnergyHinge(margin=0.1), max_epochs=1, random_state=0)
    >>> "hinge" in model.fit(corpus).history_[0]
    True
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
        self._set_negative(negative)
        require(0 <= margin <= 2, "margin", margin, "from 0 to 2")
        require(hinge_weight >= 0, "hinge_weight", hinge_weight, "at least 0")

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        anchor, positive, negative = map(self._vector_of, self._triple(batch, posterior, network))
        if len(batch) < 2:
            return Loss(self.loss(anchor, positive, batch) + negative.sum() * 0.0, {"hinge": 0.0})
        return self._loss_with_hinge(anchor, positive, cosines(anchor, negative))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss without a view for negatives: the views of other documents replace them.

        See `Contrast.loss`.
        """
        similarity = cosines(anchor, positive)
        if len(anchor) < 2:
            return similarity.sum() * 0.0
        return self._loss_with_hinge(anchor, positive, without_diagonal(similarity)).value

    def _loss_with_hinge(self, anchor: Tensor, positive: Tensor, negatives: Tensor) -> Loss:
        """The loss with cosines `negatives` (n_docs, n_negatives); -inf excludes one."""
        logits = cosines(anchor, positive) / self.temperature
        negative_logits = torch.cat([without_diagonal(logits), negatives / self.temperature], dim=-1)
        similarity = (unit(anchor) * unit(positive)).sum(dim=-1)
        hinge = functional.relu(self.margin - similarity + negatives.amax(dim=-1)).mean()
        value = cross_entropy(logits.diagonal(), negative_logits).mean() + self.hinge_weight * hinge
        return Loss(value, {"hinge": float(hinge.detach())})
