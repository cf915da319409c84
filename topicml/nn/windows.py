"""Pairs of words that stand near each other: drawn from documents in order, or from bags of words."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topicml.nn.batch import Batch


@dataclass(frozen=True)
class OrderedBatch(Batch):
    """A batch that also knows its documents' words in order.

    The words travel with the batch, so windows can never be read from another corpus than the batch came from.

    Attributes
    ----------
    tokens : Tensor, int64, (n_tokens,)
        Word ids in order, one document after another.
    token_offsets : Tensor, int64, (n_docs + 1,)
        Document i owns the tokens ``token_offsets[i]:token_offsets[i + 1]``.
    """

    tokens: Tensor
    token_offsets: Tensor

    @classmethod
    def from_tokens(cls, bag: Batch, tokens: np.ndarray, lengths: np.ndarray) -> "OrderedBatch":
        """The documents of `bag`, whose words in order are `tokens` (n_tokens,), `lengths` (n_docs,) a document."""
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        given = {name: getattr(bag, name) for name in Batch.__dataclass_fields__}
        words = torch.from_numpy(np.asarray(tokens, dtype=np.int64))
        return cls(**given, tokens=words, token_offsets=torch.from_numpy(offsets))

    def to(self, device: torch.device | str) -> "OrderedBatch":
        """The same batch on another device."""
        moved = {name: getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__}
        return OrderedBatch(**moved)


@dataclass(frozen=True)
class Pairs:
    """Word pairs, the same number for every document.

    Attributes
    ----------
    pivots, targets : Tensor, int64, (n_docs, n_pairs)
        Word ids.
    known : Tensor, bool, (n_docs,)
        Whether the document holds a pair at all; where not, its row means nothing.
    """

    pivots: Tensor
    targets: Tensor
    known: Tensor


def draw_pairs(batch: Batch, n_pairs: int, window: int) -> Pairs:
    """Draw `n_pairs` (pivot, target) pairs of each document, with replacement, by torch's generator.

    An `OrderedBatch` gives two tokens at most `window` apart, all such pairs of a document being equally likely. Any
    other batch gives two different words of a document: the pivot by its count, the target by its count among the rest.

    Parameters
    ----------
    batch : Batch
        Documents.
    n_pairs : int
        Pairs a document.
    window : int
        Largest distance of pivot and target, in tokens.
    """
    if isinstance(batch, OrderedBatch):
        return _within_windows(batch, n_pairs, window)
    return _within_bags(batch, n_pairs)


def _within_windows(batch: OrderedBatch, n_pairs: int, window: int) -> Pairs:
    lengths = batch.token_offsets.diff()
    device = lengths.device
    distances = torch.arange(1, window + 1, device=device)
    # A document of n tokens holds n - o pairs of distance o. One uniform number chooses the distance and the place.
    cumulative = (lengths.unsqueeze(1) - distances).clamp_min(0).cumsum(dim=1)  # (n_docs, window)
    total = cumulative[:, -1:]
    known = total.squeeze(1) > 0
    chosen = (_uniform(len(batch), n_pairs, device) * total).long().clamp_max((total - 1).clamp_min(0))
    index = torch.searchsorted(cumulative, chosen, right=True).clamp_max(window - 1)
    before = torch.where(index > 0, cumulative.gather(1, (index - 1).clamp_min(0)), 0)
    left = batch.token_offsets[:-1].unsqueeze(1) + chosen - before
    right = left + index + 1
    forward = _uniform(len(batch), n_pairs, device) < 0.5
    last = max(len(batch.tokens) - 1, 0)
    words = batch.tokens if len(batch.tokens) else torch.zeros(1, dtype=torch.int64, device=device)
    pivots = words[torch.where(forward, left, right).clamp_max(last)]
    targets = words[torch.where(forward, right, left).clamp_max(last)]
    return Pairs(pivots, targets, known)


def _within_bags(batch: Batch, n_pairs: int) -> Pairs:
    device = batch.counts.device
    if not len(batch.word_ids):
        nothing = torch.zeros(len(batch), n_pairs, dtype=torch.int64, device=device)
        return Pairs(nothing, nothing, torch.zeros(len(batch), dtype=torch.bool, device=device))
    # Where each entry ends on the line of all counts; summed on the CPU, as CUDA leaves the order of sums to chance.
    ends = batch.counts.to("cpu", torch.float64).cumsum(dim=0).to(device, _precise(device))
    begins = ends - batch.counts
    sizes = batch.offsets.diff()
    known = sizes > 1
    first = batch.offsets[:-1].clamp_max(len(ends) - 1).unsqueeze(1)
    final = (batch.offsets[1:] - 1).clamp_min(0).unsqueeze(1)
    start, stop = begins[first], ends[final]
    pivot = _entry(ends, start + _uniform(len(batch), n_pairs, device) * (stop - start), first, final)
    # The target falls on the line without the pivot's stretch.
    skipped = batch.counts.to(ends.dtype)[pivot]
    place = start + _uniform(len(batch), n_pairs, device) * (stop - start - skipped)
    place = torch.where(place >= begins[pivot], place + skipped, place)
    target = _entry(ends, place, first, final)
    # Rounding may put the target on the pivot's edge: its neighbour in the document is meant.
    neighbour = torch.where(pivot < final, pivot + 1, pivot - 1).clamp_min(0)
    target = torch.where(target == pivot, neighbour, target)
    return Pairs(batch.word_ids[pivot], batch.word_ids[target], known)


def _entry(ends: Tensor, place: Tensor, first: Tensor, final: Tensor) -> Tensor:
    found = torch.searchsorted(ends, place.contiguous(), right=True)
    return torch.minimum(torch.maximum(found, first), final)


def _uniform(n_docs: int, n_pairs: int, device: torch.device) -> Tensor:
    return torch.rand(n_docs, n_pairs, dtype=_precise(device), device=device)


def _precise(device: torch.device) -> torch.dtype:
    """float64, which single precision's 2**24 steps ask for in long documents; Apple's MPS has none."""
    return torch.float32 if device.type == "mps" else torch.float64
