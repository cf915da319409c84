"""Griffe extension: show the constructors of stories and named models, which topicml generates when it is imported."""

import inspect
from importlib import import_module
from typing import Any

import griffe

from topicml.models import NamedModel
from topicml.models.parts.base import BaseStory

_HOMES = ("topicml.stories.", "topicml.models.story", "topicml.models.variational", "topicml.models.parts.")


class GeneratedConstructors(griffe.Extension):
    """Replace signatures and docstrings read from the source by those of the imported classes.

    Stories are dataclasses, and named models get the parameters of their story and of `Training`: neither is visible in
    the source.
    """

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Set the constructor and the docstring of a story or named model.

        Parameters
        ----------
        cls : griffe.Class
            A class as read from its source.
        """
        if not cls.module.path.startswith(_HOMES):
            return
        imported = getattr(import_module(cls.module.path), cls.name)
        if not issubclass(imported, (NamedModel, BaseStory)):
            return
        parameters = map(_parameter, inspect.signature(imported).parameters.values())
        constructor = griffe.Function("__init__", parameters=griffe.Parameters(griffe.Parameter("self"), *parameters))
        cls.set_member("__init__", constructor)
        cls.docstring = griffe.Docstring(inspect.getdoc(imported) or "", parent=cls)


def _parameter(parameter: inspect.Parameter) -> griffe.Parameter:
    annotation = inspect.formatannotation(parameter.annotation).replace("collections.abc.", "")
    default = None if parameter.default is parameter.empty else repr(parameter.default)
    kind = griffe.ParameterKind[parameter.kind.name.lower()]
    return griffe.Parameter(parameter.name, annotation=annotation, kind=kind, default=default)
