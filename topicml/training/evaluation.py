"""Evaluation of a bound on held-out documents."""

import numpy as np
import torch
from torch import nn

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Objective, as_loss
from topicml.training.device import repeatable, seed_step
from topicml.training.sampler import BatchSampler

_TOO_LARGE = "Weights of the network are too large. Fit again with a smaller learning_rate."


@torch.no_grad()
def estimate_statistics(
    network: TopicNetwork,
    bound: Objective,
    sampler: BatchSampler,
    *,
    seed: int,
    device: torch.device,
    max_batches: int = 10,
) -> None:
    """Estimate the mean and variance of every batch normalisation under the current weights.

    The running averages of training lag behind: while the encoder learns fast, they belong to weights of many steps
    ago, and evaluation with them can be far worse than the network is.

    Parameters
    ----------
    network : TopicNetwork
        Its running statistics are replaced.
    bound : Objective
        Evaluated on the batches, so that all normalisations see what they see in evaluation.
    sampler : BatchSampler
        Training documents.
    seed : int
        Seed of the noise.
    device : torch.device
        Device of the network.
    max_batches : int
        Number of batches to read, evenly spaced, at most.

    References
    ----------
    Wu & Johnson, Rethinking "batch" in batch normalization, 2021 (precise batch norm).
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative averages
        norm.train()
    with repeatable(device):
        seed_step(device, seed, -2)
        for step in np.unique(np.linspace(0, len(sampler) - 1, min(max_batches, len(sampler))).astype(int)):
            batch = sampler.batch(0, int(step)).to(device)
            bound(batch, _posterior(network, batch), network, 1.0)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


@torch.no_grad()
def evaluate(
    network: TopicNetwork, bound: Objective, sampler: BatchSampler, *, seed: int, device: torch.device
) -> float:
    """Compute the mean of a bound over documents, with the same noise at every call.

    Parameters
    ----------
    network : TopicNetwork
        It is left in evaluation mode.
    bound : Objective
        A bound, such as `topicml.objectives.ELBO`.
    sampler : BatchSampler
        The documents.
    seed : int
        Seed of the noise.
    device : torch.device
        Device of the network.

    Returns
    -------
    float
        Nats per document; lower is better.

    Raises
    ------
    InputError
        If the weights of the network are so large that the posterior or the bound is not defined.
    """
    network.eval()
    total = 0.0
    with repeatable(device):
        seed_step(device, seed, -1)
        for step in range(len(sampler)):
            batch = sampler.batch(0, step).to(device)
            posterior = _posterior(network, batch)
            try:
                loss = as_loss(bound(batch, posterior, network, 1.0), "bound")
            except InputError:
                raise
            except ValueError as error:  # of Pyro; TSCTM's posterior has the variance 0, which its bound does not read
                raise InputError(f"The bound of documents cannot be computed. {_TOO_LARGE}") from error
            total += float(loss.value) * len(batch)
    return total / len(sampler.rows)


def _posterior(network: TopicNetwork, batch: Batch) -> Posterior:
    """The posterior of a batch; `InputError` if it is not proper."""
    posterior = network.encode(batch)
    if not posterior.is_proper:
        raise InputError(f"The network does not give a finite posterior of the documents. {_TOO_LARGE}")
    return posterior
