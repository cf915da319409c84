"""The network of a topic model: its generative model and its inference, as a Pyro model and guide."""

from collections.abc import Mapping, Sequence

import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule
from torch import Tensor, nn

from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.posterior import Posterior
from topicml.nn.prior import laplace_dirichlet


class TopicNetwork(PyroModule):
    """A variational topic model: a logistic-normal prior of the topic proportions, and a decoder for the words.

    `model` and `guide` work with any inference algorithm of Pyro. Both receive the batch and the posterior that
    `encode` returns, so that several objectives share one pass of the encoder.

    Parameters
    ----------
    encoder : nn.Module
        Maps a `Batch` to a `Posterior`.
    decoder : nn.Module
        Maps theta (..., n_docs, n_topics) to a distribution of bags of words, and has `topic_word`.
    alpha : float or sequence of n_topics floats
        Concentration of the Dirichlet prior of theta, approximated by `laplace_dirichlet`.
    n_topics : int
        Number of topics, K.
    theta_dropout : float
        Fraction of topic proportions that dropout zeroes in training.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        n_topics: int,
        alpha: float | Sequence[float],
        theta_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.theta_dropout = nn.Dropout(theta_dropout)
        loc, scale = laplace_dirichlet(alpha, n_topics)
        self.register_buffer("prior_loc", torch.as_tensor(loc, dtype=torch.float32))
        self.register_buffer("prior_scale", torch.as_tensor(scale, dtype=torch.float32))

    def encode(self, batch: Batch) -> Posterior:
        """Return q(z | document) for each document of the batch."""
        return self.encoder(batch)

    def encode_view(self, view: Batch) -> Posterior:
        """Return q(z | view) as `encode` does, without updating the running statistics of batch normalisation."""
        norms = [module for module in self.encoder.modules() if isinstance(module, nn.BatchNorm1d)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 0.0
        try:
            return self.encode(view)
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Pyro model: z ~ N(prior), theta = softmax(z), words ~ decoder(theta).

        Parameters
        ----------
        batch : Batch
            The observed documents.
        posterior : Posterior
            Ignored; `guide` uses it.
        """
        with pyro.plate("documents", len(batch), dim=-1):
            z = pyro.sample("z", dist.Normal(self.prior_loc, self.prior_scale).to_event(1))
            theta = self.theta_dropout(torch.softmax(z, dim=-1))
            pyro.sample("words", self.words(theta), obs=batch)  # type: ignore[arg-type]

    def guide(self, batch: Batch, posterior: Posterior) -> None:
        """Pyro guide: z ~ q(z | document).

        Parameters
        ----------
        batch : Batch
            The documents.
        posterior : Posterior
            What `encode` returned for them.
        """
        with pyro.plate("documents", len(batch), dim=-1):
            pyro.sample("z", dist.Normal(posterior.loc, posterior.scale).to_event(1))

    def constants(self) -> dict[str, float]:
        """Return the constants that the network computes with besides its weights, by dotted name.

        These are the epsilon of each batch normalisation and the attributes that a module lists in ``CONSTANTS``. They
        are saved with the model, so that its results do not depend on the defaults of the version that loads it.
        """
        constants: dict[str, float] = {}
        for name, module in self.named_modules():
            attributes = ("eps",) if isinstance(module, nn.BatchNorm1d) else getattr(module, "CONSTANTS", ())
            constants |= {f"{name}.{attribute}": float(getattr(module, attribute)) for attribute in attributes}
        return constants

    def set_constants(self, constants: Mapping[str, float]) -> None:
        """Set the constants of the network.

        Parameters
        ----------
        constants : mapping of str to float
            As `constants` returns them.
        """
        for name, value in constants.items():
            module, _, attribute = name.rpartition(".")
            setattr(self.get_submodule(module), attribute, value)

    def words(self, theta: Tensor) -> BagOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics)."""
        return self.decoder(theta)

    def topic_word(self) -> Tensor:
        """Return the word distributions of the topics: (n_topics, n_words), rows sum to 1."""
        return self.decoder.topic_word()  # type: ignore[operator]
