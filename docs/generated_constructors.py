"""Griffe extension: named models and stories get their constructor, and the former its description, when Python runs."""

import inspect
from importlib import import_module
from typing import Any

import griffe

from topicml.models import NamedModel, Story


class GeneratedConstructors(griffe.Extension):
    """Replace what the source states of named models and stories by what the imported classes state."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Set the signature and the docstring of a class.

        Parameters
        ----------
        cls : griffe.Class
            A class of topicml as read from its source.
        """
        if not cls.module.path.startswith(("topicml.stories.", "topicml.models.story")):
            return
        live = getattr(import_module(cls.module.path), cls.name)
        if not issubclass(live, (NamedModel, Story)):
            return
        signature = inspect.signature(live).parameters.values()
        parameters = griffe.Parameters(griffe.Parameter("self"), *map(_parameter, signature))
        cls.set_member("__init__", griffe.Function("__init__", parameters=parameters))
        cls.docstring = griffe.Docstring(inspect.getdoc(live) or "", parent=cls)


def _parameter(parameter: inspect.Parameter) -> griffe.Parameter:
    annotation = inspect.formatannotation(parameter.annotation).replace("collections.abc.", "")
    default = None if parameter.default is parameter.empty else repr(parameter.default)
    kind = griffe.ParameterKind[parameter.kind.name.lower()]
    return griffe.Parameter(parameter.name, annotation=annotation, kind=kind, default=default)
