"""MCInfoNCE: contrast of posteriors, by their samples."""

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
    """InfoNCE as a probability under both posteriors, so that a document may be unsure of its topics.

    With `samples` draws of z for every document and view, mapped to topic vectors a_t and p_t:
    ``-mean_i log (1/T) sum_t e_iit / (e_iit + 1/(n - 1) sum_{j != i} e_ijt)``, ``e_ijt = exp(cos(a_ti, p_tj) / tau)``.
    The mean is of probabilities, inside the logarithm: a document that is sometimes recognised is enough. The
    posterior's scale is learned with its mean, and tells documents that are hard to place.

    Needs nothing but the view. Costs one more pass of the encoder a view, and samples * n_docs^2 cosines. Use it where
    the spread of the posterior matters: with ``vector="z"`` or theta, the samples are those of the ELBO.

    Parameters
    ----------
    samples : int
        T.
    learn_temperature : bool
        Whether tau is learned, from `temperature`.
    view, vector, temperature
        See `Contrast`; ``vector`` says what a sample of z is mapped to. The paper's temperature is 0.05 (kappa = 20).

    References
    ----------
    Kirchhof, Kasneci & Oh, Probabilistic contrastive learning recovers the correct aleatoric uncertainty of ambiguous
    inputs, ICML 2023. Gaussian samples stand for its von Mises-Fisher ones, the batch's documents for drawn negatives.
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
        """The loss, a scalar: a mean over documents."""
        pair = self._pair(posterior, self._views_of(batch, posterior, network), network)
        return Loss(self.loss(self._drawn(pair[0]), self._drawn(pair[1]), batch))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of samples of topic vectors, (samples, n_docs, n_topics), or of one each, (n_docs, n_topics)."""
        if anchor.ndim == 2:
            anchor, positive = anchor.unsqueeze(0), positive.unsqueeze(0)
        kappa = 1 / self.temperature if self.log_kappa is None else self.log_kappa.exp()
        logits = cosines(anchor, positive) * kappa  # (samples, n_docs, n_docs)
        own = logits.diagonal(dim1=-2, dim2=-1)
        n_rivals = logits.shape[-1] - 1
        if n_rivals < 1:
            return own.sum() * 0.0
        log_mean = without_diagonal(logits).logsumexp(dim=-1) - math.log(n_rivals)
        log_probability = own - torch.logaddexp(own, log_mean)
        return (math.log(len(anchor)) - log_probability.logsumexp(dim=0)).mean()

    def _drawn(self, posterior: Posterior) -> Tensor:
        """Topic vectors of samples of the posterior, (samples, n_docs, n_topics)."""
        noise = torch.randn(self.samples, *posterior.loc.shape, device=posterior.loc.device)
        z = posterior.loc + posterior.scale * noise
        return self._vector_of(Posterior(z, torch.zeros_like(z)))
