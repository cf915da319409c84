"""How gradients are scaled before the weighting sees them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

SCALES = ("none", "l2", "loss", "loss+", "running")


class Scaling:
    """Factors that multiply the losses' gradients before they are weighted.

    Parameters
    ----------
    normalize : str
        ``none``: no scaling. ``l2``: each gradient has length 1. ``loss``: divide by the loss. ``loss+``: divide by the
        length and the loss. ``running``: divide by the geometric mean of the lengths so far, so that a gradient that is
        longer than before stays longer than 1.
    momentum : float
        With ``l2`` and ``loss+``: average lengths (geometrically) over about ``1 / (1 - momentum)`` steps.
    preference : float
        Divides the factor of every loss but the first.
    """

    def __init__(self, normalize: str, momentum: float, preference: float) -> None:
        self.normalize, self.momentum, self.preference = normalize, momentum, preference
        self.log_lengths: Tensor | None = None
        self.counts: Tensor | None = None

    def __call__(self, lengths: Tensor, values: Sequence[float]) -> Tensor:
        """Compute the factors, and update the running means.

        Parameters
        ----------
        lengths : Tensor, float64, (n_losses,)
            Lengths of the gradients.
        values : sequence of float
            The losses.

        Returns
        -------
        Tensor, float64, (n_losses,)
            0 for a gradient of length 0.
        """
        divisor = torch.ones_like(lengths)
        if self.normalize in ("l2", "loss+"):
            divisor = self._mean_lengths(lengths, decay=True) if self.momentum else lengths
        elif self.normalize == "running":
            divisor = self._mean_lengths(lengths, decay=False)
        if self.normalize in ("loss", "loss+"):
            divisor = divisor * torch.tensor(values, dtype=lengths.dtype).abs().clamp_min(1e-12)
        preference = torch.full_like(lengths, self.preference)
        preference[0] = 1.0
        return torch.where(lengths > 0, 1 / (divisor * preference), 0.0)

    def _mean_lengths(self, lengths: Tensor, *, decay: bool) -> Tensor:
        """Running geometric means, with exponential decay or over all steps; zero gradients do not change them."""
        if self.log_lengths is None or self.counts is None or len(self.log_lengths) != len(lengths):
            self.log_lengths, self.counts = torch.zeros_like(lengths), torch.zeros_like(lengths)
        present = lengths > 0
        self.counts = self.counts + present
        rate = torch.where(self.counts > 1, 1 - self.momentum, 1.0) if decay else 1 / self.counts.clamp_min(1)
        updated = self.log_lengths + rate * (lengths.clamp_min(1e-300).log() - self.log_lengths)
        self.log_lengths = torch.where(present, updated, self.log_lengths)
        return self.log_lengths.exp()

    def state_dict(self) -> dict[str, Tensor]:
        """The running means and their numbers of steps; empty if there are none."""
        if self.log_lengths is None or self.counts is None:
            return {}
        return {"log_lengths": self.log_lengths.clone(), "length_counts": self.counts.clone()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the running means; other entries are ignored, and an empty mapping resets them."""
        self.log_lengths = state["log_lengths"].clone() if "log_lengths" in state else None
        self.counts = state["length_counts"].clone() if "length_counts" in state else None
