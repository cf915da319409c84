"""Evaluation of a bound on held-out documents."""

import torch

from topicml.nn.network import TopicNetwork
from topicml.objectives.objective import Objective, as_loss
from topicml.training.device import seed_step
from topicml.training.sampler import BatchSampler


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
        Device of the network. The caller restores its random state (`topicml.training.repeatable`).

    Returns
    -------
    float
        Nats per document; lower is better.
    """
    network.eval()
    seed_step(device, seed, -1)
    total = 0.0
    for step in range(len(sampler)):
        batch = sampler.batch(0, step).to(device)
        loss = as_loss(bound(batch, network.encode(batch), network, 1.0), "bound")
        total += float(loss.value) * len(batch)
    return total / len(sampler.rows)
