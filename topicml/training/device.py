"""Devices, precision, and repeatable random numbers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch

from topicml.errors import InputError
from topicml.nn.process import ProcessSetting, alone


def choose_device(name: str) -> torch.device:
    """Return a device by name.

    Parameters
    ----------
    name : str
        ``cpu``, ``cuda``, ``mps``, or another name that torch knows; ``auto`` is the first available of CUDA, Apple's
        MPS and the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    InputError
        If the device is unknown or not available.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device={name!r} cannot be used ({reason}). Choose auto, cpu, cuda or mps.") from error
    return device


def _use_deterministic_algorithms(value: bool) -> None:
    torch.use_deterministic_algorithms(value, warn_only=value)


_DETERMINISTIC = ProcessSetting(torch.are_deterministic_algorithms_enabled, _use_deterministic_algorithms, True)


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Context manager: use deterministic algorithms on CUDA, so that the same inputs give the same bits.

    On the CPU they always do. torch warns of operations that have no deterministic algorithm. Inside the block, the
    setting applies to the whole process; it ends with the last of such blocks in several threads.
    """
    if device.type != "cuda":
        yield
        return
    with _DETERMINISTIC.block():
        yield


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Context manager: `topicml.nn.process.alone` and `deterministic`, and restore torch's random state afterwards.

    Seeded code inside the block gives the same bits each time, whatever other threads do. On Apple's MPS, neither is
    guaranteed.
    """
    devices = [device] if device.type == "cuda" else []
    with alone(), torch.random.fork_rng(devices=devices), deterministic(device):
        yield


def seed_step(device: torch.device, seed: int, step: int) -> None:
    """Seed the generators of the CPU and of one device for one step of a run.

    Parameters
    ----------
    device : torch.device
        Generators of other devices do not change.
    seed : int
        Seed of the run.
    step : int
        Number of the step; -1 for evaluation, -2 for the estimation of statistics.
    """
    seed = int(
        np.random.SeedSequence([seed, step + 1] if step >= -1 else [seed, 0, -step]).generate_state(1, np.uint64)[0]
    )
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.default_generators[index].manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Return a context manager that sets the precision of matrix products.

    Parameters
    ----------
    device : torch.device
        Device of the network.
    precision : {"auto", "float32", "bfloat16"}
        ``auto`` is bfloat16 on CUDA, where it is fast, and float32 elsewhere.

    Returns
    -------
    context manager
        Enter it around the forward pass.

    Raises
    ------
    InputError
        If `precision` is unknown.
    """
    check_precision(precision)
    if precision == "bfloat16" or (precision == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def check_precision(precision: str) -> None:
    """Raise `InputError` if `precision` is unknown."""
    if precision not in ("auto", "float32", "bfloat16"):
        raise InputError(f"precision={precision!r} is unknown. Choose 'auto', 'float32' or 'bfloat16'.")
