"""What a balance and its weighting remember between steps, as tensors for checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from topicml.nn.process import alone

_WEIGHTING = "weighting."


@dataclass
class BalanceState:
    """What a `Balance` remembers from one step to the next.

    Attributes
    ----------
    steps : int
        Completed steps, without the skipped ones.
    skips : int
        Skipped steps since the last completed one.
    gramian : Tensor or None, float64, (n_losses, n_losses)
        Inner products of the gradients, from the last measurement.
    coefficients : list of float
        Factor of each loss's gradient.
    owners : list of int
        For each trainable parameter, the loss that it belongs to (`topicml.pareto.gradients.owners_of`).
    """

    steps: int = 0
    skips: int = 0
    gramian: Tensor | None = None
    coefficients: list[float] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def tensors(self) -> dict[str, Tensor]:
        """The state as tensors, which are copies."""
        state = {"counters": torch.tensor([self.steps, self.skips])}
        if self.gramian is not None:
            state["gramian"] = self.gramian.clone()
            state["coefficients"] = torch.tensor(self.coefficients, dtype=torch.float64)
            state["owners"] = torch.tensor(self.owners, dtype=torch.int64)
        return state

    @classmethod
    def from_tensors(cls, state: Mapping[str, Tensor]) -> "BalanceState":
        """The inverse of `tensors`; an empty mapping gives the initial state."""
        steps, skips = state["counters"].tolist() if "counters" in state else (0, 0)
        return cls(
            steps,
            skips,
            state["gramian"].clone() if "gramian" in state else None,
            state["coefficients"].tolist() if "coefficients" in state else [],
            state["owners"].tolist() if "owners" in state else [],
        )


def weighting_state(weighting: Any) -> dict[str, Tensor]:
    """The state of a weighting that has a ``state_dict``, under prefixed names; empty for other weightings."""
    state: dict[str, Tensor] = getattr(weighting, "state_dict", dict)()
    return {_WEIGHTING + name: value.detach().clone() for name, value in state.items()}


def load_weighting_state(weighting: Any, state: Mapping[str, Tensor], n_losses: int) -> None:
    """Restore the state of a weighting.

    Parameters
    ----------
    weighting : Weighting
        Changed in place.
    state : mapping of str to Tensor
        Entries other than those of `weighting_state` are ignored.
    n_losses : int
        Size of the Gramian; 0 if nothing has been measured.
    """
    state = {name.removeprefix(_WEIGHTING): value for name, value in state.items() if name.startswith(_WEIGHTING)}
    if not state or not hasattr(weighting, "load_state_dict"):
        return
    if isinstance(weighting, torch.nn.Module) and n_losses:
        # TorchJD's weightings create their buffers at the first call, in the Gramian's size.
        with alone(), torch.random.fork_rng(devices=[]):
            weighting(torch.eye(n_losses, dtype=torch.float64))
    weighting.load_state_dict(state)
