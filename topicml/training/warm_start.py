"""Warm start of an encoder: a few epochs in which it learns to tell given clusters of documents apart."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch.nn import functional

from topicml.nn.network import TopicNetwork
from topicml.training.device import repeatable, seed_step
from topicml.training.sampler import BatchSampler

_RATE = 5e-3
_STEP = -3  # for the seed of the noise: not a step of training


def warm_start(
    network: TopicNetwork,
    counts: csr_matrix,
    rows: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int = 10,
    batch_size: int = 200,
    seed: int,
) -> None:
    """Train the encoder by the cross-entropy of the softmax of its mean, so that topic k starts as cluster k.

    Parameters
    ----------
    network : TopicNetwork
        Its encoder is trained in place. Neither the decoder nor the layers of the variance change.
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    rows, labels : ndarray of int, (n_labelled,)
        Rows of documents, and the topic of each.
    epochs : int
        Passes over the documents.
    batch_size : int
        Documents per step.
    seed : int
        Seed of the shuffles and the dropout.
    """
    if len(rows) < 2:  # batch normalisation needs two
        return
    device = next(network.parameters()).device
    targets = torch.full((counts.shape[0],), -1, dtype=torch.int64)
    targets[torch.from_numpy(rows)] = torch.from_numpy(labels)
    targets = targets.to(device)
    batches = BatchSampler(counts, rows, batch_size=batch_size, seed=seed)
    trained = [parameter for parameter in network.encoder.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=_RATE)
    n_steps = epochs * len(batches)
    network.train()
    for number in range(n_steps):
        batch = batches.batch(*divmod(number, len(batches))).to(device)
        optimizer.param_groups[0]["lr"] = _RATE * (1 - number / n_steps)
        with repeatable(device):
            seed_step(device, seed, _STEP - number)
            loss = functional.cross_entropy(network.encode(batch).loc, targets[batch.rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
