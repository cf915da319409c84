"""Batch normalisation of a product of matrices, folded into the right one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from topicml.nn.bag_of_words import ProductOfWords
from topicml.nn.blocks import column_blocks


def normalised_product(
    theta: Tensor, beta: Tensor, norm: nn.BatchNorm1d, columns: Tensor | None = None
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
        scaled, variance = _ScaledToUnitVariance.apply(beta, covariance, norm.eps)
        _update_statistics(norm, mean.detach() @ beta.detach(), variance * (len(rows) / (len(rows) - 1)), columns)
        return ProductOfWords(centred, scaled, norm.bias if columns is None else norm.bias[columns])


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
    """``beta_v / sqrt(variance_v + eps)`` and ``variance_v = beta_v' C beta_v``, which has no gradient of its own."""

    @staticmethod
    def forward(ctx: Any, beta: Tensor, covariance: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        scaled = torch.empty_like(beta)
        variance = beta.new_empty(beta.shape[1])
        scale = torch.empty_like(variance)
        for block in column_blocks(beta, len(beta)):
            topics = beta[:, block]
            torch.sum((covariance @ topics).mul_(topics), dim=0, out=variance[block])
            torch.rsqrt(variance[block].clamp_min_(0) + eps, out=scale[block])
            torch.mul(topics, scale[block], out=scaled[:, block])
        ctx.save_for_backward(beta, covariance, scale)
        ctx.mark_non_differentiable(variance)
        return scaled, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor | None) -> tuple[Tensor, Tensor, None]:
        beta, covariance, scale = ctx.saved_tensors
        for_beta = torch.empty_like(beta)
        for_covariance = torch.zeros_like(covariance)
        for block in column_blocks(beta, len(beta)):
            topics, each, s = beta[:, block], gradient[:, block], scale[block]
            for_variance = (topics * each).sum(dim=0).mul_(s**3).mul_(-0.5)
            weighted = topics * for_variance
            for_covariance.addmm_(weighted, topics.T)
            torch.mm(covariance, weighted, out=for_beta[:, block]).mul_(2).addcmul_(each, s)
        return for_beta, for_covariance, None
