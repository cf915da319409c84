"""MCInfoNCE: contrast of posteriors, by samples."""

import math

import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, without_diagonal
from topicml.objectives.objective import Loss
from topicml.objectives.views import View


class Probabilistic(Contrast):
    """InfoNCE averaged over samples of both posteriors, so that it also trains the posterior's scale.

    With `samples` draws of z for each document and view, mapped to topic vectors a_t and p_t:
    ``-mean_i log (1/T) sum_t e_iit / (e_iit + 1/(n - 1) sum_{j != i} e_ijt)``, ``e_ijt = exp(cos(a_ti, p_tj) / tau)``.
    The mean over samples is inside the logarithm: it suffices that some samples identify the document. A document whose
    topics are ambiguous can therefore keep a large scale.

    - Inputs: any documents.
    - Cost: one more pass of the encoder per view, and samples * n_docs^2 cosines.
    - When to use: if you use the spread of the posterior, for example as a measure of uncertainty.
    - Relations: with one sample and ``vector="sampled_theta"`` it resembles `InfoNCE` of samples, but divides the
      negatives by their number.

    Parameters
    ----------
    samples : int
        Number of samples T, at least 1.
    learn_temperature : bool
        Whether to learn tau, starting from `temperature`.
    view, vector, temperature
        See `Contrast`; `vector` maps a sample of z to a topic vector. The paper's temperature is 0.05 (kappa = 20).

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    Kirchhof, Kasneci & Oh, Probabilistic contrastive learning recovers the correct aleatoric uncertainty of ambiguous
    inputs, ICML 2023. Here Gaussian samples replace its von Mises-Fisher samples, and the documents of the batch
    replace its sampled negatives.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import Probabilistic
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=Probabilistic(samples=4), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    def __init__(
        self,
        *,
        samples: int = 16,
        learn_temperature: bool = False,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.samples, self.learn_temperature = samples, learn_temperature
        require(samples >= 1, "samples", samples, "at least 1")
        self.log_kappa = nn.Parameter(torch.tensor(-math.log(temperature))) if learn_temperature else None

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        pair = self._pair(posterior, self._positives_of(batch, posterior, network), network)
        return Loss(self.loss(self._sample(pair[0]), self._sample(pair[1]), batch))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of samples of topic vectors.

        Parameters
        ----------
        anchor, positive : Tensor, (samples, n_docs, n_topics) or (n_docs, n_topics)
            Samples of topic vectors, or one sample.
        batch : Batch
            The documents.

        Returns
        -------
        Tensor
            The loss, a scalar: the mean over documents.
        """
        if anchor.ndim == 2:
            anchor, positive = anchor.unsqueeze(0), positive.unsqueeze(0)
        kappa = 1 / self.temperature if self.log_kappa is None else self.log_kappa.exp()
        logits = cosines(anchor, positive) * kappa  # (samples, n_docs, n_docs)
        positive_logits = logits.diagonal(dim1=-2, dim2=-1)
        n_negatives = logits.shape[-1] - 1
        if n_negatives < 1:
            return positive_logits.sum() * 0.0
        log_mean = without_diagonal(logits).logsumexp(dim=-1) - math.log(n_negatives)
        log_probability = positive_logits - torch.logaddexp(positive_logits, log_mean)
        return (math.log(len(anchor)) - log_probability.logsumexp(dim=0)).mean()

    def _sample(self, posterior: Posterior) -> Tensor:
        """Topic vectors of samples of the posterior, (samples, n_docs, n_topics)."""
        noise = torch.randn(self.samples, *posterior.loc.shape, device=posterior.loc.device)
        z = posterior.loc + posterior.scale * noise
        return self._vector_of(Posterior(z, torch.zeros_like(z)))
