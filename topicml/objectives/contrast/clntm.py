"""CLNTM's triple: a document between a positive and a negative made of itself."""

import math

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, zero_loss
from topicml.objectives.objective import Loss
from topicml.objectives.views import View


class CLNTM(Contrast):
    """A document keeps its topics without its dull words, and loses them without its telling ones.

    ``-mean_i log(exp(s_i+ / tau) / (exp(s_i+ / tau) + beta exp(s_i- / tau)))``, s+ and s- the cosines of a document
    with its positive and its own negative. No other document takes part, so that batches may be small.

    Needs nothing but the views. Costs a pass of the encoder for the positive, one for the negative, and one evaluation
    of the decoder without gradient for both (`TfidfReplacement`). Use it where documents share most of their words, so
    that other documents are weak negatives.

    Parameters
    ----------
    beta : float or "adaptive"
        Weight of the negative. ``adaptive``: the batch's mean of ``exp(s_i+ / tau) / exp(s_i- / tau)``, without a
        gradient, so that negatives weigh as much as positives.
    view : str or View
        What makes positives.
    negative : str or View
        What makes negatives.
    vector, temperature
        See `Contrast`. The authors' code divides by 1.

    References
    ----------
    Nguyen & Luu, Contrastive learning for neural topic model, NeurIPS 2021. beta is 0.5 in the authors' code; there
    dot products stand for cosines.
    """

    def __init__(
        self,
        *,
        beta: float | str = 0.5,
        view: str | View = "tfidf",
        negative: str | View = "tfidf",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.beta = beta
        self._take_negative(negative)
        if beta != "adaptive" and (isinstance(beta, str) or not beta > 0):
            raise InputError(f"beta must be positive or 'adaptive'; received {beta!r}.")

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents."""
        return Loss(self.loss_of_triples(*map(self._vector_of, self._triple(batch, posterior, network))))

    def loss_of_triples(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of topic vectors, (n_docs, n_topics) each."""
        if not len(anchor):
            return zero_loss(anchor, positive, negative)
        own = (unit(anchor) * unit(positive)).sum(dim=-1) / self.temperature
        rival = (unit(anchor) * unit(negative)).sum(dim=-1) / self.temperature
        return cross_entropy(own, (rival + self._log_beta(own - rival)).unsqueeze(-1)).mean()

    def _log_beta(self, difference: Tensor) -> Tensor | float:
        if isinstance(self.beta, str):
            return difference.detach().logsumexp(dim=0) - math.log(len(difference))
        return math.log(self.beta)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss where nothing makes negatives: each document's hardest other one is its negative."""
        if len(anchor) < 2:
            return zero_loss(anchor, positive)
        similarity = cosines(anchor, positive).detach()
        hardest = similarity.fill_diagonal_(-torch.inf).argmax(dim=1)
        return self.loss_of_triples(anchor, positive, positive[hardest])
