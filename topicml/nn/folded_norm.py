"""Batch normalisation of a product of matrices, folded into the right one."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from topicml.nn.bag_of_words import ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.blocks import column_blocks
from topicml.nn.likelihood import DocumentLikelihood
from topicml.nn.log_softmax import UnitVariance, log_softmax_at_words


def normalised_product(
    theta: Tensor,
    beta: Tensor,
    norm: nn.BatchNorm1d,
    columns: Tensor | None = None,
    log_weights: Tensor | None = None,
) -> ProductOfWords:
    """Return the words of ``softmax(norm(theta @ beta))``, without an array of documents by words.

    The mean and the variance of the logits of a word over documents follow from those of theta:
    ``mean_v = mean(theta) . beta_v`` and ``variance_v = beta_v' C beta_v``, where C is the covariance of theta. So the
    logits are ``(theta - mean(theta)) @ (beta_v / sqrt(variance_v + eps)) + bias_v``.

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        One row per document.
    beta : Tensor, (n_topics, n_words)
        One column per word.
    norm : BatchNorm1d
        With a bias and without a learned scale (`topicml.nn.encoder.batch_norm`). In training mode, its running
        statistics are updated as its own call would update them.
    columns : Tensor, int64, (n_words,), optional
        The features of `norm` that are the columns of `beta`, in training mode; by default all.
    log_weights : Tensor, (n_words,), optional
        Added to the logits of the columns, in training mode; by default nothing.

    Returns
    -------
    ProductOfWords

    Raises
    ------
    ValueError
        If there is only one document in training mode: it has no variance.
    """
    with torch.autocast(theta.device.type, enabled=False):  # half precision is too coarse for a variance
        if not norm.training:
            running_mean, running_var, _ = _statistics(norm)
            scale = (running_var + norm.eps).rsqrt()
            return ProductOfWords(theta, beta * scale, norm.bias - running_mean * scale)
        rows = theta.reshape(-1, theta.shape[-1])
        if len(rows) < 2:
            raise ValueError(f"Batch normalisation needs at least two documents in training; received {len(rows)}.")
        mean = rows.mean(dim=0)
        centred = theta - mean
        rows = centred.reshape(rows.shape)
        covariance = rows.T @ rows / len(rows)
        variance = _variance(beta, covariance)
        _update_statistics(norm, mean.detach() @ beta.detach(), variance * (len(rows) / (len(rows) - 1)), columns)
        bias = norm.bias if columns is None else norm.bias[columns]
        bias = bias if log_weights is None else bias + log_weights
        return _NormalisedProduct(centred, beta, bias, UnitVariance(covariance, (variance + norm.eps).rsqrt_()))


class _NormalisedProduct(ProductOfWords):
    """A product of words with scaled columns of beta, which are computed in blocks where the likelihood reads them."""

    def __init__(self, theta: Tensor, beta: Tensor, bias: Tensor, scaled: UnitVariance) -> None:
        self.theta, self.bias = theta, bias
        self._beta, self._scaled = beta, scaled
        DocumentLikelihood.__init__(self, beta.shape[-1:])

    @cached_property
    def beta(self) -> Tensor:  # type: ignore[override]
        """The scaled columns; computed if something else than the likelihood reads them."""
        scaled: Tensor = _ScaledToUnitVariance.apply(self._beta, *self._scaled)
        return scaled

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the log-likelihood of each document in nats, (..., n_docs)."""
        if self.theta.ndim > 2:  # samples share beta
            return super().log_prob(value)
        return log_softmax_at_words(self.theta, self._beta, self.bias, value, self._scaled)


@torch.no_grad()
def _variance(beta: Tensor, covariance: Tensor) -> Tensor:
    """``beta_v' C beta_v``, (n_words,)."""
    variance = beta.new_empty(beta.shape[1])
    for block in column_blocks(beta, len(beta)):
        topics = beta[:, block]
        torch.sum((covariance @ topics).mul_(topics), dim=0, out=variance[block])
    return variance.clamp_min_(0)


def _statistics(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor, Tensor]:
    """The running mean, the running variance and the number of batches; only a norm that tracks them is allowed."""
    mean, variance, n_batches = norm.running_mean, norm.running_var, norm.num_batches_tracked
    assert mean is not None and variance is not None and n_batches is not None
    return mean, variance, n_batches


@torch.no_grad()
def _update_statistics(norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor, columns: Tensor | None) -> None:
    """Update the running statistics as `nn.BatchNorm1d` does; the variance is the unbiased one."""
    running_mean, running_var, n_batches = _statistics(norm)
    n_batches += 1
    share = 1.0 / float(n_batches) if norm.momentum is None else norm.momentum  # None: the mean over all batches
    for running, value in ((running_mean, mean), (running_var, variance)):
        value = value.to(running.dtype)
        if columns is None:
            running.lerp_(value, share)
        else:
            running[columns] = running[columns].lerp(value, share)


class _ScaledToUnitVariance(torch.autograd.Function):
    """``beta_v / sqrt(beta_v' C beta_v + eps)``, from beta and `UnitVariance`."""

    @staticmethod
    def forward(ctx: Any, beta: Tensor, covariance: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(beta, covariance, scale)
        return beta * scale

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        beta, covariance, scale = ctx.saved_tensors
        unit = UnitVariance(covariance, scale)
        for_beta, for_covariance = torch.empty_like(beta), torch.zeros_like(covariance)
        for block in column_blocks(beta, len(beta)):
            unit.gradient(block, beta[:, block], gradient[:, block], for_covariance, out=for_beta[:, block])
        return for_beta, for_covariance, None
