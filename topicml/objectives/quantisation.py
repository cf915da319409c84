"""The losses of topic-distribution quantisation."""

from torch import Tensor

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.elbo import ELBO


class QuantisedELBO(ELBO):
    """The ELBO of a quantised network; held-out documents are scored with their distance to their codewords as well.

    The reconstruction sees codes alone. On documents that are easily told apart, the first epoch with the right codes
    would be taken for the best, with proportions that are still flat; a small |theta - e_q|^2 tells later ones apart.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
        """The bound's negative, a scalar; in evaluation mode with the mean squared distance to the codewords."""
        loss = super().__call__(batch, posterior, network)
        if network.training:
            return loss
        theta = posterior.theta_mean
        return loss + (theta - network.quantiser(theta)).square().sum(dim=-1).mean()


class Quantisation:
    """``mean_d |sg(theta_d) - e_q|^2 + commitment |theta_d - sg(e_q)|^2``, e_q the codeword of document d.

    Needs a network with a `quantiser` (`topicml.nn.quantiser.QuantisedNetwork`). Costs n_docs * K^2 operations.

    Parameters
    ----------
    commitment : float
        How much documents are drawn to their codewords, relative to codewords to their documents.

    Attributes
    ----------
    progress : float
        Share of training done; the training loop sets it.
    terms : dict of str to float
        ``codes``: codewords in use by the last batch, a sign of collapse when it falls to 1.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, equation 5.
    """

    def __init__(self, *, commitment: float = 0.1) -> None:
        self.commitment = commitment
        self.progress = 1.0
        self.terms: dict[str, float] = {}

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
        """The loss, a scalar: mean over the documents of the batch."""
        quantiser = network.quantiser
        theta = posterior.theta_mean
        self.terms = {"codes": float(len(quantiser.codes(theta).unique()))}
        return quantiser.distance(theta, self.commitment).mean()
