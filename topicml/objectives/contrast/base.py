"""What a contrastive objective is, and the kernel that all of them share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn import functional

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views import VIEWS, View
from topicml.settings import Settings

TOPIC_VECTORS: dict[str, Callable[[Posterior], Tensor]] = {
    "theta": lambda posterior: posterior.theta_mean,
    "sqrt_theta": lambda posterior: torch.exp(0.5 * functional.log_softmax(posterior.loc, dim=-1)),
    "z": lambda posterior: posterior.loc,
    "sampled_theta": lambda posterior: posterior.theta,
}


class Contrast(Settings, nn.Module, ABC):
    """Base of the contrastive objectives: documents and their views, as topic vectors, go into a loss.

    An objective that learns or remembers something keeps it in parameters and buffers: they move with the network,
    and checkpoints hold them.

    Parameters
    ----------
    view : str or View
        What makes the positives: a name of `topicml.objectives.views.VIEWS`, or an object.
    vector : str
        The topic vector of a document: ``theta`` (softmax of the posterior's mean), ``sqrt_theta`` (its square root:
        cosines are Hellinger affinities), ``z`` (the posterior's mean) or ``sampled_theta``.
    temperature : float
        Divides the cosines.

    Attributes
    ----------
    progress : float
        Share of training done; the training loop sets it.
    terms : dict of str to float
        Parts of the last loss, for the history.
    """

    def __init__(self, *, view: str | View = "word_dropout", vector: str = "theta", temperature: float = 0.5) -> None:
        nn.Module.__init__(self)
        self.view = view
        self.vector = vector
        self.temperature = temperature
        self.progress = 1.0
        self.terms: dict[str, float] = {}
        self._make_view = named(view, VIEWS, View, "view")
        self._vector_of = known(vector, TOPIC_VECTORS, "vector")
        if not temperature > 0:
            raise InputError(f"temperature must be positive; received {temperature!r}.")

    def prepare(
        self,
        counts: csr_matrix,
        corpus: Corpus | None = None,
        views: Sequence[csr_matrix] = (),
        *,
        network: TopicNetwork,
        batch_size: int,
    ) -> None:
        """Read what is needed of the training documents, once, before training (see `View.prepare`).

        Raises
        ------
        InputError
            If something that the objective or its view needs is not there.
        """
        self._make_view.prepare(counts, corpus, views)

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
        """The loss, a scalar: a mean over documents, or over sets of them."""
        views = [network.encode_view(view) for view in self._make_view(batch, posterior, network)]
        first, second = (posterior, views[0]) if len(views) == 1 else views
        return self.loss(self._vector_of(first), self._vector_of(second), batch)

    @abstractmethod
    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors `anchor` and `positive`, (n_docs, n_topics) both."""


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """Cosine of every row of `first` with every row of `second`, (n_first, n_second)."""
    return functional.normalize(first, dim=-1) @ functional.normalize(second, dim=-1).T


def named(value: Any, table: dict[str, Any], kind: type, name: str) -> Any:
    """An object: `value` itself, or, where it is a name of `table`, one with default settings."""
    if isinstance(value, kind):
        return value
    return known(value, table, name)()


def known(value: Any, table: dict[str, Any], name: str) -> Any:
    """What `table` holds under `value`; InputError lists the known names."""
    if not isinstance(value, str) or value not in table:
        raise InputError(f"{name}={value!r} is unknown. Choose one of {', '.join(table)}.")
    return table[value]
