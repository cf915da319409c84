"""The protocol of all objectives: prepare once, then return the loss of each batch and its named parts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior


class Loss(NamedTuple):
    """What an objective returns.

    Parameters
    ----------
    value : Tensor
        The loss to minimise: a scalar, the mean over documents (or over sets of them).
    parts : mapping of str to float
        Named parts of the loss, or numbers that describe it. The training history records them.
    """

    value: Tensor
    parts: Mapping[str, float] = MappingProxyType({})


class Objective(Protocol):
    """A loss of a batch of documents.

    Bounds, contrasts and the losses of single models follow this protocol. An objective keeps no state of training
    outside of parameters and buffers: the share of training done is an argument of the call.

    With large vocabularies, the vector of a word is updated when a document with the word is encoded next. An objective
    may say ``reads_encoder = False`` if it reads the weights of the encoder only by encoding documents. If an objective
    does not say so, all vectors are updated at each step.
    """

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read what the objective needs, once, before training.

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
            If the documents lack something that the objective needs.
        """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : Batch
            Documents.
        posterior : Posterior
            What the network's encoder returns for them.
        network : TopicNetwork
            The network in training.
        progress : float
            Share of training done, in [0, 1]; schedules such as the warm-up of the KL term depend on it.

        Returns
        -------
        Loss
            The value and its named parts.
        """


class WithoutPreparation:
    """Mixin for objectives that need nothing of the documents before training."""

    reads_encoder: bool = False

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Do nothing; see `Objective.prepare`."""


def not_prepared(owner: object, arguments: str = "documents") -> InputError:
    """Make the error for an objective or a view that is called before its `prepare`.

    Parameters
    ----------
    owner : object
        The objective or view.
    arguments : str
        The arguments of its `prepare`, for the message.

    Returns
    -------
    InputError
        The error to raise.
    """
    return InputError(f"{type(owner).__name__} has not seen the documents. Call its prepare({arguments}) first.")


def as_loss(returned: Any, name: str) -> Loss:
    """Convert what an objective returned to a `Loss`, so that a user's objective may return a scalar tensor.

    Parameters
    ----------
    returned : Loss or Tensor
        What the call returned.
    name : str
        Name of the objective, for the message.

    Returns
    -------
    Loss
        `returned` itself, or ``Loss(returned)`` for a tensor.

    Raises
    ------
    InputError
        If `returned` is neither, or its value is not a scalar.
    """
    loss = Loss(returned) if isinstance(returned, Tensor) else returned
    if not isinstance(loss, Loss):
        raise InputError(
            f"The objective {name!r} must return topicml.objectives.Loss(value, parts) or a scalar tensor; received "
            f"{type(returned).__name__}."
        )
    if not isinstance(loss.value, Tensor) or loss.value.ndim:
        shape = f"shape {tuple(loss.value.shape)}" if isinstance(loss.value, Tensor) else type(loss.value).__name__
        raise InputError(f"The loss of the objective {name!r} must be a scalar tensor; received {shape}.")
    return loss
