"""Topic-distribution quantisation: proportions snap to the nearest of K codewords."""

import pyro
import torch
from torch import Tensor, nn

from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior


class TopicQuantiser(nn.Module):
    """K codewords over K topics; the codebook starts as the identity, so a document's code is its largest topic.

    Parameters
    ----------
    n_topics : int
        K.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, section 3.2; van den Oord, Vinyals & Kavukcuoglu, VQ-VAE, NeurIPS 2017.
    """

    def __init__(self, n_topics: int) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.eye(n_topics))

    @torch.no_grad()
    def codes(self, theta: Tensor) -> Tensor:
        """The nearest codeword of proportions `theta` (..., n_topics), by squared distance: int64, (...)."""
        # |theta|^2 is the same for all codewords. torch.cdist loses precision near zero.
        distances = self.codebook.square().sum(dim=-1) - 2 * theta @ self.codebook.T
        return distances.argmin(dim=-1)

    def forward(self, theta: Tensor) -> Tensor:
        """The codewords of `theta` (..., n_topics), of the same shape; the gradient goes straight through to theta.

        ``theta_q = theta + stop_gradient(e_q - theta)``
        """
        return theta + (self.codebook[self.codes(theta)] - theta).detach()

    def distance(self, theta: Tensor, commitment: float) -> Tensor:
        """How far `theta` (n_docs, n_topics) is from its codewords, (n_docs,).

        ``|stop_gradient(theta) - e_q|^2 + commitment |theta - stop_gradient(e_q)|^2``: the first term moves codewords
        to their documents, the second documents to their codewords.
        """
        codewords = self.codebook[self.codes(theta)]
        moved = (theta.detach() - codewords).square().sum(dim=-1)
        committed = (theta - codewords.detach()).square().sum(dim=-1)
        return moved + commitment * committed


class QuantisedNetwork(TopicNetwork):
    """A topic model whose documents take one of K codewords, instead of a sample, for their topic proportions.

    The posterior is a point, the mean that the encoder gives, so the ELBO is its reconstruction term: with codewords
    equally likely beforehand, ``KL(q || p) = log K`` whatever the document, a constant that is left out (VQ-VAE,
    section 3.1). Any objective and contrast takes the network as it takes others.

    Parameters
    ----------
    encoder, decoder : nn.Module
        See `TopicNetwork`.
    n_topics : int
        K.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, n_topics: int) -> None:
        super().__init__(encoder, decoder, n_topics=n_topics, alpha=1.0)
        self.quantiser = TopicQuantiser(n_topics)

    def encode(self, batch: Batch) -> Posterior:
        """The point posterior of every document: its scale is zero."""
        loc = self.encoder(batch).loc
        return Posterior(loc, torch.zeros_like(loc))

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Take theta's codeword, words ~ decoder(codeword)."""
        with pyro.plate("documents", len(batch), dim=-1):
            pyro.sample("words", self.words(posterior.theta_mean), obs=batch)  # type: ignore[arg-type]

    def words(self, theta: Tensor) -> BagOfWords:
        """What documents say whose proportions `theta` (n_docs, n_topics) snap to their codewords."""
        return self.decoder(self.quantiser(theta))

    def guide(self, batch: Batch, posterior: Posterior) -> None:
        """Nothing is drawn: the encoder's mean and its code are the latent."""
        with pyro.plate("documents", len(batch), dim=-1):
            pass
