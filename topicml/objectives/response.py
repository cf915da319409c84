"""The supervised term: theta predicts a field of the documents."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.corpus.documents import Documents
from topicml.corpus.response import Response, field_of_response
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings

GAIN = 10.0
"""Theta is multiplied by it: Adam moves all weights at one rate, and proportions are small numbers."""


class ResponseTerm(Settings, nn.Module):
    """Loss of a linear prediction of a field from the topics of documents.

    With the mean theta of the encoder: ``-log softmax(W theta + b)_y`` for levels, and ``(w theta + b - y)^2 / 2`` for
    a standardised number; the mean over the documents of the batch that have the field. `W` and `b` start at 0; W is
    ten times its parameter, so that it learns as fast as the topics.

    - Inputs: documents with the field.
    - Cost: a product of theta and W.
    - When to use: added by the setting ``response`` of a model. As a contrast, it is balanced against the bound
      (`topicml.pareto.Balance`), so that neither outweighs the other: a plain sum gives the field no weight beside the
      many words of a document.
    - Relations: supervised LDA and SCHOLAR add the log-likelihood of the field to the bound.

    Parameters
    ----------
    response : str
        The name of a field: text has levels, numbers are predicted as such; ``C(name)`` makes levels of numbers.
    strength : float
        The preference "length" of the balance is multiplied by it, up to its limit.

    References
    ----------
    McAuliffe & Blei, Supervised topic models, NeurIPS 2007; Card, Tan & Smith, Neural models for documents with
    metadata, ACL 2018.
    """

    reads_encoder: bool = False

    def __init__(self, response: str, *, strength: float = 1.0) -> None:
        nn.Module.__init__(self)
        self.response = response
        self.strength = strength
        self.learned: Response | None = None
        self.head: nn.Linear | None = None
        self._targets: Tensor | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The field of documents that it reads."""
        return (field_of_response(self.response),)

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read the field; a second call, for other documents, keeps the levels and the prediction."""
        if self.learned is None or self.head is None:
            self.learned = Response.of(self.response, documents.response_fields, documents.training_rows)
            self.head = nn.Linear(len(network.prior_loc), self.learned.n_outputs)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)
        self._targets = torch.as_tensor(self.learned.targets(documents.response_fields).astype(np.float32))

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self.head is None or self._targets is None or self.learned is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        self._targets = self._targets.to(batch.rows.device)
        targets = self._targets[batch.rows]
        known = targets.isfinite()
        outputs = self.head(posterior.theta_mean[known] * GAIN)
        if self.learned.levels is None:
            losses = (outputs[:, 0] - targets[known]).square() / 2
        else:
            losses = functional.cross_entropy(outputs, targets[known].long(), reduction="none")
        return Loss(losses.sum() / known.sum().clamp_min(1))
