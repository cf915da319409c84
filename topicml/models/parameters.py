"""What the hyper-parameters of a model may be: their kinds, as its constructor states them, and their ranges."""

import inspect
from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator

from topicml.errors import InputError
from topicml.settings import NUMBERS, is_of

# Of the hyper-parameters that models have in common; each is checked where the model has it, and None where it may be.
_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "n_topics": (lambda value: value >= 2, "at least 2"),
    "batch_size": (lambda value: value >= 2, "at least 2"),
    "max_epochs": (lambda value: value >= 1, "None or at least 1"),
    "patience": (lambda value: value >= 1, "None or at least 1"),
    "hidden": (lambda value: value >= 1, "at least 1"),
    "learning_rate": (lambda value: value > 0, "positive"),
    "topic_rate": (lambda value: value >= 0, "at least 0"),
    "clip": (lambda value: value > 0, "positive"),
    "free_bits": (lambda value: value >= 0, "at least 0"),
    "kl_warmup": (lambda value: 0 <= value <= 1, "a share of training, in [0, 1]"),
    "dropout": (lambda value: 0 <= value < 1, "in [0, 1)"),
    "theta_dropout": (lambda value: 0 <= value < 1, "in [0, 1)"),
    "validation_fraction": (lambda value: 0 <= value < 1, "in [0, 1)"),
}


def check_numbers(estimator: BaseEstimator) -> None:
    """Raise `InputError` for a number that is none, is no whole one where the constructor says so, or out of range."""
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        value = getattr(estimator, name)
        if parameter.annotation in NUMBERS:
            require(is_of(parameter.annotation, value), name, value, NUMBERS[parameter.annotation])
        if name in _RANGES and value is not None:
            holds, wanted = _RANGES[name]
            require(holds(value), name, value, wanted)


def require(holds: bool, name: str, value: Any, wanted: str) -> None:
    """Raise `InputError` for a hyper-parameter out of range."""
    if not holds:
        raise InputError(f"{name} must be {wanted}; received {value!r}.")
