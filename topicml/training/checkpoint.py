"""Training state on disk: one safetensors file, replaced atomically."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from topicml.errors import InputError
from topicml.files import atomic_file

FORMAT = 1


@dataclass
class TrainingState:
    """All that decides how training goes on: with it, a resumed run ends with the same bits.

    Random numbers need no state: every step seeds its own from the run's seed and its number.

    Attributes
    ----------
    step : int
        Steps done.
    network, best : dict of str to Tensor
        The present weights, and the best by held-out loss (empty before the first evaluation).
    optimizer : dict of str to Tensor
        The optimizer's moments, ``<parameter index>.<name>``.
    contrasts, balance : dict of str to Tensor
        What contrastive objectives (``<name>.<key>``) and their balance remember.
    best_loss : float
        Held-out loss of `best`.
    stale : int
        Epochs since `best`.
    history : list of dict
        Finished epochs.
    sums : dict of str to float
        Running sums of the epoch under way.
    averaged, skipped : int
        Its documents so far, and the steps left out because something was not finite.
    """

    step: int = 0
    network: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    contrasts: dict[str, Tensor] = field(default_factory=dict)
    balance: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    stale: int = 0
    history: list[dict] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    averaged: int = 0
    skipped: int = 0


_PARTS = ("network", "best", "optimizer", "contrasts", "balance")
_SCALARS = ("step", "best_loss", "stale", "history", "sums", "averaged", "skipped")


def write_checkpoint(path: Path, state: TrainingState, fingerprint: str) -> None:
    """Replace `path` by `state`; `fingerprint` names the configuration and the data it belongs to."""
    tensors = {
        f"{part}/{name}": value.detach().contiguous().cpu()
        for part in _PARTS
        for name, value in getattr(state, part).items()
    }
    scalars = {name: getattr(state, name) for name in _SCALARS}
    header = {"format": str(FORMAT), "fingerprint": fingerprint, "state": json.dumps(scalars)}
    with atomic_file(path) as temporary:
        save_file(tensors, temporary, metadata=header)


def read_checkpoint(path: Path, fingerprint: str) -> TrainingState | None:
    """The state at `path`, or None where there is none.

    Raises
    ------
    InputError
        If the file is damaged, of another format, or belongs to another configuration or other data.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a whole checkpoint ({error}). Remove it to start anew.") from error
    if header.get("format") != str(FORMAT):
        raise InputError(f"{path} has checkpoint format {header.get('format')}; this version reads {FORMAT}.")
    if header["fingerprint"] != fingerprint:
        raise InputError(
            f"{path} belongs to another run: its configuration or corpus differs from this one's. "
            "Resume with the same settings and data, or remove it to start anew."
        )
    state = TrainingState(**json.loads(header["state"]))
    for key, value in tensors.items():
        part, name = key.split("/", 1)
        getattr(state, part)[name] = value
    return state
