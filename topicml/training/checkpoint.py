"""The state of training on disk: one safetensors file, replaced atomically."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from topicml.errors import InputError
from topicml.files import atomic_file, utf8_name
from topicml.identity import differences, digest

FORMAT = 3


@dataclass
class EpochSums:
    """Sums over the steps of the current epoch.

    Attributes
    ----------
    values : dict of str to float
        Losses and their parts, each multiplied by the number of documents of its batch.
    documents : int
        Number of documents of all steps that were not skipped.
    skipped : int
        Number of steps that were skipped because a loss or gradient was not finite.
    """

    values: dict[str, float] = field(default_factory=dict)
    documents: int = 0
    skipped: int = 0

    def add(self, record: Mapping[str, float] | None, n_docs: int) -> None:
        """Add a step.

        Parameters
        ----------
        record : mapping of str to float, or None
            What `Step` returned; None counts as a skipped step.
        n_docs : int
            Documents of the batch.
        """
        if record is None:
            self.skipped += 1
            return
        self.documents += n_docs
        for name, value in record.items():
            self.values[name] = self.values.get(name, 0.0) + value * n_docs

    def means(self) -> dict[str, float]:
        """Return the means over documents, and ``skipped`` if there were skipped steps."""
        means = {name: total / max(self.documents, 1) for name, total in self.values.items()}
        return means | ({"skipped": self.skipped} if self.skipped else {})


@dataclass
class TrainingState:
    """Everything that training needs to continue; a run resumed from it ends with the same bits.

    It has no state of random numbers: each step seeds its own from the seed of the run and the number of the step.

    Attributes
    ----------
    step : int
        Number of finished steps.
    network, best : dict of str to Tensor
        Current weights, and the weights with the best held-out bound (empty before the first evaluation).
    optimizer : dict of str to Tensor
        Moments of the optimizer, under the names ``<parameter index>.<name>``.
    contrasts, balance : dict of str to Tensor
        State of the contrasts (``<name>.<key>``) and of their balance.
    best_bound : float
        Held-out bound of `best`.
    stale : int
        Number of epochs since `best`.
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
_SHARE_OF_TIME = 0.02  # that writing takes at most


class Checkpoint:
    """A file with the state of training.

    Parameters
    ----------
    path : Path
        The file.
    identity : mapping
        Description of the fit (`topicml.identity.fit_identity`). `read` refuses the state of another fit.
    seconds : float
        Shortest time between two writes. It is longer if a write takes long, so that writing takes at most 2 % of the
        time; 0 writes each time.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, seconds: float = 10.0) -> None:
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self._written = time.perf_counter()
        self._duration = 0.0  # of the last write

    def write_when_due(self, state: Callable[[], TrainingState]) -> None:
        """Write the state that `state` returns, if the last write was long enough ago."""
        pause = max(self.seconds, self._duration / _SHARE_OF_TIME) if self.seconds else 0.0
        if time.perf_counter() - self._written >= pause:
            self.write(state())

    def write(self, state: TrainingState) -> None:
        """Write a state, replacing the file in one step."""
        begin = time.perf_counter()
        tensors = {
            f"{part}/{name}": value.detach().contiguous().cpu()
            for part in _TENSORS
            for name, value in getattr(state, part).items()
        }
        scalars = {name: getattr(state, name) for name in _SCALARS} | {"sums": asdict(state.sums)}
        header = {"format": str(FORMAT), "identity": json.dumps(self.identity), "state": json.dumps(scalars)}
        header["sha256"] = _digest(header, tensors)
        with atomic_file(self.path) as temporary:
            save_file(tensors, temporary, metadata=header)
        self._written = time.perf_counter()
        self._duration = self._written - begin

    def read(self) -> TrainingState | None:
        """Read the state from the file; return None if there is no file.

        Raises
        ------
        InputError
            If the file is damaged, has another format, or belongs to another fit; the message names what differs.
        """
        if not self.path.exists():
            return None
        try:
            with utf8_name(self.path) as name, safe_open(name, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, MemoryError) as error:
            raise self.damaged(error) from error
        if header.get("format") != str(FORMAT):
            raise InputError(
                f"{self.path} has checkpoint format {header.get('format')}; this version reads format {FORMAT}. Resume "
                "with the version of topicml that wrote it, or remove it to start again."
            )
        if header.get("sha256") != _digest(header, tensors):
            raise self.damaged("its content is not what was written")
        try:
            self._check_identity(json.loads(header["identity"]))
            scalars = json.loads(header["state"])
            state = TrainingState(**{**scalars, "sums": EpochSums(**scalars["sums"])})
            if not all(isinstance(number, int) and number >= 0 for number in (state.step, state.stale)):
                raise ValueError(f"step {state.step!r}, stale {state.stale!r}")
            for key, value in tensors.items():
                part, name = key.split("/", 1)
                if part not in _TENSORS:
                    raise ValueError(f"it has a part {part!r}")
                getattr(state, part)[name] = value
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise self.damaged(error) from error
        return state

    def damaged(self, why: object) -> InputError:
        """The error of a checkpoint that cannot be resumed, and why."""
        return InputError(f"{self.path} is not a complete checkpoint ({why}). Remove it to start again.")

    def _check_identity(self, stored: Mapping[str, Any]) -> None:
        expected = json.loads(json.dumps(self.identity))
        if digest(stored) != digest(expected):
            raise InputError(
                f"{self.path} belongs to another fit. What differs: {', '.join(differences(stored, expected))}. Resume "
                "with the same settings, documents and version, or remove it to start again."
            )


def _digest(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of all that a checkpoint holds, hexadecimal."""
    sha = hashlib.sha256()
    for name in ("format", "identity", "state"):
        sha.update(f"{len(header.get(name, ''))} {header.get(name, '')}".encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        sha.update(f"{name} {value.dtype} {tuple(value.shape)}".encode("utf-8", "surrogatepass"))
        if value.numel():
            sha.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()
