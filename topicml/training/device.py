"""Where a network trains, and in which precision."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch

from topicml.errors import InputError


def choose_device(name: str) -> torch.device:
    """The device called `name`; ``auto`` takes CUDA, then Apple's MPS, then the CPU.

    Raises
    ------
    InputError
        If the device is unknown or not there.
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


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On CUDA, sums whose order is left to chance are replaced by ordered ones; torch warns of those it cannot replace.

    The same numbers then give the same bits, as they do on the CPU. The setting is the whole process's meanwhile.
    """
    if device.type != "cuda" or torch.are_deterministic_algorithms_enabled():
        yield
        return
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """What is seeded inside gives the same bits (see `deterministic`); afterwards torch's random state is as before.

    On Apple's MPS neither is promised.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), deterministic(device):
        yield


def seed_step(device: torch.device, seed: int, step: int) -> None:
    """Seed torch's generators of the CPU and of one device for one step of a run.

    Parameters
    ----------
    device : torch.device
        Generators of other devices stay as they are.
    seed : int
        Seed of the run.
    step : int
        Number of the step; -1 for evaluation, -2 for the estimation of statistics.
    """
    seed = int(np.random.SeedSequence([seed, step + 1] if step >= -1 else [seed, 0, -step]).generate_state(1, np.uint64)[0])
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.default_generators[index].manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Mixed precision for the network's matrix products.

    ``auto`` takes bfloat16 on CUDA, where it is fast, and float32 elsewhere; ``float32`` and ``bfloat16`` are literal.

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
