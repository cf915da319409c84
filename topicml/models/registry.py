"""Models by name: those of topicml, and those that users register."""

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
}
"""Names of the models of topicml and their modules; a module is imported when its model is first used."""

COMPOSED = "TopicModel"
"""Class name of composed models. Saved models may have this name, but it does not name a model with a fixed story."""

_registered: dict[str, type] = {}

Model = TypeVar("Model", bound=type)


def register(model: Model) -> Model:
    """Register a model under the name of its class, for `topicml.load`, the command line and grids.

    Use it as a decorator. A class replaces an earlier one with the same module and name, so that a notebook cell can
    run twice.

    Parameters
    ----------
    model : type
        A subclass of `topicml.models.TopicModel`.

    Returns
    -------
    type
        The same class.

    Raises
    ------
    InputError
        If it is not a topic model, or another model has this name.

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
    other = _registered.get(name)
    same = other is not None and (other.__module__, other.__qualname__) == (model.__module__, model.__qualname__)
    if name in (*HOMES, COMPOSED) or (other is not None and not same):
        where = other.__module__ if other is not None else HOMES.get(name, "topicml.models.topic_model")
        raise InputError(f"A model called {name} is already registered (module {where}). Rename the class.")
    _registered[name] = model
    return model


def model_names() -> list[str]:
    """Return the names of all models: those of topicml, then registered ones."""
    return [*HOMES, *_registered]


def model_class(name: str) -> type:
    """Return the class of a model.

    Parameters
    ----------
    name : str
        A name of `model_names`, in upper or lower case; or "module:Class", which imports the module and registers the
        class.

    Returns
    -------
    type
        A subclass of `topicml.models.TopicModel`.

    Raises
    ------
    InputError
        If the name is unknown, the module cannot be imported, or it does not have this model.
    """
    if ":" in name:
        return _imported(name)
    if name == COMPOSED:
        composed: type = import_module("topicml.models.topic_model").TopicModel
        return composed
    by_lower = {each.lower(): each for each in model_names()}
    if name.lower() not in by_lower:
        advice = 'For your own model, write "module:Class", or import the module that registers it.'
        check_known(name, model_names(), "There is no model", advice)
    name = by_lower[name.lower()]
    if name in _registered:
        return _registered[name]
    model: type = getattr(import_module(HOMES[name]), name)
    return model


def _imported(name: str) -> type:
    module, _, attribute = name.partition(":")
    try:
        model = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"The model {name!r} cannot be imported ({error}). Write it as module:Class.") from error
    if not _is_model(model):
        raise InputError(f"{name!r} is not a subclass of topicml.models.TopicModel.")
    if model.__name__ not in model_names():
        register(model)
    return model


def _is_model(model: Any) -> bool:
    """Whether this is a class of topic models; `TopicModel` imports this module, so its methods are checked instead."""
    return isinstance(model, type) and all(hasattr(model, name) for name in ("fit", "topics", "composition"))
