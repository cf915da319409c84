"""The configuration of a fit, as plain values that ``run.json`` can hold."""

import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from topicml.checks import nearest
from topicml.errors import InputError
from topicml.runs.reading import Reading

if TYPE_CHECKING:
    from topicml.models import TopicModel


@dataclass(frozen=True)
class FitSettings:
    """Everything that a fit needs: the documents, the model and its parameters.

    Attributes
    ----------
    reading : Reading
        The source and how to read it.
    model : str
        Name of a model in upper or lower case, or "module:Class"; see `topicml.models.model_class`.
    parameters : dict
        Parameters of the model; its defaults apply to the others.
    set_size : int or None
        Documents per set, if the contrast compares sets.
    views : list of str
        Columns with other texts of the same documents.
    choose_topics : {"usual", "auto"} or None
        How `FitObserver.choose_topics` chooses the number of topics once the documents are read; None: as `parameters`
        say.
    names : {"phrases", "words"}
        What names topics: phrases of the texts if there are texts (`topicml.runs.phrases`), or words alone.

    Examples
    --------
    >>> from topicml.runs import FitSettings, Reading
    >>> settings = FitSettings(Reading("lee"), "ProdLDA", {"n_topics": 10, "random_state": 0})
    >>> settings.build().n_topics
    10
    """

    reading: Reading
    model: str = "ProdLDA"
    parameters: dict[str, Any] = field(default_factory=dict)
    set_size: int | None = None
    views: list[str] = field(default_factory=list)
    choose_topics: str | None = None
    names: str = "phrases"

    def to_record(self) -> dict[str, Any]:
        """The settings as JSON-able values.

        Returns
        -------
        dict
            For `from_record`. A model from outside topicml has its module in its name ("module:Class").

        Raises
        ------
        InputError
            If the model is unknown, or a parameter is not a plain value.
        """
        for name, value in self.parameters.items():
            _check_plain(name, value)
        return asdict(self) | {"model": full_name(self.model)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The settings that `to_record` returned.

        A record comes from a file, so it must not decide which modules are imported: a model from outside topicml must
        be registered already.

        Parameters
        ----------
        record : mapping
            As `to_record` returned it.

        Returns
        -------
        FitSettings
            Equal to the settings that were recorded.

        Raises
        ------
        InputError
            If the model is not registered.
        """
        check_registered(record["model"])
        return cls(**{**record, "reading": Reading(**record["reading"])})

    def build(self, *, verbose: bool | None = None) -> "TopicModel":
        """Construct the model.

        Parameters
        ----------
        verbose : bool, optional
            Whether `fit` shows progress; None: only in a terminal.

        Returns
        -------
        TopicModel
            Not fitted.

        Raises
        ------
        InputError
            If the model is unknown, or a parameter is unknown or out of range.
        """
        from topicml.models import model_class
        from topicml.models.registry import models_with

        kind = model_class(self.model)
        names = [name for name in inspect.signature(kind).parameters if name not in ("verbose", "preprocessor")]
        for name in self.parameters:
            if name not in names:
                if others := models_with(name):
                    models = ", ".join(others)
                    raise InputError(f"{kind.__name__} has no parameter {name!r}. Models that have it: {models}.")
                near = nearest(name, names)
                hint = f" Did you mean {' or '.join(near)}?" if near else ""
                raise InputError(f"{kind.__name__} has no parameter {name!r}.{hint} It has: {', '.join(names)}.")
        model: TopicModel = kind(**self.parameters, **self._set_contrast(), verbose=verbose)
        model.check_parameters()  # before a large corpus is read
        return model

    def _set_contrast(self) -> dict[str, Any]:
        """The parameter `contrast` if `set_size` is given."""
        if self.set_size is None:
            return {}
        from topicml.objectives import SetContrast

        return {"contrast": SetContrast(set_size=self.set_size, view="user" if self.views else "word_dropout")}


def is_built_in(model: str) -> bool:
    """Whether a name is one of topicml's own models.

    Parameters
    ----------
    model : str
        As in `FitSettings`.

    Returns
    -------
    bool
        False for registered models and for "module:Class".
    """
    from topicml.models import model_class

    return ":" not in model and model_class(model).__module__.startswith("topicml.")


def full_name(model: str) -> str:
    """The name of a model that a process without registered models understands.

    Parameters
    ----------
    model : str
        As in `FitSettings`.

    Returns
    -------
    str
        The name of the class of a built-in model; "module:Class" for another one.

    Raises
    ------
    InputError
        If the model is unknown.
    """
    from topicml.models import model_class

    kind = model_class(model)
    return kind.__name__ if is_built_in(model) else f"{kind.__module__}:{kind.__name__}"


def _check_plain(name: str, value: Any) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The parameters of a run must be plain values that run.json can hold (numbers, strings, lists); {name} is "
            f"{value!r}. Fit without a folder, or pass the name of a default object."
        ) from error


def check_registered(model: str) -> None:
    """Raise `InputError` if a model that a file names is not imported: a file must not decide what is imported.

    Parameters
    ----------
    model : str
        As `full_name` returned it. A class in a module that is imported is registered.

    Raises
    ------
    InputError
        If the module is not imported, and no model of this name and module is registered.
    """
    from topicml.models import model_class, model_names

    module, colon, name = model.rpartition(":")
    if not colon or (name in model_names() and model_class(name).__module__ == module):
        return
    if module in sys.modules and name not in model_names():
        model_class(model)
        return
    raise InputError(
        f"The run is a fit of {name} from the module {module}, and topicml does not import modules that files name. "
        f"Import it first: topicml --import {module} COMMAND …, or `import {module}` in Python."
    )
