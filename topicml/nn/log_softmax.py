"""The log-softmax of a product of matrices at the words that occur, without an array of documents by words."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topicml.nn.batch import Batch
from topicml.nn.blocks import column_blocks
from topicml.nn.ranks import columns_of_all, n_ranks, parts_of_all, share_of_columns, summed

Entries = tuple[Tensor, Tensor]  # documents, and columns of the block


class UnitVariance(NamedTuple):
    """Scale the columns of beta so that the logits of each word have variance 1 (`topicml.nn.folded_norm`).

    Attributes
    ----------
    covariance : Tensor, (n_topics, n_topics)
        The covariance C of theta.
    scale : Tensor, (n_words,)
        ``1 / sqrt(beta_v' C beta_v + eps)``, without a gradient: that of the likelihood goes to beta and C.
    """

    covariance: Tensor
    scale: Tensor

    def gradient(self, block: slice, topics: Tensor, gradient: Tensor, for_covariance: Tensor, out: Tensor) -> None:
        """Turn the gradient of scaled columns into those of the columns (`out`) and of C (added to `for_covariance`).

        Parameters
        ----------
        block : slice
            The columns.
        topics, gradient : Tensor, (n_topics, n_columns)
            The columns before they are scaled, and the gradient with respect to the scaled ones.
        for_covariance : Tensor, (n_topics, n_topics)
        out : Tensor, (n_topics, n_columns)
        """
        scale = self.scale[block]
        for_variance = (topics * gradient).sum(dim=0).mul_(scale**3).mul_(-0.5)
        weighted = topics * for_variance
        for_covariance.addmm_(weighted, topics.T)
        torch.mm(self.covariance, weighted, out=out).mul_(2).addcmul_(gradient, scale)


def log_softmax_at_words(
    theta: Tensor, beta: Tensor, bias: Tensor, batch: Batch, scaled: UnitVariance | None = None
) -> Tensor:
    """Compute the log-likelihood of documents, ``sum_v x_dv log softmax(theta_d @ beta + bias)_v``.

    Logits are computed in blocks of words: once for the normaliser and the words that occur, and once more for the
    gradient. A block stays in the cache of the processor, so that to compute it twice takes no more time than to write
    it to memory and to read it. Of several ranks (`topicml.nn.ranks`), each computes the blocks of its words.

    Parameters
    ----------
    theta : Tensor, (n_docs, n_topics)
        One row per document.
    beta : Tensor, (n_topics, n_words)
        One column per word.
    bias : Tensor, (n_words,)
        Added to the logits of all documents.
    batch : Batch
        The words x of the documents.
    scaled : UnitVariance, optional
        Scales the columns of beta. By default they stay.

    Returns
    -------
    Tensor, (n_docs,)
        In nats. Products are computed in the precision of autocast, and sums in at least float32.
    """
    dtype = torch.promote_types(theta.dtype, torch.float32)
    device = theta.device.type
    product_dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else dtype
    covariance, scale = (None, None) if scaled is None else scaled
    whole = (theta.to(dtype), beta.to(dtype), bias.to(dtype))
    at_words: Tensor = _LogSoftmaxAtWords.apply(*whole, covariance, scale, batch, product_dtype)
    return at_words


class _LogSoftmaxAtWords(torch.autograd.Function):
    """See `log_softmax_at_words`.

    The gradient with respect to the logits of document d is ``x_d - n_d softmax(logits_d)``. Each word has one entry
    per document, so entries are written without accumulation and the result does not depend on the number of threads.
    """

    @staticmethod
    def forward(
        ctx: Any,
        theta: Tensor,
        beta: Tensor,
        bias: Tensor,
        covariance: Tensor | None,
        scale: Tensor | None,
        batch: Batch,
        dtype: torch.dtype,
    ) -> Tensor:
        # Not -inf: the difference of two would be NaN.
        largest = torch.full_like(theta[:, :1], torch.finfo(theta.dtype).min)
        total = torch.zeros_like(largest)
        by_word = batch.word_ids.argsort()
        at_words = torch.zeros(len(by_word), dtype=theta.dtype, device=theta.device)
        for _, _, logits, entries, order in _blocks(theta, beta, bias, scale, batch, by_word, dtype):
            at_words[by_word[order]] = logits[entries]
            before, largest = largest, torch.maximum(largest, logits.amax(dim=1, keepdim=True))
            total *= (before - largest).exp2_()
            total += logits.sub_(largest).exp2_().sum(dim=1, keepdim=True)
        counts, lengths = batch.counts.to(theta.dtype), batch.lengths.to(theta.dtype)
        of_words = batch.sum_by_document(counts * at_words)
        if n_ranks() > 1:
            largest, total, of_words = _together(largest, total, of_words)
        normaliser = largest + total.log2_()  # (n_docs, 1)
        ctx.save_for_backward(theta, beta, bias, covariance, scale, normaliser, by_word)
        ctx.batch, ctx.dtype = batch, dtype
        bits = of_words - lengths * normaliser.squeeze(1)
        return bits.mul_(math.log(2))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        theta, beta, bias, covariance, scale, normaliser, by_word = ctx.saved_tensors
        batch, dtype = ctx.batch, ctx.dtype
        weights = -(gradient * batch.lengths.to(theta.dtype)).unsqueeze(1)  # (n_docs, 1)
        documents = batch.documents[by_word]
        shares = (batch.counts[by_word] / batch.lengths[documents]).to(theta.dtype)
        weighted = (theta * weights).to(dtype).T
        for_theta, for_beta = torch.zeros_like(theta), torch.empty_like(beta)
        for_bias = torch.empty_like(bias)
        unit = None if covariance is None else UnitVariance(covariance, scale)
        for_covariance = None if covariance is None else torch.zeros_like(covariance)
        for columns, topics, logits, entries, order in _blocks(theta, beta, bias, scale, batch, by_word, dtype):
            error = logits.sub_(normaliser).exp2_()  # softmax, then its difference from the shares of the words
            error[entries] -= shares[order]
            torch.mv(error.T, weights.squeeze(1), out=for_bias[columns])
            for_theta += product(error, topics.T, dtype)
            if unit is None or for_covariance is None:
                product(weighted, error, dtype, out=for_beta[:, columns])
            else:
                for_topics = product(weighted, error, dtype).to(theta.dtype)
                unit.gradient(columns, beta[:, columns], for_topics, for_covariance, out=for_beta[:, columns])
        for_theta.mul_(weights)
        if n_ranks() > 1:
            mine = share_of_columns(len(bias))
            both = columns_of_all(torch.cat([for_beta[:, mine], for_bias[None, mine]]), len(bias))
            for_beta, for_bias = both[:-1], both[-1]
            if for_covariance is None:
                (for_theta,) = summed([for_theta])
            else:
                for_theta, for_covariance = summed([for_theta, for_covariance])
        return for_theta, for_beta, for_bias, for_covariance, None, None, None


def _together(largest: Tensor, total: Tensor, of_words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The largest logit of each document, the sum of all relative to it, and the logits of its words, of all ranks."""
    of_ranks = parts_of_all(torch.cat([largest, total, of_words.unsqueeze(1)], dim=1))
    largests, totals, words = of_ranks.unbind(dim=2)  # (n_ranks, n_docs)
    largest = largests.amax(dim=0)
    total = (totals * (largests - largest).exp2_()).sum(dim=0)
    return largest.unsqueeze(1), total.unsqueeze(1), words.sum(dim=0)


def _blocks(
    theta: Tensor,
    beta: Tensor,
    bias: Tensor,
    scale: Tensor | None,
    batch: Batch,
    by_word: Tensor,
    dtype: torch.dtype,
) -> Iterator[tuple[slice, Tensor, Tensor, Entries, slice]]:
    """Yield blocks of the words of this rank.

    A block has its columns, those of beta, the logits (in memory that the next block uses again), its entries, and
    where these stand in `by_word`. The logits are in bits, to the base 2: CPUs compute powers of 2 several times as
    fast as those of e.

    Parameters
    ----------
    theta, beta, bias, scale, batch, dtype
        See `_LogSoftmaxAtWords.forward`.
    by_word : Tensor, (n_entries,)
        The entries of the batch in the order of their words, which is that of the blocks.
    """
    words, documents = batch.word_ids[by_word], batch.documents[by_word]
    mine = share_of_columns(beta.shape[1])
    blocks = [
        slice(mine.start + each.start, mine.start + each.stop) for each in column_blocks(beta[:, mine], len(theta))
    ]
    stops = torch.tensor([mine.start, *(block.stop for block in blocks)], device=words.device)
    edges = torch.searchsorted(words, stops).tolist()
    memory = theta.new_empty(len(theta), max((block.stop - block.start for block in blocks), default=0))
    rows, bias = (theta * math.log2(math.e)).to(dtype), bias * math.log2(math.e)
    for block, first, end in zip(blocks, edges[:-1], edges[1:], strict=True):
        topics = beta[:, block] if scale is None else beta[:, block] * scale[block]
        logits = product(rows, topics, dtype, out=memory[:, : block.stop - block.start]).add_(bias[block])
        yield block, topics, logits, (documents[first:end], words[first:end] - block.start), slice(first, end)


def product(left: Tensor, right: Tensor, dtype: torch.dtype, *, out: Tensor | None = None) -> Tensor:
    """Multiply two matrices in a precision.

    Parameters
    ----------
    left, right : Tensor
        The matrices.
    dtype : torch.dtype
        The precision of the product.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        `out`, or a new one of `dtype`.
    """
    left, right = left.to(dtype), right.to(dtype)
    if out is None or out.dtype == dtype:
        return torch.mm(left, right, out=out)
    return out.copy_(torch.mm(left, right))
