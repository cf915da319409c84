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

    The part has all words of the batch, and each other word with a probability that grows with its frequency. A word of
    the sample counts for one divided by this probability. So the estimate of the normaliser has no bias, and its
    logarithm, by Jensen's inequality, a small one: minus half of the relative variance of the estimate. `logits` and
    all that depends on them are exact.

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        One row per document.
    beta : Tensor, (n_topics, n_words)
        One column per word.
    norm : BatchNorm1d
        See `topicml.nn.folded_norm.normalised_product`.
    size : int
        Largest expected number of words in the sample, besides those of the batch.

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
        words, log_weights = sample_words(value.word_ids, self.bias.detach(), self.size)
        part = normalised_product(self.theta, _Columns.apply(self.beta, words), self.norm, words, log_weights)
        return part.log_prob(replace(value, word_ids=torch.searchsorted(words, value.word_ids)))


def sample_words(present: Tensor, log_frequency: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Draw words for the estimate of a normaliser.

    The probability is proportional to the square root of frequency. Then the gradients of all words have the same
    relative noise: the variance that the sample adds to the gradient of a word grows as the squared frequency divided
    by the probability, and its own variance, by which Adam scales the gradient, as the frequency.

    Parameters
    ----------
    present : Tensor, int64
        Words that are certain to be drawn; a word may occur more than once.
    log_frequency : Tensor, (n_words,)
        Up to a constant.
    size : int
        Largest expected number of the other words that are drawn. It is smaller if some are certain to be drawn.

    Returns
    -------
    words : Tensor, int64, (n_drawn,)
        In increasing order, each once.
    log_weights : Tensor, float32, (n_drawn,)
        Minus the logarithm of the probability with which each was drawn.
    """
    is_other = torch.ones(len(log_frequency), dtype=torch.bool, device=present.device)
    is_other[present] = False
    others = is_other.nonzero().squeeze(1)
    share = (log_frequency[others] / 2).softmax(dim=0)
    log_probability = torch.zeros(len(log_frequency), device=present.device)
    log_probability[others] = (size * share).log().clamp_max(0).to(log_probability.dtype)
    drawn = torch.rand(len(log_frequency), device=present.device) < log_probability.exp()
    words = drawn.nonzero().squeeze(1)
    return words, -log_probability[words]


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
