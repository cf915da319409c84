"""DCLR: negatives that look like false ones are left out, and noise gives further ones."""

import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.contrast.similarity import TfidfSimilarity
from topicml.objectives.views import View


class InstanceWeighted(Contrast):
    """InfoNCE without the negatives whose words are much like the document's, and with negatives made of noise.

    ``-mean_i log(e(s_ii) / (e(s_ii) + sum_{j != i} w_ij e(s_ij) + sum_m e(cos(a_i, v_m))))``, ``e(s) = exp(s / tau)``,
    w_ij = 0 where the tf-idf cosine of documents i and j is above the threshold, else 1. The noise v_m is the topic
    vector of ``z ~ N(0, 1)`` after some steps of gradient ascent on the loss: it fills the places where documents are
    not, and keeps the vectors spread out.

    Needs nothing but the view. Costs one more pass of the encoder a view, sparse products of the batch's documents, and
    `steps` gradients of n_docs * n_noise cosines. Use it where near-duplicates or many documents of a kind are false
    negatives.

    Parameters
    ----------
    quantile : float
        Where `threshold` is None, the share of pairs of documents below it.
    threshold : float, optional
        tf-idf cosine above which another document is no negative.
    noise : float
        Noise vectors, as a multiple of the batch; 0 for none.
    steps : int
        Steps of gradient ascent.
    step_size : float
        Length of a step in z.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    References
    ----------
    Zhou, Zhang, Zhao & Wen, Debiased contrastive learning of unsupervised sentence representations, ACL 2022. There a
    second trained model finds the false negatives; the authors' code multiplies their logits by 0, which leaves
    exp(0) in the sum.
    """

    def __init__(
        self,
        *,
        quantile: float = 0.99,
        threshold: float | None = None,
        noise: float = 1.0,
        steps: int = 4,
        step_size: float = 0.1,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.quantile, self.threshold = quantile, threshold
        self.noise, self.steps, self.step_size = noise, steps, step_size
        self._similarity: TfidfSimilarity | None = None
        self._threshold = 1.0 if threshold is None else threshold
        require(0 < quantile <= 1, "quantile", quantile, "above 0 and at most 1")
        require(noise >= 0, "noise", noise, "at least 0")
        require(steps >= 0, "steps", steps, "at least 0")
        require(step_size > 0, "step_size", step_size, "positive")

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Count the documents that hold each word, and set the threshold; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        self._similarity = TfidfSimilarity(documents.counts)
        if self.threshold is None:
            self._threshold = self._similarity.quantile(documents.counts, self.quantile)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        if self._similarity is None:
            raise InputError("InstanceWeighted has not seen the documents. Call its prepare(documents) first.")
        false = self._similarity(batch) > self._threshold
        logits = cosines(anchor, positive) / self.temperature
        own, rivals = logits.diagonal(), without_diagonal(logits).masked_fill(false, -torch.inf)
        n_noise = round(self.noise * len(anchor)) if len(anchor) > 1 else 0
        if not n_noise:
            return cross_entropy(own, rivals).mean()
        noise = self._improved(torch.randn(n_noise, anchor.shape[-1]).to(anchor), anchor, own, rivals)
        return weighted_loss(own, rivals, anchor, noise, self.temperature)

    def _improved(self, z: Tensor, anchor: Tensor, own: Tensor, rivals: Tensor) -> Tensor:
        """Topic vectors of the noise `z` (n_noise, n_topics), moved to where they are hard negatives."""
        anchor, own, rivals = anchor.detach(), own.detach(), rivals.detach()
        for _ in range(self.steps):
            with torch.enable_grad():
                z = z.detach().requires_grad_()
                hardness = weighted_loss(own, rivals, anchor, self._vector_of_z(z), self.temperature)
                uphill = torch.autograd.grad(hardness, z)[0]
            z = z.detach() + self.step_size * unit(uphill)
        return self._vector_of_z(z.detach())

    def _vector_of_z(self, z: Tensor) -> Tensor:
        return self._vector_of(Posterior(z, torch.zeros_like(z)))


def weighted_loss(own: Tensor, rivals: Tensor, anchor: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """InfoNCE of logits `own` (n,) and `rivals` (n, m), with `noise` (n_noise, n_topics) as further rivals."""
    return cross_entropy(own, torch.cat([rivals, cosines(anchor, noise) / temperature], dim=-1)).mean()
