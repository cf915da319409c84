"""Parameters of models as JSON, and back."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from topicml.errors import InputError, warn
from topicml.models.ranking import WordRanking
from topicml.models.registry import model_class, model_names
from topicml.models.story import Story
from topicml.settings import Settings

_FOR_A_SESSION = ("preprocessor", "random_state", "verbose")  # parameters that do not matter to a loaded model


class _NotPlainError(Exception):
    """A parameter that JSON cannot hold."""


def plain_parameters(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the arguments of a constructor to JSON; a default replaces what cannot be written, with a warning.

    Parameters
    ----------
    kind : type
        The class, for its defaults.
    values : mapping of str to object
        The arguments.

    Returns
    -------
    dict
        The arguments as JSON; `live` is the inverse for each.

    Raises
    ------
    InputError
        If an argument cannot be written and has no default.
    """
    plain = {}
    defaults = inspect.signature(kind).parameters
    for name, value in values.items():
        try:
            plain[name] = _plain(value)
        except _NotPlainError:
            if isinstance(value, Story):  # without it there is no model: leave out only what cannot be written
                plain[name] = {
                    "object": type(value).__name__,
                    "settings": plain_parameters(type(value), value.settings()),
                }
                continue
            default = defaults[name].default
            if default is inspect.Parameter.empty:
                raise InputError(
                    f"The model cannot be saved: {name}={_short(value)} cannot be written, and {name} has no default "
                    "that could stand for it. Give it one (None, for example) in the constructor of the class."
                ) from None
            plain[name] = _plain(default)
            if name not in _FOR_A_SESSION:
                warn(
                    f"{name}={_short(value)} cannot be written: the loaded model has {name}={default!r}. What it "
                    "learned is complete; to train it further, give the object again (set_params).",
                    cause=name,
                )
    return plain


def _short(value: Any) -> str:
    return " ".join(repr(value).split())[:80]  # the repr of an array has several lines


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.ndim < 2:  # matrices over all words are too large for JSON
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Settings) and registered_objects().get(type(value).__name__) is type(value):
        settings = {key: _plain(each) for key, each in value.settings().items()}
        return {"object": type(value).__name__, "settings": settings}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _NotPlainError


def live(value: Any) -> Any:
    """Make the argument of a constructor that `plain_parameters` wrote."""
    if isinstance(value, list):
        return tuple(live(item) for item in value)
    if isinstance(value, Mapping) and "object" in value:
        kind = registered_objects().get(value["object"])
        if kind is None:
            raise InputError(
                f"The saved model has an object of the class {value['object']!r}, which is not registered. Import the "
                "module that registers the model with this story first (on the command line: topicml --import MODULE "
                "...)."
            )
        return kind(**{name: live(each) for name, each in value["settings"].items()})
    return value


def registered_objects() -> dict[str, type]:
    """Classes of parameters that are objects of plain settings, by name."""
    from topicml.objectives import BOUNDS, CONTRASTS
    from topicml.objectives.views import VIEWS
    from topicml.pareto import Balance, FixedWeights, MinNorm
    from topicml.starting import Dictionary, Seeds, Start, VectorStart
    from topicml.training import Training

    stories = (getattr(model_class(name), "story_class", None) for name in model_names())
    losses = (*BOUNDS.values(), *CONTRASTS.values(), *VIEWS.values())
    options = (Balance, Dictionary, FixedWeights, MinNorm, Seeds, Start, VectorStart, Training, WordRanking)
    # The last of a name is kept: a user's story never stands for a class of topicml.
    own = sorted(
        (kind for kind in stories if kind is not None), key=lambda kind: kind.__module__.startswith("topicml.")
    )
    return {kind.__name__: kind for kind in (*own, *losses, *options)}
