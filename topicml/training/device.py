"""Where a network trains, and in which precision."""

from contextlib import AbstractContextManager, nullcontext

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
