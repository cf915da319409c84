"""Parameters of models and of preprocessing as NAME=VALUE pairs."""

import json
from collections.abc import Sequence
from typing import Any

from topicml.errors import InputError

# Parameters of the model that --set refuses, and the options to use instead.
_OTHER_OPTIONS = {
    "n_topics": "--topics",
    "random_state": "--seed",
    "max_epochs": "--epochs",
    "device": "--device",
    "contrast": "--contrast",
    "balance": "--balance",
    "verbose": "--verbose or --quiet",
    "preprocessor": "--language, --preprocess and the other options of preprocessing",
}


def parse_parameters(pairs: Sequence[str]) -> dict[str, Any]:
    """Parse the values of --set.

    Parameters
    ----------
    pairs : sequence of str
        Each NAME=VALUE.

    Returns
    -------
    dict
        Name of a parameter to its value.

    Raises
    ------
    InputError
        If a pair has no "=", or names a parameter that has its own option.
    """
    parameters = parse_pairs(pairs, "--set")
    for name in parameters:
        if name in _OTHER_OPTIONS:
            # In quotation marks, so that the name is not replaced by its option (`topicml.cli.wording`).
            raise InputError(f"--set '{name}' has its own option: use {_OTHER_OPTIONS[name]}.")
    return parameters


def parse_pairs(pairs: Sequence[str], option: str) -> dict[str, Any]:
    """Parse NAME=VALUE pairs.

    Parameters
    ----------
    pairs : sequence of str
        A value is JSON (a number, true, a list), or else a string. Hyphens in a name become underscores.
    option : str
        The option that they come from, for messages.

    Returns
    -------
    dict
        Name to value.

    Raises
    ------
    InputError
        If a pair has no "=" or no name.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{option} takes NAME=VALUE; received {pair!r}.")
        try:
            values[name.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            values[name.strip().replace("-", "_")] = value.strip()
    return values
