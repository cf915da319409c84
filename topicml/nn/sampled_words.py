"""The likelihood of a product of experts, normalised over a sample of the words."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from topicml.nn.bag_of_words import ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.folded_norm import normalised_product


class SampledProductOfWords(ProductOfWords):
    """Words of ``softmax(norm(theta @ beta))``, whose `log_prob` estimates the normaliser from a part of the words.

    The part has all words of the batch, and each other word with the same probability. A word of the sample counts for
    one divided by this probability. So the estimate of the normaliser has no bias, and its logarithm, by Jensen's
    inequality, a small one: minus half of the relative variance of the estimate. `logits` and all that depends on them
    are exact.

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        One row per document.
    beta : Tensor, (n_topics, n_words)
        One column per word.
    norm : BatchNorm1d
        See `topicml.nn.folded_norm.normalised_product`.
    size : int
        Expected number of words in the sample, besides those of the batch.

    References
    ----------
    Jean, Cho, Memisevic & Bengio, On using very large target vocabulary for neural machine translation, ACL 2015.
    """

    def __init__(self, theta: Tensor, beta: Tensor, norm: nn.BatchNorm1d, size: int) -> None:
        super().__init__(theta, beta, norm.bias)
        self.norm = norm
        self.size = size

    @property
    def logits(self) -> Tensor:  # type: ignore[override]
        """Unnormalised log-probabilities of all words, dense: (..., n_docs, n_words)."""
        return self.exact().logits

    def exact(self) -> ProductOfWords:
        """The same words with the exact normaliser."""
        return normalised_product(self.theta, self.beta, self.norm)

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return estimates of the log-likelihood of each document in nats, (..., n_docs)."""
        words, log_weights = sample_words(value.word_ids, self.beta.shape[1], self.size)
        part = normalised_product(self.theta, _Columns.apply(self.beta, words), self.norm, words)
        weighted = ProductOfWords(part.theta, part.beta, part.bias + log_weights)
        return weighted.log_prob(replace(value, word_ids=torch.searchsorted(words, value.word_ids)))


def sample_words(present: Tensor, n_words: int, size: int) -> tuple[Tensor, Tensor]:
    """Draw words for the estimate of a normaliser.

    Parameters
    ----------
    present : Tensor, int64
        Words that are certain to be drawn; a word may occur more than once.
    n_words : int
        Size of the vocabulary.
    size : int
        Expected number of the other words that are drawn.

    Returns
    -------
    words : Tensor, int64, (n_drawn,)
        In increasing order, each once.
    log_weights : Tensor, float32, (n_drawn,)
        Minus the logarithm of the probability with which each was drawn.
    """
    is_present = torch.zeros(n_words, dtype=torch.bool, device=present.device)
    is_present[present] = True
    n_others = n_words - int(is_present.sum())
    probability = min(1.0, size / max(n_others, 1))
    drawn = is_present | (torch.rand(n_words, device=present.device) < probability)
    words = drawn.nonzero().squeeze(1)
    weight = -torch.log(torch.tensor(probability, device=present.device))
    return words, torch.where(is_present[words], torch.zeros_like(weight), weight)


class _Columns(torch.autograd.Function):
    """Some columns of a matrix, each once."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, columns: Tensor) -> Tensor:
        ctx.save_for_backward(columns)
        ctx.shape = matrix.shape
        return matrix.index_select(1, columns)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (columns,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.shape).index_copy_(1, columns, gradient), None
