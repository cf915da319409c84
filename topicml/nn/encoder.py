"""The inference network: maps ragged bags of words to posteriors of their topics."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.nn.batch import Batch
from topicml.nn.document_vectors import vectors_of
from topicml.nn.posterior import Posterior

EPS = 1e-3
LEAST_LOG_VARIANCE = -30.0


def batch_norm(n_features: int, *, eps: float = EPS) -> nn.BatchNorm1d:
    """Make a batch normalisation without a learned scale, which prevents posterior collapse (errata of ProdLDA).

    Its output has unit variance over the batch, so the KL term cannot vanish unless the variance of the input is below
    `eps`.

    Parameters
    ----------
    n_features : int
        Columns of the input.
    eps : float
        Added to the variance of the input.

    Returns
    -------
    nn.BatchNorm1d
        It learns a bias; its weight stays 1.
    """
    layer = nn.BatchNorm1d(n_features, eps=eps)
    layer.weight.requires_grad_(False)
    return layer


class BagEncoder(nn.Module):
    """Two softplus layers over log-counts, and batch-normalised outputs for the mean and the log-variance.

    The input is ``5 log(1 + x) / ||log(1 + x)||``: without the division, topics would depend on the length of the
    document. The first layer is an `EmbeddingBag`, so its cost is proportional to the number of words that occur.

    With many topics, the posterior noise of the other topics hides the leading topic of a document, and the KL term is
    so large that training shrinks the outputs below the epsilon of their batch normalisation. So with more than
    `few_topics`, the initial posterior is narrower and epsilon is smaller. (Measured on short texts: otherwise most of
    100 topics lead no document.)

    Parameters
    ----------
    n_words, n_topics : int
        V and K.
    hidden : int
        Units of both hidden layers.
    dropout : float
        Fraction of hidden units that dropout zeroes in training.
    few_topics : int
        Largest number of topics for which the initial posterior has unit variance over the batch.
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
        self.loc_norm, self.log_variance_norm = batch_norm(n_topics), batch_norm(n_topics)
        self.start_for(few_topics)

    def start_for(self, few_topics: float) -> None:
        """Set the variance of the initial posterior, and epsilon, as for this number of `few_topics`."""
        excess = max(1.0, self.loc.out_features / few_topics)
        self.loc_norm.eps = self.log_variance_norm.eps = EPS / excess**3
        nn.init.constant_(self.log_variance_norm.bias, -2 * math.log(excess))

    def forward(self, batch: Batch) -> Posterior:
        """Return the posterior of each document, (n_docs, n_topics)."""
        hidden = self.first(batch)
        hidden = self.dropout(functional.softplus(self.layer(functional.softplus(hidden))))
        loc: Tensor = self.loc_norm(self.loc(hidden))
        # A document that is unlike its batch can be a hundred deviations away; its variance must not underflow to 0.
        log_variance: Tensor = self.log_variance_norm(self.log_variance(hidden)).clamp_min(LEAST_LOG_VARIANCE)
        dtype = torch.promote_types(loc.dtype, torch.float32)  # bfloat16 is too coarse for the KL
        return Posterior(loc.to(dtype), torch.exp(0.5 * log_variance.to(dtype)))

    def first(self, batch: Batch) -> Tensor:
        """The first layer before its softplus, (n_docs, hidden)."""
        log_counts = torch.log1p(batch.counts)
        norm = batch.sum_by_document(log_counts**2).sqrt().clamp_min(1e-12)
        weights = self.input_norm * log_counts / norm[batch.documents]
        return self.embedding(batch.word_ids, batch.offsets, per_sample_weights=weights) + self.bias


class VectorEncoder(BagEncoder):
    """A `BagEncoder` whose first layer reads an embedding of the document (`topicml.nn.document_vectors`).

    The unit vector passes through dropout, a linear layer and a batch normalisation of its own, so that its scale does
    not depend on the encoder that made it. With words, the two first layers are added.

    Parameters
    ----------
    encoder : BagEncoder
        The encoder of words, whose layers are taken.
    size : int
        Length of an embedding.
    words : bool
        Whether the words are read, too.
    dropout : float
        Fraction of the numbers of an embedding that dropout zeroes in training.
    """

    def __init__(self, encoder: BagEncoder, size: int, *, words: bool, dropout: float = 0.1) -> None:
        nn.Module.__init__(self)
        hidden = encoder.layer.in_features
        for name, module in encoder.named_children():
            if words or name != "embedding":
                setattr(self, name, module)
        self.bias = encoder.bias
        self.size, self.words = size, words
        self.vector_dropout = nn.Dropout(dropout)
        self.vector_layer = nn.Linear(size, hidden, bias=False)
        self.vector_norm = nn.BatchNorm1d(hidden, affine=False)

    def first(self, batch: Batch) -> Tensor:
        """The first layer before its softplus, (n_docs, hidden)."""
        vectors = self.vector_dropout(functional.normalize(vectors_of(batch.rows, self.size), dim=-1))
        hidden: Tensor = self.vector_norm(self.vector_layer(vectors))
        return hidden + (super().first(batch) if self.words else self.bias)
