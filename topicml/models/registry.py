"""Models by name: topicml's own, and those that users register."""

import inspect
from importlib import import_module
from typing import Any, TypeVar

from topicml.checks import check_known
from topicml.errors import InputError

HOMES = {
    "ProdLDA": "topicml.stories.prodlda",
    "ETM": "topicml.stories.etm",
    "ECRTM": "topicml.stories.ecrtm",
    "LDA2Vec": "topicml.stories.lda2vec",
    "TSCTM": "topicml.stories.tsctm",
    "DocNADE": "topicml.stories.docnade",
}
"""Names of topicml's models and the modules that define them; a module is imported when its model is asked for."""

COMPOSED = "TopicModel"
"""Name of the class of composed models: saved models may have it, but it is not a model by itself."""

_registered: dict[str, type] = {}

Model = TypeVar("Model", bound=type)


def register(model: Model) -> Model:
    """Make a model known by the name of its class, so that it can be loaded, fitted on the command line and in grids.

    Use it as a decorator. Registering a class of the same module and name again replaces it, as when a notebook cell
    runs twice.

    Parameters
    ----------
    model : type
        A subclass of `topicml.models.TopicModel`.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    InputError
        If it is not a topic model, or another model has its name.

    Examples
    --------
    >>> import topicml
    >>> from topicml.models import model_class, register
    >>> @register
    ... class Mine(topicml.ProdLDA):
    ...     pass
    >>> model_class("Mine") is Mine
    True
    """
    if not _is_model(model):
        raise InputError(f"{model!r} cannot be registered: it is not a subclass of topicml.models.TopicModel.")
    name = model.__name__
    where = {**HOMES, COMPOSED: "topicml.models.topic_model"} | {n: each.__module__ for n, each in _registered.items()}
    other = _registered.get(name)
    same = other is not None and (other.__module__, other.__qualname__) == (model.__module__, model.__qualname__)
    for taken, module in where.items():
        if taken.lower() == name.lower() and not (taken == name and same):  # names are found in any case
            raise InputError(f"A model called {taken} is registered already (module {module}). Rename the class.")
    _registered[name] = model
    return model


def model_names() -> list[str]:
    """Names of all models: topicml's own, then registered ones."""
    return [*HOMES, *_registered]


def model_class(name: str) -> type:
    """The class of a model.

    Parameters
    ----------
    name : str
        A name of `model_names`, in upper or lower case; or "module:Class", which imports the module.

    Raises
    ------
    InputError
        If the name is unknown, the module cannot be imported, or it has no such model.
    """
    if ":" in name:
        return _imported(name)
    if name == COMPOSED:
        composed: type = import_module("topicml.models.topic_model").TopicModel
        return composed
    by_lower = {each.lower(): each for each in model_names()}
    if name.lower() not in by_lower:
        advice = 'A model of your own: "module:Class", or import the module that registers it.'
        check_known(name, model_names(), "There is no model", advice)
    name = by_lower[name.lower()]
    if name in _registered:
        return _registered[name]
    model: type = getattr(import_module(HOMES[name]), name)
    return model


def models_with(parameter: str) -> list[str]:
    """Names of the models whose constructor takes a parameter."""
    return [name for name in model_names() if parameter in inspect.signature(model_class(name)).parameters]


def _imported(name: str) -> type:
    module, _, attribute = name.partition(":")
    try:
        model = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"The model {name!r} cannot be imported ({error}). Write it as module:Class.") from error
    except Exception as error:  # the module is the user's and may raise anything
        raise InputError(f"The model {name!r} cannot be imported ({type(error).__name__}: {error}).") from error
    if not _is_model(model):
        raise InputError(f"{name!r} is not a subclass of topicml.models.TopicModel.")
    if model.__name__ not in model_names() or model_class(model.__name__) is not model:
        register(model)  # refuses another class of a known name now: after the fit, `save` would
    return model


def _is_model(model: Any) -> bool:
    """Whether this is a class of topic models; `TopicModel` itself is not imported here, because it imports this."""
    return isinstance(model, type) and all(hasattr(model, name) for name in ("fit", "topics", "composition"))
