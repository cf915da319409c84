"""The posterior of each document, fitted to the document itself instead of estimated by the encoder."""

import torch
from torch import Tensor

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.seeding import seeded

_TINY, _HUGE = -6.0, 4.0  # bounds of the logarithm of the scale


@torch.inference_mode(False)  # gradients need ordinary tensors
def local_posterior(
    network: TopicNetwork, batch: Batch, *, steps: int = 60, samples: int = 4, rate: float = 0.1, seed: int = 0
) -> Posterior:
    """Maximise the ELBO of each document over its own q(z) = Normal(loc, scale), from the estimate of the encoder.

    The encoder has the same weights for all documents, so it misses what is particular to one, and it moves all
    estimates towards each other. Effects of covariates would be too small, and their intervals too narrow.

    Parameters
    ----------
    network : TopicNetwork
        In evaluation mode; its weights do not change.
    batch : Batch
        The documents, with their covariates if the prior depends on them.
    steps : int
        Steps of Adam; the learning rate falls to 0. 0: the estimate of the encoder.
    samples : int
        Samples of z for each step, in pairs of opposite noise.
    rate : float
        Learning rate of the first step.
    seed : int
        Seed of the noise.

    Returns
    -------
    Posterior
        Of a document without words, the prior.

    References
    ----------
    Kim, Wiseman, Miller, Sontag & Rush, Semi-amortized variational autoencoders, ICML 2018.
    """
    with torch.no_grad():
        start = network.encode(batch)
        prior_loc = network.prior_mean(batch).expand_as(start.loc)
        prior_scale = network.prior_scale.expand_as(start.loc)
    loc = start.loc.detach().clone().requires_grad_(True)
    log_scale = start.scale.detach().clamp_min(1e-3).log().requires_grad_(True)
    optimizer = torch.optim.Adam([loc, log_scale], lr=rate)
    pairs = max(1, samples // 2)
    with seeded(seed), torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            noise = torch.randn(pairs, *loc.shape).to(loc.device)
            z = loc + log_scale.exp() * torch.cat([noise, -noise])  # (samples, n_docs, n_topics)
            likelihood = network.words(torch.softmax(z, dim=-1)).log_prob(batch).sum() / len(z)
            q = torch.distributions.Normal(loc, log_scale.exp())
            divergence = torch.distributions.kl_divergence(q, torch.distributions.Normal(prior_loc, prior_scale)).sum()
            loss: Tensor = divergence - likelihood
            loc.grad, log_scale.grad = torch.autograd.grad(loss, [loc, log_scale])
            optimizer.step()
            with torch.no_grad():
                log_scale.clamp_(_TINY, _HUGE)
    empty = (batch.lengths == 0)[:, None]
    return Posterior(
        torch.where(empty, prior_loc, loc.detach()), torch.where(empty, prior_scale, log_scale.detach().exp())
    )
