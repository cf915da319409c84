"""Dirichlet sparsity of topic proportions: documents of few topics."""

import math

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, WithoutPreparation


class DirichletSparsity(WithoutPreparation):
    """Negative log-density of Dirichlet(alpha) at the posterior's mean proportions, in nats a document.

    ``weight * (1 - alpha) * mean_d sum_k max(log theta_dk, log floor)`` with alpha = 1 / K. For alpha < 1 it falls as
    proportions leave the middle of the simplex, without end where one tends to 0: the floor bounds it.

    Parameters
    ----------
    weight : float
        lambda: 1 is the density as it stands.
    ramp : float
        Share of training over which the weight grows linearly from 0: first the topics, then the sharpness.
    floor : float
        Proportions below it are sparse enough.

    References
    ----------
    Moody 2016, equation 6.
    """

    def __init__(self, *, weight: float = 1.0, ramp: float = 0.5, floor: float = 1e-6) -> None:
        self.weight = weight
        self.ramp = ramp
        self.floor = floor

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: mean over the documents of the batch."""
        grown = min(1.0, progress / self.ramp) if self.ramp > 0 else 1.0
        log_theta = posterior.loc.log_softmax(dim=-1)  # (n_docs, n_topics)
        bounded = log_theta.clamp_min(math.log(self.floor)).sum(dim=-1).mean()
        return Loss(self.weight * grown * (1 - 1 / log_theta.shape[-1]) * bounded)
