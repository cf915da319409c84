"""The space of a search: choices and ranges of hyper-parameters."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.experiment.entries import ModelEntry

_RANGE_KEYS = ("low", "high", "step", "log")
_FORMS = "NAME=LOW:HIGH, NAME=LOW:HIGH:log, NAME=LOW:HIGH:STEP or NAME=ONE,OTHER,..."


def read_space(pairs: Sequence[str]) -> dict[str, Any]:
    """Parse a space that is written as on the command line.

    ``learning_rate=0.0001:0.1:log`` is a range on a logarithmic scale, ``hidden=50:400:50`` a range with steps,
    ``alpha=0.1:1`` a range without, ``balance=sum,pareto`` two choices. Values are JSON, or else strings.

    Parameters
    ----------
    pairs : sequence of str
        "NAME=VALUES".

    Returns
    -------
    dict
        Hyper-parameter to a list of choices, or to a range ``{"low": ..., "high": ...}``.

    Raises
    ------
    InputError
        If a pair has none of these forms, or two pairs have one name.
    """
    space: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        name = name.replace("-", "_")
        if not (name and equals and text):
            raise InputError(f"{pair!r} is not a choice or a range of a hyper-parameter. Write {_FORMS}")
        if name in space:
            raise InputError(f"{name} is searched twice. Write all its choices at once: {name}=ONE,OTHER")
        space[name] = _range(pair, text.split(":")) if ":" in text else [_value(each) for each in text.split(",")]
    return space


def check_space(space: Mapping[str, Any], model: str, fixed: Mapping[str, Any]) -> None:
    """Check a space.

    Parameters
    ----------
    space : mapping
        As `read_space` returns it.
    model : str
        A model of topicml, by name.
    fixed : mapping
        Hyper-parameters that are not searched.

    Raises
    ------
    InputError
        If the space is empty, the model has no such hyper-parameter, a hyper-parameter is both fixed and searched, or
        choices or a range are invalid.
    """
    if not space:
        raise InputError("The space has nothing to search: pass hyper-parameters with choices or ranges.")
    entry = ModelEntry(model, model=model, parameters=fixed)
    entry.check({})
    entry.check_names(space)
    for name, choice in space.items():
        if name in fixed:
            raise InputError(f"{name} is both fixed and searched. Remove it from one of them.")
        if isinstance(choice, Mapping):
            for key in choice:
                check_known(key, _RANGE_KEYS, f"The range of {name} has no key")
            low, high, log = choice.get("low"), choice.get("high"), choice.get("log")
            numbers = isinstance(low, (int, float)) and isinstance(high, (int, float)) and low < high
            if not numbers or (log and (choice["low"] <= 0 or "step" in choice)):
                raise InputError(
                    f"The range of {name} is {dict(choice)!r}; it needs low < high; with log, low > 0 and no step."
                )
        elif (
            isinstance(choice, str)
            or not isinstance(choice, Sequence)
            or not choice
            or not all(each is None or isinstance(each, (str, int, float)) for each in choice)
        ):
            raise InputError(
                f"The choices of {name} are {choice!r}; pass a list of numbers, strings or booleans, or a range "
                '{"low": ..., "high": ...}.'
            )


def suggest(trial: Any, space: Mapping[str, Any]) -> None:
    """Let an Optuna trial choose a value for each hyper-parameter.

    Parameters
    ----------
    trial : optuna.Trial
        Receives the values (``trial.params``).
    space : mapping
        As `read_space` returns it.
    """
    for name, choice in space.items():
        if not isinstance(choice, Mapping):
            trial.suggest_categorical(name, list(choice))
            continue
        low, high, log = choice["low"], choice["high"], choice.get("log", False)
        if isinstance(low, int) and isinstance(high, int):
            trial.suggest_int(name, low, high, step=choice.get("step", 1), log=log)
        else:
            trial.suggest_float(name, low, high, step=choice.get("step"), log=log)


def _range(pair: str, parts: Sequence[str]) -> dict[str, Any]:
    numbers = [_value(each) for each in parts[:2]]
    last = parts[2].strip() if len(parts) == 3 else None
    step = None if last in (None, "log") else _value(last)
    values = numbers if step is None else [*numbers, step]
    if len(parts) > 3 or not all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values):
        raise InputError(f"{pair!r} is not a range of numbers. Write {_FORMS}")
    limits = {"low": numbers[0], "high": numbers[1]}
    return {**limits, "log": True} if last == "log" else limits if step is None else {**limits, "step": step}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()
