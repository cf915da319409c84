"""The penalty of the effects of covariates on topics."""

from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings


class PrevalencePenalty(Settings):
    """Negative log-density of the normal prior of `topicml.nn.prior.CovariatePrior.gamma`, in nats per document.

    ``penalty / (2 n_docs) * sum_kj gamma_kj^2``, up to a constant: a ridge. It matters if there are few documents, or
    if columns depend on each other.

    Parameters
    ----------
    penalty : float
        Inverse of the variance of the prior.
    """

    reads_encoder: bool = False

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty
        self._n_docs: int | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Count the training documents; see `Objective.prepare`."""
        self._n_docs = max(1, len(documents.training_rows))

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._n_docs is None:
            raise not_prepared(self)
        if network.covariates is None:
            return Loss(network.prior_loc.sum() * 0)
        gamma: Tensor = network.covariates.gamma
        return Loss(self.penalty / (2 * self._n_docs) * gamma.square().sum())
