"""CLNTM: a positive and a negative made from the document itself."""

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
    """Compare a document with a positive and a negative that are made from its own words.

    ``-mean_i log(exp(s_i+ / tau) / (exp(s_i+ / tau) + beta exp(s_i- / tau)))``, where s_i+ and s_i- are the cosines of
    document i with its positive and its negative. Other documents are not negatives.

    - Inputs: any documents; batches may be small. `negative` must be a view that makes negatives.
    - Cost: a pass of the encoder for the positive, one for the negative, and one evaluation of the decoder without
      gradient for both (`TfidfReplacement`).
    - When to use: if documents share most of their words, so that other documents are weak negatives.
    - Relations: `EnergyHinge` uses the same negatives in addition to the other documents.

    Parameters
    ----------
    beta : float or "adaptive"
        Weight of the negative; positive. ``adaptive``: the batch's mean of ``exp(s_i+ / tau) / exp(s_i- / tau)``,
        without gradient, so that negatives weigh as much as positives.
    view : str or View
        Makes the positives.
    negative : str or View
        Makes the negatives.
    vector, temperature
        See `Contrast`. The authors' code uses dot products and no temperature.

    Raises
    ------
    InputError
        If an argument is out of range or unknown, or `negative` makes no negatives.

    References
    ----------
    Nguyen & Luu, Contrastive learning for neural topic model, NeurIPS 2021. beta is 0.5 in the authors' code.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import CLNTM
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=CLNTM(beta="adaptive"), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
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
        self._set_negative(negative)
        if beta != "adaptive" and (isinstance(beta, str) or not beta > 0):
            raise InputError(f"beta must be positive or 'adaptive'; received {beta!r}.")

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        return Loss(self.loss_of_triples(*map(self._vector_of, self._triple(batch, posterior, network))))

    def loss_of_triples(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Compute the loss of topic vectors.

        Parameters
        ----------
        anchor, positive, negative : Tensor, (n_docs, n_topics)
            Topic vectors of the documents, their positives and their negatives.

        Returns
        -------
        Tensor
            The loss, a scalar: the mean over documents.
        """
        if not len(anchor):
            return zero_loss(anchor, positive, negative)
        positive_logits = (unit(anchor) * unit(positive)).sum(dim=-1) / self.temperature
        negative_logits = (unit(anchor) * unit(negative)).sum(dim=-1) / self.temperature
        weighted = negative_logits + self._log_beta(positive_logits - negative_logits)
        return cross_entropy(positive_logits, weighted.unsqueeze(-1)).mean()

    def _log_beta(self, difference: Tensor) -> Tensor | float:
        if isinstance(self.beta, str):
            return difference.detach().logsumexp(dim=0) - math.log(len(difference))
        return math.log(self.beta)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss without a view for negatives: each document's most similar other view is its negative.

        See `Contrast.loss`.
        """
        if len(anchor) < 2:
            return zero_loss(anchor, positive)
        similarity = cosines(anchor, positive).detach()
        hardest = similarity.fill_diagonal_(-torch.inf).argmax(dim=1)
        return self.loss_of_triples(anchor, positive, positive[hardest])
