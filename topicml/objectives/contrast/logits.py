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


def pairwise_logits(anchor: Tensor, positive: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Compute the logits of all 2 n views with each other, as in NT-Xent.

    Parameters
    ----------
    anchor, positive : Tensor, (n_docs, n_topics)
        Topic vectors of both views.
    temperature : float
        Divides the cosines.

    Returns
    -------
    positive_logits : Tensor, (2 n_docs,)
        Logit of each view with the other view of its document.
    negative_logits : Tensor, (2 n_docs, 2 n_docs)
        Logits with the views of other documents; -inf for the two views of the document itself.
    """
    n_docs = len(anchor)
    views = torch.cat([anchor, positive])
    logits = cosines(views, views) / temperature
    same_document = torch.eye(n_docs, dtype=torch.bool, device=logits.device).repeat(2, 2)
    across = logits[:n_docs, n_docs:].diagonal()
    return torch.cat([across, across]), logits.masked_fill(same_document, -torch.inf)


def zero_loss(*vectors: Tensor) -> Tensor:
    """Return a loss of 0 that depends on `vectors`, so that it has a (zero) gradient."""
    return sum((each.sum() * 0.0 for each in vectors), torch.zeros((), device=vectors[0].device))


def _at_least_float32(vectors: Tensor) -> Tensor:
    return vectors.to(torch.promote_types(vectors.dtype, torch.float32))
