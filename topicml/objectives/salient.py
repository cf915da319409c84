"""The term that keeps salient topics out of the documents of the background."""

import torch
from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings
from topicml.starting import Against


class SalientTerm(Settings):
    """Negative log-prior of the documents of the background, in nats per document: they have no salient topic.

    ``strength * mean_d b_d (-log(1 - sum_{k salient} theta_dk))``, with b_d = 1 in the background and 0 elsewhere. It
    is the log-probability that as many words as `strength` have common topics. The other documents may have both
    kinds.

    - Inputs: documents with the field that names the background.
    - Cost: none besides the step.
    - When to use: added to a model's losses by its setting ``against``.
    - Relations: the salient space of a background is held at a constant in contrastive latent variable models and
      SepCLR. The encoder does not read which documents are the background, so that equal texts get equal theta, and
      a test may permute the corpora of new documents (`topicml.explore.contrast`).

    Parameters
    ----------
    against : str
        ``field=value``: the documents of the background.
    salient : int
        How many topics are salient: the last ones.
    strength : float
        Weight of the term, positive.

    References
    ----------
    Abid & Zou, Contrastive variational autoencoder enhances salient features, 2019; Louiset, Duchesnay, Grigis & Gori,
    Separating common from salient patterns with contrastive representation learning, ICLR 2024.
    """

    reads_encoder: bool = False

    def __init__(self, against: str, *, salient: int = 5, strength: float = 10.0) -> None:
        self.against = against
        self.salient = salient
        self.strength = strength
        self._background: Tensor | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The field of documents that it reads."""
        return (Against(self.against).field,)

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Find the documents of the background; see `Objective.prepare`."""
        self._background = torch.as_tensor(Against(self.against).background(documents.corpus), dtype=torch.float32)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._background is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        self._background = self._background.to(batch.rows.device)
        common = posterior.loc.log_softmax(dim=-1)[:, : -self.salient].logsumexp(dim=-1)
        value = -(self._background[batch.rows] * common).mean()
        return Loss(self.strength * value, {"salient_background": float(value.detach())})
