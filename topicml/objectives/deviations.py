"""The prior of what differs between groups of documents."""

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings


class DeviationPenalty(Settings):
    """Negative log-density of the prior of `topicml.nn.deviations.GroupDeviations`, in nats per document."""

    reads_encoder: bool = False

    def __init__(self) -> None:
        self._n_docs: int | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Count the training documents; see `Objective.prepare`."""
        self._n_docs = max(1, len(documents.training_rows))

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._n_docs is None:
            raise not_prepared(self)
        if network.deviations is None:
            return Loss(network.prior_loc.sum() * 0)
        return Loss(network.deviations.penalty() / self._n_docs)
