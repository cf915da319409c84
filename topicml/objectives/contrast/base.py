"""What a contrastive objective is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.kernel import cosines
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
        self._make_negative: View | None = None
        self._vector_of = known(vector, TOPIC_VECTORS, "vector")
        if not temperature > 0:
            raise InputError(f"temperature must be positive; received {temperature!r}.")

    @property
    def reads_views(self) -> bool:
        """Whether the positives are the views that the user brought to `fit`."""
        return isinstance(self._make_view, UserViews)

    def _take_negative(self, negative: str | View) -> None:
        """Keep what makes negatives: the view itself, where it goes by the same name."""
        self.negative = negative
        same = isinstance(negative, str) and negative == self.view
        self._make_negative = self._make_view if same else named(negative, VIEWS, View, "negative")
        if not self._make_negative.gives_negatives:
            givers = ", ".join(name for name, kind in VIEWS.items() if kind.gives_negatives)
            raise InputError(f"negative={negative!r} makes no negatives. Choose one of {givers}.")

    def prepare(self, documents: Documents, *, network: TopicNetwork, batch_size: int) -> None:
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

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
        """The loss, a scalar: a mean over documents, or over sets of them."""
        first, second = self._pair(posterior, self._make_view(batch, posterior, network), network)
        return self.loss(self._vector_of(first), self._vector_of(second), batch)

    @abstractmethod
    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors `anchor` and `positive`, (n_docs, n_topics) both."""

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
                self._make_view(batch, posterior, network),
                maker.negative(batch, posterior, network),
            )
        return *self._pair(posterior, views, network), network.encode_view(negative)


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


def require(holds: bool, name: str, value: Any, wanted: str) -> None:
    """Raise `InputError` for an argument out of range."""
    if not holds:
        raise InputError(f"{name} must be {wanted}; received {value!r}.")


__all__ = ["TOPIC_VECTORS", "Contrast", "cosines", "known", "named", "require"]
