"""What a trained network says of documents: topic proportions and perplexity."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.training import deterministic
from topicml.training.progress import documents_bar

CHUNK = 256  # documents at a time outside training: their logits are dense
_LONG = 10_000  # documents from which inference takes long enough for a progress bar


@torch.no_grad()
def infer_theta(
    network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, *, verbose: bool | int | None = False
) -> np.ndarray:
    """Topic proportions of documents: the softmax of the posterior's mean.

    Parameters
    ----------
    network : TopicNetwork
        Put in evaluation mode.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, in the words of the network.
    rows : ndarray of int
        The documents to read.
    verbose : bool, optional
        Show a progress bar if there are many documents; None shows it only at a terminal.

    Returns
    -------
    ndarray, float32, (len(rows), n_topics)
        Rows sum to 1. A document without words gets the mean of the prior.
    """
    network.eval()
    device = next(network.parameters()).device
    prior_mean = torch.softmax(network.prior_loc, dim=-1)
    theta = np.empty((len(rows), len(prior_mean)), dtype=np.float32)
    bar = verbose if len(rows) >= _LONG else False
    with deterministic(device), documents_bar("Topics of documents", len(rows), verbose=bar) as done:
        for start in range(0, len(rows), CHUNK):
            batch = Batch.from_counts(counts, rows[start : start + CHUNK]).to(device)
            mean = network.encode(batch).theta_mean
            mean[batch.lengths == 0] = prior_mean
            theta[start : start + CHUNK] = mean.cpu().numpy()
            done(len(mean))
    return theta
