"""The state of training on disk: one safetensors file, replaced atomically."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from topicml.errors import InputError
from topicml.files import atomic_file
from topicml.identity import differences, digest

FORMAT = 2


@dataclass
class EpochSums:
    """Sums over the steps of the current epoch.

    Attributes
    ----------
    values : dict of str to float
        Losses and their parts, each times the documents of its batch.
    documents : int
        Documents of the steps taken.
    skipped : int
        Steps left out because a loss or gradient was not finite.
    """

    values: dict[str, float] = field(default_factory=dict)
    documents: int = 0
    skipped: int = 0

    def add(self, record: Mapping[str, float] | None, n_docs: int) -> None:
        """Add a step of `n_docs` documents; None is a skipped step."""
        if record is None:
            self.skipped += 1
            return
        self.documents += n_docs
        for name, value in record.items():
            self.values[name] = self.values.get(name, 0.0) + value * n_docs

    def means(self) -> dict[str, float]:
        """Means over documents, and ``skipped`` if steps were skipped."""
        means = {name: total / max(self.documents, 1) for name, total in self.values.items()}
        return means | ({"skipped": self.skipped} if self.skipped else {})


@dataclass
class TrainingState:
    """Everything that decides how training continues; a run resumed from it ends with the same bits.

    Random numbers need no state: each step seeds its own from the seed of the run and its number.

    Attributes
    ----------
    step : int
        Steps done.
    network, best : dict of str to Tensor
        Current weights, and the weights with the best held-out bound (empty before the first evaluation).
    optimizer : dict of str to Tensor
        Moments of the optimizer, by ``<parameter index>.<name>``.
    contrasts, balance : dict of str to Tensor
        State of the contrasts (``<name>.<key>``) and of their balance.
    best_bound : float
        Held-out bound of `best`.
    stale : int
        Epochs since `best`.
    history : list of dict
        Records of the finished epochs.
    sums : EpochSums
        Sums over the current epoch.
    """

    step: int = 0
    network: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    contrasts: dict[str, Tensor] = field(default_factory=dict)
    balance: dict[str, Tensor] = field(default_factory=dict)
    best_bound: float = float("inf")
    stale: int = 0
    history: list[dict] = field(default_factory=list)
    sums: EpochSums = field(default_factory=EpochSums)


_TENSORS = ("network", "best", "optimizer", "contrasts", "balance")
_SCALARS = ("step", "best_bound", "stale", "history")


class Checkpoint:
    """A file for the state of training.

    Parameters
    ----------
    path : Path
        The file.
    identity : mapping
        Description of the fit (`topicml.identity.fit_identity`). A state of another fit is refused.
    seconds : float
        Time between two writes, at least.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, seconds: float = 10.0) -> None:
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self._written = time.perf_counter()

    def write_when_due(self, state: Callable[[], TrainingState]) -> None:
        """Write the state that `state` returns, if the last write was long enough ago."""
        if time.perf_counter() - self._written >= self.seconds:
            self.write(state())

    def write(self, state: TrainingState) -> None:
        """Replace the file."""
        tensors = {
            f"{part}/{name}": value.detach().contiguous().cpu()
            for part in _TENSORS
            for name, value in getattr(state, part).items()
        }
        scalars = {name: getattr(state, name) for name in _SCALARS} | {"sums": asdict(state.sums)}
        header = {"format": str(FORMAT), "identity": json.dumps(self.identity), "state": json.dumps(scalars)}
        with atomic_file(self.path) as temporary:
            save_file(tensors, temporary, metadata=header)
        self._written = time.perf_counter()

    def read(self) -> TrainingState | None:
        """The state in the file; None if there is no file.

        Raises
        ------
        InputError
            If the file is damaged, has another format, or belongs to another fit; the message names what differs.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise InputError(f"{self.path} is not a complete checkpoint ({error}). Remove it to start anew.") from error
        if header.get("format") != str(FORMAT):
            raise InputError(
                f"{self.path} has checkpoint format {header.get('format')}; this version reads format {FORMAT}. Resume "
                "with the version of topicml that wrote it, or remove it to start anew."
            )
        try:
            identity, scalars = json.loads(header["identity"]), json.loads(header["state"])
        except (KeyError, ValueError) as error:
            raise InputError(f"{self.path} is not a complete checkpoint ({error}). Remove it to start anew.") from error
        self._check_identity(identity)
        state = TrainingState(**{**scalars, "sums": EpochSums(**scalars["sums"])})
        for key, value in tensors.items():
            part, name = key.split("/", 1)
            getattr(state, part)[name] = value
        return state

    def _check_identity(self, stored: Mapping[str, Any]) -> None:
        expected = json.loads(json.dumps(self.identity))
        if digest(stored) != digest(expected):
            raise InputError(
                f"{self.path} belongs to another fit. What differs: {', '.join(differences(stored, expected))}. Resume "
                "with the same settings, documents and version, or remove it to start anew."
            )
