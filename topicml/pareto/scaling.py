"""How gradients are scaled before they are weighed against each other."""

from collections.abc import Sequence

import torch
from torch import Tensor

SCALES = ("none", "l2", "loss", "loss+", "running")


class Scaling:
    """Factors by which the losses' gradients are multiplied before their weights are found.

    Parameters
    ----------
    normalize : str
        ``none``; ``l2``: each gradient has length 1; ``loss``: it is divided by its loss; ``loss+``: by both;
        ``running``: by the geometric mean of its lengths so far; one longer than it used to be then counts as long.
    momentum : float
        With ``l2`` and ``loss+``: lengths are averaged (geometrically) over about ``1 / (1 - momentum)`` steps.
    preference : float
        Divides the factor of every loss but the first.
    """

    def __init__(self, normalize: str, momentum: float, preference: float) -> None:
        self.normalize, self.momentum, self.preference = normalize, momentum, preference
        self.log_lengths: Tensor | None = None
        self.counts: Tensor | None = None

    def __call__(self, lengths: Tensor, values: Sequence[float]) -> Tensor:
        """Factors (m,), float64, from the gradients' lengths (m,) and the losses; 0 where the length is."""
        basis = torch.ones_like(lengths)
        if self.normalize in ("l2", "loss+"):
            basis = self._averaged(lengths, constant=True) if self.momentum else lengths
        elif self.normalize == "running":
            basis = self._averaged(lengths, constant=False)
        if self.normalize in ("loss", "loss+"):
            basis = basis * torch.tensor(values, dtype=lengths.dtype).abs().clamp_min(1e-12)
        preference = torch.full_like(lengths, self.preference)
        preference[0] = 1.0
        return torch.where(lengths > 0, 1 / (basis * preference), 0.0)

    def _averaged(self, lengths: Tensor, *, constant: bool) -> Tensor:
        """Running geometric means, in which a gradient that vanishes for a step leaves no trace."""
        if self.log_lengths is None or self.counts is None or len(self.log_lengths) != len(lengths):
            self.log_lengths, self.counts = torch.zeros_like(lengths), torch.zeros_like(lengths)
        present = lengths > 0
        self.counts = self.counts + present
        rate = torch.where(self.counts > 1, 1 - self.momentum, 1.0) if constant else 1 / self.counts.clamp_min(1)
        moved = self.log_lengths + rate * (lengths.clamp_min(1e-300).log() - self.log_lengths)
        self.log_lengths = torch.where(present, moved, self.log_lengths)
        return self.log_lengths.exp()
