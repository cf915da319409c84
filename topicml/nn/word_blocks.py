"""Words in blocks, such as those of languages: the words of a block are drawn among the words of the block alone."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from topicml.nn.bag_of_words import BagOfWords, MixtureOfWords, ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.likelihood import DocumentLikelihood
from topicml.nn.log_softmax import log_softmax_at_words
from topicml.nn.sampled_words import SampledProductOfWords

Blocks = Sequence[slice]
"""Ids of the words of each block, one block after the other and without gaps."""


def by_blocks(words: BagOfWords, blocks: Blocks) -> BagOfWords:
    """Return the same words, normalised within blocks.

    ``log p(x_d) = sum_b sum_{v in b} x_dv log(p_dv / sum_{u in b} p_du)``; in a mixture, each topic is normalised
    within blocks, so that theta means the same in all of them.

    Parameters
    ----------
    words : BagOfWords
        Of a decoder.
    blocks : sequence of slice
        The blocks.

    Returns
    -------
    BagOfWords
        Its word probabilities sum to 1 in each block. A document may have words of several blocks.
    """
    if isinstance(words, MixtureOfWords):
        return MixtureOfWords(words.theta, normalised(words.beta, blocks))
    if isinstance(words, SampledProductOfWords):
        words = words.exact()
    if isinstance(words, ProductOfWords):
        return _ProductInBlocks(words.theta, words.beta, words.bias, blocks)
    return _BagInBlocks(words.logits, blocks)


def normalised(weights: Tensor, blocks: Blocks) -> Tensor:
    """Divide weights (..., n_words) by their sum in each block."""
    return torch.cat([weights[..., b] / weights[..., b].sum(dim=-1, keepdim=True) for b in blocks], dim=-1)


def in_block(batch: Batch, block: slice) -> tuple[Tensor, Batch]:
    """The words of a batch that are in a block.

    Parameters
    ----------
    batch : Batch
        Documents.
    block : slice
        Ids of words.

    Returns
    -------
    documents : Tensor, int64, (n_found,)
        The positions in the batch of the documents that have such words.
    part : Batch
        These documents with their words in the block, numbered from 0.
    """
    inside = (batch.word_ids >= block.start) & (batch.word_ids < block.stop)
    sizes = torch.bincount(batch.documents[inside], minlength=len(batch))
    documents = sizes.nonzero().squeeze(1)
    part = Batch(
        rows=batch.rows[documents],
        word_ids=batch.word_ids[inside] - block.start,
        counts=batch.counts[inside],
        offsets=torch.cat([sizes.new_zeros(1), sizes[documents].cumsum(0)]),
        lengths=batch.lengths[:0],
    )
    return documents, replace(part, lengths=part.sum_by_document(part.counts))


class _BagInBlocks(BagOfWords):
    """Words ~ softmax(logits) in each block."""

    def __init__(self, logits: Tensor, blocks: Blocks) -> None:
        super().__init__(logits)
        self.blocks = blocks

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        log_words = self.word_log_prob()
        samples = log_words.reshape(-1, *log_words.shape[-2:])
        scores = [value.sum_by_document(value.counts * each[value.documents, value.word_ids]) for each in samples]
        return torch.stack(scores).reshape(self.batch_shape)

    def word_log_prob(self) -> Tensor:
        logits = self.logits.to(torch.promote_types(self.logits.dtype, torch.float32))
        return torch.cat([logits[..., block].log_softmax(dim=-1) for block in self.blocks], dim=-1)


class _ProductInBlocks(ProductOfWords):
    """Words ~ softmax(theta @ beta + bias) in each block. A document costs only the words of its own blocks."""

    def __init__(self, theta: Tensor, beta: Tensor, bias: Tensor, blocks: Blocks) -> None:
        self.theta, self.beta, self.bias, self.blocks = theta, beta, bias, blocks
        DocumentLikelihood.__init__(self, beta.shape[-1:])

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        samples = self.theta.reshape(-1, *self.theta.shape[-2:])
        dtype = torch.promote_types(samples.dtype, torch.float32)
        total = torch.zeros(samples.shape[:-1], dtype=dtype, device=samples.device)
        for block in self.blocks:
            documents, part = in_block(value, block)
            if not len(documents):
                continue
            beta, bias = self.beta[:, block].contiguous(), self.bias[block]
            scores = [log_softmax_at_words(theta[documents], beta, bias, part) for theta in samples]
            total = total.index_add(1, documents, torch.stack(scores).to(dtype))
        return total.reshape(self.batch_shape)

    def word_log_prob(self) -> Tensor:
        return _BagInBlocks(self.logits, self.blocks).word_log_prob()
