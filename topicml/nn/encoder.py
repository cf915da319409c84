"""The inference network: from a ragged bag of words to the posterior of its topics."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.nn.batch import Batch
from topicml.nn.posterior import Posterior

EPS = 1e-3


def batch_norm(n_features: int, *, eps: float = EPS) -> nn.BatchNorm1d:
    """Batch normalisation without a learned scale, which keeps the posterior from collapsing (errata of ProdLDA).

    With unit variance over the batch the KL term cannot vanish, unless the variance before is below `eps`.

    Parameters
    ----------
    n_features : int
        Columns of the input.
    eps : float
        Added to the variance.

    Returns
    -------
    nn.BatchNorm1d
        With a bias; its weight is 1 and does not learn.
    """
    layer = nn.BatchNorm1d(n_features, eps=eps)
    layer.weight.requires_grad_(False)
    return layer


class BagEncoder(nn.Module):
    """Two softplus layers over damped counts, and batch-normalised heads for mean and log-variance.

    The input is ``5 log(1 + x) / ||log(1 + x)||``: the norm hides the length of the document, which would otherwise
    leak into the topics. The first layer is an `EmbeddingBag`, so its cost follows the words that occur.

    Two things grow with the number of topics: the noise that hides the leading topic of a document, and the KL term,
    which the heads avoid by shrinking below the epsilon of their batch normalisation. So with more than `few_topics`
    the posterior starts narrower, and epsilon is smaller. (Measured: otherwise most of 100 topics lead no document of
    short texts.)

    Parameters
    ----------
    n_words, n_topics : int
        V and K.
    hidden : int
        Units of both hidden layers.
    dropout : float
        Share of hidden units dropped in training.
    few_topics : int
        Number of topics up to which the posterior starts with unit variance over the batch.
    """

    CONSTANTS: ClassVar = ("input_norm",)
    input_norm = 5.0

    def __init__(
        self, n_words: int, n_topics: int, *, hidden: int = 200, dropout: float = 0.2, few_topics: int = 50
    ) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(n_words, hidden, mode="sum", include_last_offset=True)
        nn.init.normal_(self.embedding.weight, std=0.05)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.layer = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.loc = nn.Linear(hidden, n_topics)
        self.log_variance = nn.Linear(hidden, n_topics)
        excess = max(1.0, n_topics / few_topics)
        self.loc_norm = batch_norm(n_topics, eps=EPS / excess**3)
        self.log_variance_norm = batch_norm(n_topics, eps=EPS / excess**3)
        nn.init.constant_(self.log_variance_norm.bias, -2 * math.log(excess))

    def forward(self, batch: Batch) -> Posterior:
        """The posterior of each document, (n_docs, n_topics)."""
        damped = torch.log1p(batch.counts)
        norm = batch.sum_by_document(damped**2).sqrt().clamp_min(1e-12)
        weights = self.input_norm * damped / norm[batch.documents]
        hidden = self.embedding(batch.word_ids, batch.offsets, per_sample_weights=weights) + self.bias
        hidden = self.dropout(functional.softplus(self.layer(functional.softplus(hidden))))
        loc: Tensor = self.loc_norm(self.loc(hidden))
        log_variance: Tensor = self.log_variance_norm(self.log_variance(hidden))
        precise = torch.promote_types(loc.dtype, torch.float32)  # for mixed precision
        return Posterior(loc.to(precise), torch.exp(0.5 * log_variance.to(precise)))
