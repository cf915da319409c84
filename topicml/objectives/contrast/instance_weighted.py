"""DCLR: exclude likely false negatives, and add noise vectors as negatives."""

import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.contrast.similarity import TfidfSimilarity
from topicml.objectives.objective import not_prepared
from topicml.objectives.views import View


class InstanceWeighted(Contrast):
    """InfoNCE without the negatives whose words are similar to the document's, and with negatives made from noise.

    ``-mean_i log(e(s_ii) / (e(s_ii) + sum_{j != i} w_ij e(s_ij) + sum_m e(cos(a_i, v_m))))``, ``e(s) = exp(s / tau)``,
    where w_ij = 0 if the tf-idf cosine of documents i and j is above the threshold, else 1. The noise v_m is the topic
    vector of ``z ~ N(0, 1)`` after some steps of gradient ascent on the loss. It covers regions without documents,
    which keeps the vectors spread out.

    - Inputs: any documents.
    - Cost: one more pass of the encoder per view, sparse products of the batch's documents, and `steps` gradients of
      n_docs * n_noise cosines.
    - When to use: with near-duplicates, or many documents of a kind, which are false negatives.
    - Relations: `ClusterAware` finds false negatives by their topics.

    Parameters
    ----------
    quantile : float
        If `threshold` is None, the threshold is this quantile of the cosines of the corpus's pairs of documents;
        in (0, 1].
    threshold : float, optional
        tf-idf cosine above which another document is not a negative.
    noise : float
        Number of noise vectors, as a multiple of the batch size; 0 for none.
    steps : int
        Steps of gradient ascent, at least 0.
    step_size : float
        Length of a step in z; positive.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    Zhou, Zhang, Zhao & Wen, Debiased contrastive learning of unsupervised sentence representations, ACL 2022. In the
    paper a second, pretrained model finds the false negatives; the authors' code multiplies their logits by 0, which
    leaves exp(0) in the sum.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import InstanceWeighted
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = InstanceWeighted(threshold=0.5, steps=1)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
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
        """Compute the inverse document frequencies and the threshold; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        self._similarity = TfidfSimilarity(documents.counts)
        if self.threshold is None:
            self._threshold = self._similarity.quantile(documents.counts, self.quantile)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        if self._similarity is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        false_negatives = self._similarity(batch) > self._threshold
        logits = cosines(anchor, positive) / self.temperature
        positive_logits = logits.diagonal()
        negative_logits = without_diagonal(logits).masked_fill(false_negatives, -torch.inf)
        n_noise = round(self.noise * len(anchor)) if len(anchor) > 1 else 0
        if not n_noise:
            return cross_entropy(positive_logits, negative_logits).mean()
        z = torch.randn(n_noise, anchor.shape[-1]).to(anchor)
        noise = self._harder(z, anchor, positive_logits, negative_logits)
        return loss_with_noise(positive_logits, negative_logits, anchor, noise, self.temperature)

    def _harder(self, z: Tensor, anchor: Tensor, positive_logits: Tensor, negative_logits: Tensor) -> Tensor:
        """Topic vectors of the noise `z` (n_noise, n_topics) after gradient ascent on the loss."""
        anchor, positive_logits, negative_logits = anchor.detach(), positive_logits.detach(), negative_logits.detach()
        for _ in range(self.steps):
            with torch.enable_grad():
                z = z.detach().requires_grad_()
                noise = self._vector_of_z(z)
                loss = loss_with_noise(positive_logits, negative_logits, anchor, noise, self.temperature)
                gradient = torch.autograd.grad(loss, z)[0]
            z = z.detach() + self.step_size * unit(gradient)
        return self._vector_of_z(z.detach())

    def _vector_of_z(self, z: Tensor) -> Tensor:
        return self._vector_of(Posterior(z, torch.zeros_like(z)))


def loss_with_noise(
    positive_logits: Tensor, negative_logits: Tensor, anchor: Tensor, noise: Tensor, temperature: float
) -> Tensor:
    """Compute InfoNCE with noise vectors as additional negatives.

    Parameters
    ----------
    positive_logits : Tensor, (n_docs,)
        Logits of the positives.
    negative_logits : Tensor, (n_docs, m)
        Logits of the negatives; -inf excludes one.
    anchor : Tensor, (n_docs, n_topics)
        Topic vectors of the documents.
    noise : Tensor, (n_noise, n_topics)
        Noise vectors.
    temperature : float
        Divides the cosines of anchors and noise.

    Returns
    -------
    Tensor
        The loss, a scalar: the mean over documents.
    """
    negatives = torch.cat([negative_logits, cosines(anchor, noise) / temperature], dim=-1)
    return cross_entropy(positive_logits, negatives).mean()
