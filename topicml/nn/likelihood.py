"""What the likelihoods of documents share, as Pyro distributions."""

from copy import copy
from typing import Any, ClassVar, Self

import torch
from pyro.distributions import TorchDistribution
from torch.distributions import constraints


class DocumentLikelihood(TorchDistribution):
    """A distribution with one parameter per document; its values are batches of documents.

    A subclass sets its parameters, and then calls this constructor.

    Parameters
    ----------
    event_shape : torch.Size
        The shape of one document: (n_words,).

    Attributes
    ----------
    per_document : str
        The name of the parameter of shape (..., n_docs, size). Its leading dimensions are samples of the same
        documents; all other parameters are shared by the documents.
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.nonnegative_integer
    per_document: ClassVar[str]

    def __init__(self, event_shape: torch.Size) -> None:
        batch_shape = getattr(self, self.per_document).shape[:-1]
        super().__init__(batch_shape=batch_shape, event_shape=event_shape, validate_args=False)

    def expand(self, batch_shape: Any, _instance: object = None) -> Self:
        """Expand to a larger batch shape, as Pyro requires.

        Parameters
        ----------
        batch_shape : torch.Size
            The new batch shape.
        _instance : ignored
            Part of Pyro's interface.

        Returns
        -------
        DocumentLikelihood
            Of the same class. The parameter per document is a view.
        """
        expanded = copy(self)
        setattr(expanded, self.per_document, getattr(self, self.per_document).expand(*batch_shape, -1))
        DocumentLikelihood.__init__(expanded, self.event_shape)
        return expanded
