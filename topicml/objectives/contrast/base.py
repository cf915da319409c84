"""The base class of the contrastive objectives."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss
from topicml.objectives.views import VIEWS, UserViews, View
from topicml.settings import Settings

TOPIC_VECTORS: dict[str, Callable[[Posterior], Tensor]] = {
    "theta": lambda posterior: posterior.theta_mean,
    "sqrt_theta": lambda posterior: torch.exp(0.5 * functional.log_softmax(posterior.loc, dim=-1)),
    "z": lambda posterior: posterior.loc,
    "sampled_theta": lambda posterior: posterior.theta,
}
"""Functions from the posterior to topic vectors (n_docs, n_topics), by name."""


class Contrast(Settings, nn.Module, ABC):
    """Base of the contrastive objectives: compare the topic vectors of documents with those of their views.

    A subclass implements `loss`. It keeps what it learns or remembers in parameters and buffers, which move to the
    network's device and are saved in checkpoints. The loss of a batch of one document is 0, because there are no
    negatives. Zero vectors have cosine 0 with all vectors.

    The defaults ``vector="theta"`` and ``temperature=0.5`` harmed neither short nor long documents
    (``benchmarks/results/contrast_variants.md``). The docstring of a class names the values of its paper where they
    differ.

    Parameters
    ----------
    view : str or View
        Makes the positives: a name in `topicml.objectives.views.VIEWS` (with default settings), or a view.
    vector : {"theta", "sqrt_theta", "z", "sampled_theta"}
        The topic vector of a document: the softmax of the posterior's mean; its square root (cosines are then Hellinger
        affinities); the posterior's mean; or the softmax of the sample that the bound uses.
    temperature : float
        Divides the cosines; positive.

    Raises
    ------
    InputError
        If `view` or `vector` is unknown, or `temperature` is not positive.
    """

    reads_encoder: bool = False
    """Whether the objective reads weights of the encoder other than by encoding documents; see `Objective`."""

    reads_embeddings = False
    """Whether it reads the embeddings of the corpus."""

    strength = 1.0
    """The preference "length" of a `topicml.pareto.Balance` is multiplied by it, up to the same limit."""

    def __init__(self, *, view: str | View = "word_dropout", vector: str = "theta", temperature: float = 0.5) -> None:
        nn.Module.__init__(self)
        self.view = view
        self.vector = vector
        self.temperature = temperature
        self._positive_view: View | None = resolve_view(view, "view")
        check_choice(vector, TOPIC_VECTORS, "vector")
        self._vector_of = TOPIC_VECTORS[vector]
        require(temperature > 0, "temperature", temperature, "positive")

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the corpus fields that the view reads."""
        return () if self._positive_view is None else self._positive_view.fields

    @property
    def reads_views(self) -> bool:
        """Whether the positives are the views that the user passed to `fit`."""
        return isinstance(self._positive_view, UserViews)

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read what the objective and its views need of the training documents, before training.

        A second call, for other documents, keeps what the objective has learned.

        Parameters
        ----------
        documents : Documents
            The training documents.
        network : TopicNetwork
            The untrained network.
        batch_size : int
            Documents per batch.

        Raises
        ------
        InputError
            If the documents lack something that the objective or a view needs.
        """
        if self._positive_view is not None:
            self._positive_view.prepare(documents)

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        first, second = self._pair(posterior, self._positives_of(batch, posterior, network), network)
        return Loss(self.loss(self._vector_of(first), self._vector_of(second), batch))

    @abstractmethod
    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors.

        Parameters
        ----------
        anchor, positive : Tensor, (n_docs, n_topics)
            Topic vectors of the documents and of their views, or of two views.
        batch : Batch
            The documents.

        Returns
        -------
        Tensor
            The loss, a scalar: the mean over documents.
        """

    def _positives_of(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, ...]:
        """One or two views of the batch."""
        assert self._positive_view is not None
        return self._positive_view(batch, posterior, network)

    def _pair(self, posterior: Posterior, views: Sequence[Batch], network: TopicNetwork) -> tuple[Posterior, Posterior]:
        """Posteriors of anchors and positives: the documents and their view, or two views."""
        encoded = [network.encode_view(view) for view in views]
        return (posterior, encoded[0]) if len(encoded) == 1 else (encoded[0], encoded[1])


def resolve_view(value: str | View, name: str) -> View:
    """Return a view: `value` itself, or a new view with default settings for a name in `VIEWS`.

    Parameters
    ----------
    value : str or View
        The argument received.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    View
        The view.

    Raises
    ------
    InputError
        If `value` is neither a view nor a name in `VIEWS`.
    """
    if isinstance(value, View):
        return value
    check_choice(value, VIEWS, name)
    return VIEWS[value]()
