"""What a contrastive objective is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
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


class Contrast(Settings, nn.Module, ABC):
    """Base of the contrastive objectives: documents and their views, as topic vectors, go into a loss.

    An objective that learns or remembers something keeps it in parameters and buffers: they move with the network,
    and checkpoints hold them. Batches of one document, which has nothing to be contrasted with, give 0. Topic vectors
    of zero length have cosine 0 with all others.

    The members of the family share `vector="theta"` and `temperature=0.5`, which served short and long documents alike
    (METHODS, 0.5); where a paper has others, its class says so.

    Parameters
    ----------
    view : str or View
        What makes the positives: a name of `topicml.objectives.views.VIEWS`, or an object.
    vector : str
        The topic vector of a document: ``theta`` (softmax of the posterior's mean), ``sqrt_theta`` (its square root:
        cosines are Hellinger affinities), ``z`` (the posterior's mean) or ``sampled_theta``.
    temperature : float
        Divides the cosines.
    """

    field: str | None = None
    """The corpus field that the objective itself reads; its views may read others."""

    def __init__(self, *, view: str | View = "word_dropout", vector: str = "theta", temperature: float = 0.5) -> None:
        nn.Module.__init__(self)
        self.view = view
        self.vector = vector
        self.temperature = temperature
        self._make_view: View | None = resolve_view(view, "view")
        self._make_negative: View | None = None
        check_choice(vector, TOPIC_VECTORS, "vector")
        self._vector_of = TOPIC_VECTORS[vector]
        require(temperature > 0, "temperature", temperature, "positive")

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the corpus fields that the objective and its views read."""
        own = () if self.field is None else (self.field,)
        views = [view for view in (self._make_view, self._make_negative) if view is not None]
        return tuple(dict.fromkeys([*own, *(field for view in views for field in view.fields)]))

    @property
    def reads_views(self) -> bool:
        """Whether the positives are the views that the user brought to `fit`."""
        return isinstance(self._make_view, UserViews)

    def _take_negative(self, negative: str | View) -> None:
        """Keep what makes negatives: the view itself, where it goes by the same name."""
        self.negative = negative
        same = isinstance(negative, str) and negative == self.view
        self._make_negative = self._make_view if same else resolve_view(negative, "negative")
        if self._make_negative is None or not self._make_negative.gives_negatives:
            givers = ", ".join(name for name, kind in VIEWS.items() if kind.gives_negatives)
            raise InputError(f"negative={negative!r} makes no negatives. Choose one of {givers}.")

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read what is needed of the training documents, before training (see `View.prepare`).

        Called again, for other documents, it leaves what was learned as it is.

        Raises
        ------
        InputError
            If something that the objective or its view needs is not there.
        """
        for view in {id(each): each for each in (self._make_view, self._make_negative)}.values():
            if view is not None:
                view.prepare(documents)

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents, or over sets of them."""
        first, second = self._pair(posterior, self._views_of(batch, posterior, network), network)
        return Loss(self.loss(self._vector_of(first), self._vector_of(second), batch))

    @abstractmethod
    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors `anchor` and `positive`, (n_docs, n_topics) both."""

    def _views_of(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, ...]:
        """The views of the batch: one or two."""
        assert self._make_view is not None
        return self._make_view(batch, posterior, network)

    def _pair(self, posterior: Posterior, views: Sequence[Batch], network: TopicNetwork) -> tuple[Posterior, Posterior]:
        """Posteriors of anchors and positives: the document and its view, or two views."""
        encoded = [network.encode_view(view) for view in views]
        return (posterior, encoded[0]) if len(encoded) == 1 else (encoded[0], encoded[1])

    def _triple(
        self, batch: Batch, posterior: Posterior, network: TopicNetwork
    ) -> tuple[Posterior, Posterior, Posterior]:
        """Posteriors of anchors, positives and negatives."""
        maker = self._make_negative
        assert maker is not None
        if maker is self._make_view:
            views, negative = maker.with_negative(batch, posterior, network)
        else:
            views, negative = (
                self._views_of(batch, posterior, network),
                maker.negative(batch, posterior, network),
            )
        return *self._pair(posterior, views, network), network.encode_view(negative)


def resolve_view(value: str | View, name: str) -> View:
    """Return a view: `value` itself, or a new view with default settings for a name of `VIEWS`.

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
        If `value` is neither a view nor a name of `VIEWS`.
    """
    if isinstance(value, View):
        return value
    check_choice(value, VIEWS, name)
    return VIEWS[value]()
