"""Networks whose posterior is a point: the encoder gives the topic proportions of a document without noise."""

import pyro
import torch
from torch import nn

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior


class PointNetwork(TopicNetwork):
    """A topic network in which the encoder's mean is the posterior, whose scale is zero.

    All objectives and contrasts work with it. Its Pyro model samples the words alone, and its guide samples nothing.

    Parameters
    ----------
    encoder, decoder : nn.Module
        See `TopicNetwork`.
    n_topics : int
        Number of topics, K.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, n_topics: int) -> None:
        super().__init__(encoder, decoder, n_topics=n_topics, alpha=1.0)

    def encode(self, batch: Batch) -> Posterior:
        """Return the point posterior of each document, whose scale is zero."""
        loc = super().encode(batch).loc
        return Posterior(loc, torch.zeros_like(loc))

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Pyro model: words ~ decoder(mean proportions).

        Parameters
        ----------
        batch : Batch
            The observed documents.
        posterior : Posterior
            What `encode` returned for them.
        """
        with pyro.plate("documents", len(batch), dim=-1):
            pyro.sample("words", self.words(posterior.theta_mean), obs=batch.reconstructed)  # type: ignore[arg-type]

    def guide(self, batch: Batch, posterior: Posterior) -> None:
        """Pyro guide: it samples nothing, because the latent variable is a point.

        Parameters
        ----------
        batch : Batch
            The documents.
        posterior : Posterior
            What `encode` returned for them.
        """
        with pyro.plate("documents", len(batch), dim=-1):
            pass
