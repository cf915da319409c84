"""The log-softmax of a product of matrices at the words that occur, without an array of documents by words."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topicml.nn.batch import Batch
from topicml.nn.blocks import column_blocks
from topicml.nn.ranks import shared_out

Entries = tuple[Tensor, Tensor]  # documents, and columns of the block


def log_softmax_at_words(theta: Tensor, beta: Tensor, bias: Tensor, batch: Batch) -> Tensor:
    """Compute the log-likelihood of documents, ``sum_v x_dv log softmax(theta_d @ beta + bias)_v``.

    Logits are computed in blocks of words: once for the normaliser and the words that occur, and once more for the
    gradient. A block stays in the cache of the processor, so that to compute it twice takes no more time than to write
    it to memory and to read it.

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

    Returns
    -------
    Tensor, (n_docs,)
        In nats. Products are computed in the precision of autocast, and sums in at least float32.
    """
    dtype = torch.promote_types(theta.dtype, torch.float32)
    device = theta.device.type
    product_dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else dtype

    def likelihood(theta: Tensor, beta: Tensor, bias: Tensor, batch: Batch) -> Tensor:
        at_words: Tensor = _LogSoftmaxAtWords.apply(theta, beta, bias, batch, product_dtype)
        return at_words

    return shared_out(likelihood, theta.to(dtype), beta.to(dtype), bias.to(dtype), batch)


class _LogSoftmaxAtWords(torch.autograd.Function):
    """See `log_softmax_at_words`.

    The gradient with respect to the logits of document d is ``x_d - n_d softmax(logits_d)``. Each word has one entry
    per document, so entries are written without accumulation and the result does not depend on the number of threads.
    """

    @staticmethod
    def forward(ctx: Any, theta: Tensor, beta: Tensor, bias: Tensor, batch: Batch, dtype: torch.dtype) -> Tensor:
        # Not -inf: the difference of two would be NaN.
        largest = torch.full_like(theta[:, :1], torch.finfo(theta.dtype).min)
        total = torch.zeros_like(largest)
        by_word = batch.word_ids.argsort()
        at_words = theta.new_empty(len(by_word))
        done = 0
        for _, logits, entries in _blocks(theta, beta, bias, batch, by_word, dtype):
            found = logits[entries]
            at_words[by_word[done : done + len(found)]] = found
            done += len(found)
            before, largest = largest, torch.maximum(largest, logits.amax(dim=1, keepdim=True))
            total *= (before - largest).exp2_()
            total += logits.sub_(largest).exp2_().sum(dim=1, keepdim=True)
        normaliser = largest + total.log2_()  # (n_docs, 1)
        ctx.save_for_backward(theta, beta, bias, normaliser, by_word)
        ctx.batch, ctx.dtype = batch, dtype
        counts, lengths = batch.counts.to(theta.dtype), batch.lengths.to(theta.dtype)
        bits = batch.sum_by_document(counts * at_words) - lengths * normaliser.squeeze(1)
        return bits.mul_(math.log(2))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        theta, beta, bias, normaliser, by_word = ctx.saved_tensors
        batch, dtype = ctx.batch, ctx.dtype
        scale = -(gradient * batch.lengths.to(theta.dtype)).unsqueeze(1)  # (n_docs, 1)
        documents = batch.documents[by_word]
        shares = (batch.counts[by_word] / batch.lengths[documents]).to(theta.dtype)
        scaled = (theta * scale).to(dtype).T
        for_theta, for_beta = torch.zeros_like(theta), torch.empty_like(beta)
        for_bias = torch.empty_like(bias)
        done = 0
        for columns, logits, entries in _blocks(theta, beta, bias, batch, by_word, dtype):
            error = logits.sub_(normaliser).exp2_()  # softmax, then its difference from the shares of the words
            error[entries] -= shares[done : done + len(entries[0])]
            done += len(entries[0])
            product(scaled, error, dtype, out=for_beta[:, columns])
            torch.mv(error.T, scale.squeeze(1), out=for_bias[columns])
            for_theta += product(error, beta[:, columns].T, dtype)
        return for_theta.mul_(scale), for_beta, for_bias, None, None


def _blocks(
    theta: Tensor, beta: Tensor, bias: Tensor, batch: Batch, by_word: Tensor, dtype: torch.dtype
) -> Iterator[tuple[slice, Tensor, Entries]]:
    """Yield blocks of the logits: their words, the logits (in memory that the next block uses again), and the entries.

    The logits are in bits, to the base 2: CPUs compute powers of 2 several times as fast as those of e.

    Parameters
    ----------
    theta, beta, bias, batch, dtype
        See `_LogSoftmaxAtWords.forward`.
    by_word : Tensor, (n_entries,)
        The entries of the batch in the order of their words, which is that of the blocks.
    """
    words, documents = batch.word_ids[by_word], batch.documents[by_word]
    blocks = list(column_blocks(beta, len(theta)))
    edges = torch.searchsorted(words, torch.tensor([block.stop for block in blocks], device=words.device)).tolist()
    memory = theta.new_empty(len(theta), blocks[0].stop)
    rows, bias = (theta * math.log2(math.e)).to(dtype), bias * math.log2(math.e)
    first = 0
    for block, end in zip(blocks, edges, strict=True):
        logits = product(rows, beta[:, block], dtype, out=memory[:, : block.stop - block.start]).add_(bias[block])
        yield block, logits, (documents[first:end], words[first:end] - block.start)
        first = end


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
