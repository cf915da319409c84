"""The losses of topic-distribution quantisation."""

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.elbo import ELBO
from topicml.objectives.objective import Loss, WithoutPreparation


class QuantisedELBO(ELBO):
    """The ELBO of a quantised network; held-out documents are scored with their distance to their codewords as well.

    The reconstruction sees codes alone. On documents that are easily told apart, the first epoch with the right codes
    would be taken for the best, with proportions that are still flat; a small |theta - e_q|^2 tells later ones apart.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The bound's negative, a scalar; in evaluation mode with the mean squared distance to the codewords."""
        loss = super().__call__(batch, posterior, network, progress)
        if network.training:
            return loss
        theta = posterior.theta_mean
        distance = (theta - network.quantiser(theta)).square().sum(dim=-1).mean()
        return Loss(loss.value + distance, loss.parts)


class Quantisation(WithoutPreparation):
    """``mean_d |sg(theta_d) - e_q|^2 + commitment |theta_d - sg(e_q)|^2``, e_q the codeword of document d.

    Needs a network with a `quantiser` (`topicml.nn.quantiser.QuantisedNetwork`). Costs n_docs * K^2 operations.

    Parameters
    ----------
    commitment : float
        How much documents are drawn to their codewords, relative to codewords to their documents.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, equation 5.
    """

    def __init__(self, *, commitment: float = 0.1) -> None:
        self.commitment = commitment

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: mean over the documents of the batch."""
        quantiser = network.quantiser
        theta = posterior.theta_mean
        parts = {"codes": float(len(quantiser.codes(theta).unique()))}
        return Loss(quantiser.distance(theta, self.commitment).mean(), parts)
