"""The state of a balance as tensors, for checkpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from topicml.pareto.balance import Balance

_WEIGHTING = "weighting."


def get_state(balance: "Balance") -> dict[str, Tensor]:
    """Counters, the last measurement, running lengths, and what the weighting remembers."""
    state = {"counters": torch.tensor([balance._steps, balance._skips])}
    if balance._gramian is not None:
        state["gramian"] = balance._gramian.clone()
        state["coefficients"] = torch.tensor(balance._coefficients, dtype=torch.float64)
        state["owners"] = torch.tensor(balance._owners, dtype=torch.int64)
    if balance._scaling.log_lengths is not None and balance._scaling.counts is not None:
        state["log_lengths"] = balance._scaling.log_lengths.clone()
        state["length_counts"] = balance._scaling.counts.clone()
    remembered: dict[str, Tensor] = getattr(balance._weigh, "state_dict", dict)()
    return state | {_WEIGHTING + name: value.detach().clone() for name, value in remembered.items()}


def set_state(balance: "Balance", state: Mapping[str, Tensor]) -> None:
    """The inverse of `get_state`; an empty state is the first."""
    balance._steps, balance._skips = state["counters"].tolist() if "counters" in state else (0, 0)
    balance._gramian = state["gramian"].clone() if "gramian" in state else None
    balance._coefficients = state["coefficients"].tolist() if "coefficients" in state else []
    balance._owners = state["owners"].tolist() if "owners" in state else []
    balance._scaling.log_lengths = state["log_lengths"].clone() if "log_lengths" in state else None
    balance._scaling.counts = state["length_counts"].clone() if "length_counts" in state else None
    remembered = {name.removeprefix(_WEIGHTING): value for name, value in state.items() if name.startswith(_WEIGHTING)}
    weigh: Any = balance._weigh
    if not remembered or not hasattr(weigh, "load_state_dict"):
        return
    if isinstance(weigh, torch.nn.Module) and balance._gramian is not None:
        # TorchJD's weightings make their buffers at the first call, in the Gramian's size.
        with torch.random.fork_rng(devices=[]):
            weigh(torch.eye(len(balance._gramian), dtype=torch.float64))
    weigh.load_state_dict(remembered)
