"""Cosines, logits and the cross-entropy that the contrastive objectives share.

An objective excludes a pair by setting its logit to -inf, and weights a pair by adding the logarithm of the weight.
"""

import torch
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """Scale `vectors` (..., n_topics) to length 1; zero vectors stay zero and have a finite gradient."""
    vectors = _at_least_float32(vectors)
    lengths = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / torch.where(lengths > 1e-12, lengths, 1.0)


def dots(first: Tensor, second: Tensor) -> Tensor:
    """Compute the dot product of every row of `first` with every row of `second`.

    The result has float32 precision at least, also if the network trains in bfloat16: bfloat16 has two significant
    digits, and a temperature of 0.07 multiplies the rounding error by 14.

    Parameters
    ----------
    first : Tensor, (..., n_first, n_topics)
        Vectors.
    second : Tensor, (..., n_second, n_topics)
        Vectors.

    Returns
    -------
    Tensor, (..., n_first, n_second)
        Dot products.
    """
    with torch.autocast(first.device.type, enabled=False):
        return _at_least_float32(first) @ _at_least_float32(second).mT


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """Compute the cosine of every row of `first` with every row of `second`.

    Parameters
    ----------
    first : Tensor, (..., n_first, n_topics)
        Vectors.
    second : Tensor, (..., n_second, n_topics)
        Vectors.

    Returns
    -------
    Tensor, (..., n_first, n_second)
        Cosines; 0 for zero vectors.
    """
    return dots(unit(first), unit(second))


def cross_entropy(positive: Tensor, negatives: Tensor) -> Tensor:
    """Compute ``-log(exp(positive) / (exp(positive) + sum_j exp(negatives_j)))``.

    Parameters
    ----------
    positive : Tensor, (..., n)
        Logits of the positives.
    negatives : Tensor, (..., n, m)
        Logits of the negatives; -inf excludes one. m may be 0.

    Returns
    -------
    Tensor, (..., n)
        The cross-entropies.
    """
    return torch.cat([positive.unsqueeze(-1), negatives], dim=-1).logsumexp(dim=-1) - positive


def without_diagonal(logits: Tensor) -> Tensor:
    """Set the diagonal of square `logits` (..., n, n) to -inf."""
    diagonal = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    return logits.masked_fill(diagonal, -torch.inf)


def soft_loss(logits: Tensor, target_logits: Tensor) -> Tensor:
    """Compute the mean cross-entropy of the rows and of the columns of `logits` with soft targets.

    Parameters
    ----------
    logits : Tensor, (n_docs, n_docs)
        Logits of anchors (rows) and positives (columns).
    target_logits : Tensor, (n_docs, n_docs)
        The softmax of each row is the target of that row and of the same column of `logits`.

    Returns
    -------
    Tensor
        The loss, a scalar: the mean over documents and both directions.
    """
    target = target_logits.softmax(dim=-1)
    forth = (target * logits.log_softmax(dim=-1)).sum(dim=-1)
    back = (target * logits.mT.log_softmax(dim=-1)).sum(dim=-1)
    return -(forth + back).mean() / 2


def _at_least_float32(vectors: Tensor) -> Tensor:
    return vectors.to(torch.promote_types(vectors.dtype, torch.float32))
