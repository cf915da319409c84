"""The arithmetic that the contrastive objectives share: cosines, and one logsumexp over an own logit and its rivals.

Whatever leaves pairs out puts -inf into their logits, and whatever weighs them adds a logarithm.
"""

import torch
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """`vectors` (..., n_topics) at length 1; those of length 0 stay, and get a gradient that is finite."""
    vectors = _exact(vectors)
    lengths = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / torch.where(lengths > 1e-12, lengths, 1.0)


def dots(first: Tensor, second: Tensor) -> Tensor:
    """Dot product of every row of `first` with every row of `second`, (..., n_first, n_second).

    In float32 at least, where the network trains in bfloat16 too: that knows cosines to two digits, and a temperature
    of 0.07 makes much of what it leaves out.
    """
    with torch.autocast(first.device.type, enabled=False):
        return _exact(first) @ _exact(second).mT


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """Cosine of every row of `first` with every row of `second`, (..., n_first, n_second)."""
    return dots(unit(first), unit(second))


def cross_entropy(own: Tensor, rivals: Tensor) -> Tensor:
    """``-log(exp(own) / (exp(own) + sum_j exp(rivals_j)))``, of one's own logit against its rivals'.

    Parameters
    ----------
    own : Tensor, (..., n)
        Logits of the positives.
    rivals : Tensor, (..., n, m)
        Logits of the negatives; -inf leaves one out, and m may be 0.
    """
    return torch.cat([own.unsqueeze(-1), rivals], dim=-1).logsumexp(dim=-1) - own


def without_diagonal(logits: Tensor) -> Tensor:
    """Square `logits` (..., n, n) without the diagonal, which becomes -inf."""
    itself = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    return logits.masked_fill(itself, -torch.inf)


def pairwise_logits(anchor: Tensor, positive: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """All 2 n views among each other, as NT-Xent has them.

    Parameters
    ----------
    anchor, positive : Tensor, (n_docs, n_topics)
        Topic vectors of both views.
    temperature : float
        Divides the cosines.

    Returns
    -------
    own : Tensor, (2 n_docs,)
        Logit of each view with its document's other view.
    rivals : Tensor, (2 n_docs, 2 n_docs)
        Logits with the views of other documents; -inf at its own document's two views.
    """
    n_docs = len(anchor)
    views = torch.cat([anchor, positive])
    logits = cosines(views, views) / temperature
    itself = torch.eye(n_docs, dtype=torch.bool, device=logits.device).repeat(2, 2)
    crossed = logits[:n_docs, n_docs:].diagonal()
    return torch.cat([crossed, crossed]), logits.masked_fill(itself, -torch.inf)


def zero_loss(*vectors: Tensor) -> Tensor:
    """A loss of 0 that still depends on `vectors`."""
    return sum((each.sum() * 0.0 for each in vectors), torch.zeros((), device=vectors[0].device))


def _exact(vectors: Tensor) -> Tensor:
    return vectors.to(torch.promote_types(vectors.dtype, torch.float32))
