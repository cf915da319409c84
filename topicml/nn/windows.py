"""Random pairs of nearby words, from documents with word order or from bags of words."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topicml.nn.batch import Batch


@dataclass(frozen=True)
class OrderedBatch(Batch):
    """A batch that also has the words of its documents in order.

    The words are part of the batch, so that windows always come from the same corpus as the counts.

    Attributes
    ----------
    tokens : Tensor, int64, (n_tokens,)
        Word ids in order, one document after another.
    token_offsets : Tensor, int64, (n_docs + 1,)
        The tokens of document i are ``token_offsets[i]:token_offsets[i + 1]``.
    """

    tokens: Tensor
    token_offsets: Tensor

    @classmethod
    def from_tokens(cls, bag: Batch, tokens: np.ndarray, lengths: np.ndarray) -> "OrderedBatch":
        """Add word order to a batch.

        Parameters
        ----------
        bag : Batch
            The documents, on the CPU.
        tokens : ndarray of int, (n_tokens,)
            Word ids in order, one document after another.
        lengths : ndarray of int, (n_docs,)
            Number of tokens of each document.

        Returns
        -------
        OrderedBatch
        """
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        counts = {name: getattr(bag, name) for name in Batch.__dataclass_fields__}
        words = torch.from_numpy(np.asarray(tokens, dtype=np.int64))
        return cls(**counts, tokens=words, token_offsets=torch.from_numpy(offsets))


@dataclass(frozen=True)
class Pairs:
    """Pairs of words, the same number for every document.

    Attributes
    ----------
    pivots, targets : Tensor, int64, (n_docs, n_pairs)
        Word ids.
    exists : Tensor, bool, (n_docs,)
        Whether the document has a pair at all; the rows of other documents are arbitrary.
    """

    pivots: Tensor
    targets: Tensor
    exists: Tensor


def draw_pairs(batch: Batch, n_pairs: int, window: int) -> Pairs:
    """Draw (pivot, target) pairs from each document, with replacement, with torch's generator.

    From an `OrderedBatch`, a pair is two tokens at most `window` apart; all such pairs of a document are equally
    likely. From any other batch, it is two different words of a document: the pivot with probability proportional to
    its count, then the target among the other words likewise.

    Parameters
    ----------
    batch : Batch
        Documents.
    n_pairs : int
        Pairs per document.
    window : int
        Largest distance between pivot and target, in tokens.

    Returns
    -------
    Pairs
        On the device of the batch.
    """
    if isinstance(batch, OrderedBatch):
        return _within_windows(batch, n_pairs, window)
    return _within_bags(batch, n_pairs)


def _within_windows(batch: OrderedBatch, n_pairs: int, window: int) -> Pairs:
    lengths = batch.token_offsets.diff()
    device = lengths.device
    distances = torch.arange(1, window + 1, device=device)
    # A document of n tokens has n - o pairs at distance o. One uniform number selects the distance and the position.
    cumulative = (lengths.unsqueeze(1) - distances).clamp_min(0).cumsum(dim=1)  # (n_docs, window)
    total = cumulative[:, -1:]
    exists = total.squeeze(1) > 0
    pair = (_uniform(len(batch), n_pairs, device) * total).long().clamp_max((total - 1).clamp_min(0))
    index = torch.searchsorted(cumulative, pair, right=True).clamp_max(window - 1)
    before = torch.where(index > 0, cumulative.gather(1, (index - 1).clamp_min(0)), 0)
    left = batch.token_offsets[:-1].unsqueeze(1) + pair - before
    right = left + index + 1
    forward = _uniform(len(batch), n_pairs, device) < 0.5
    last = max(len(batch.tokens) - 1, 0)
    words = batch.tokens if len(batch.tokens) else torch.zeros(1, dtype=torch.int64, device=device)
    pivots = words[torch.where(forward, left, right).clamp_max(last)]
    targets = words[torch.where(forward, right, left).clamp_max(last)]
    return Pairs(pivots, targets, exists)


def _within_bags(batch: Batch, n_pairs: int) -> Pairs:
    device = batch.counts.device
    if not len(batch.word_ids):
        zeros = torch.zeros(len(batch), n_pairs, dtype=torch.int64, device=device)
        return Pairs(zeros, zeros, torch.zeros(len(batch), dtype=torch.bool, device=device))
    # Cumulative counts of all entries. Summed on the CPU, because the order of summation on CUDA is not deterministic.
    ends = batch.counts.to("cpu", torch.float64).cumsum(dim=0).to(device, _float(device))
    begins = ends - batch.counts
    sizes = batch.offsets.diff()
    exists = sizes > 1
    first = batch.offsets[:-1].clamp_max(len(ends) - 1).unsqueeze(1)
    final = (batch.offsets[1:] - 1).clamp_min(0).unsqueeze(1)
    start, stop = begins[first], ends[final]
    pivot = _entry(ends, start + _uniform(len(batch), n_pairs, device) * (stop - start), first, final)
    # Sample the target from the cumulative counts without the interval of the pivot.
    skipped = batch.counts.to(ends.dtype)[pivot]
    place = start + _uniform(len(batch), n_pairs, device) * (stop - start - skipped)
    place = torch.where(place >= begins[pivot], place + skipped, place)
    target = _entry(ends, place, first, final)
    # Rounding may return the pivot itself at the edge of its interval; take the next entry instead.
    neighbour = torch.where(pivot < final, pivot + 1, pivot - 1).clamp_min(0)
    target = torch.where(target == pivot, neighbour, target)
    return Pairs(batch.word_ids[pivot], batch.word_ids[target], exists)


def _entry(ends: Tensor, place: Tensor, first: Tensor, final: Tensor) -> Tensor:
    """The entry whose interval of cumulative counts contains `place`, within its document."""
    entry = torch.searchsorted(ends, place.contiguous(), right=True)
    return torch.minimum(torch.maximum(entry, first), final)


def _uniform(n_docs: int, n_pairs: int, device: torch.device) -> Tensor:
    return torch.rand(n_docs, n_pairs, dtype=_float(device), device=device)


def _float(device: torch.device) -> torch.dtype:
    """float64, because float32 is too coarse for the cumulative counts of long documents; MPS only has float32."""
    return torch.float32 if device.type == "mps" else torch.float64
