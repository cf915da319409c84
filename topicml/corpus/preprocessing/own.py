"""Preprocessors that cannot be saved: the user's own functions and classes."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, NoReturn

from topicml.errors import InputError

HOW_TO_GIVE = "give it again: topicml.load(folder, preprocessor=...)"


class OwnPreprocessor:
    """Placeholder of a preprocessor that was not saved. Topics can be read without it; raw text cannot be preprocessed.

    Parameters
    ----------
    description : str
        What the preprocessor was.
    """

    def __init__(self, description: str) -> None:
        self.description = description

    def __repr__(self) -> str:
        return f"OwnPreprocessor({self.description!r})"

    def tokens(self, texts: Iterable[str]) -> NoReturn:
        """Raise `InputError`."""
        raise InputError(
            f"The model was saved without its preprocessor, {self.description}. For raw text {HOW_TO_GIVE}."
        )

    def fit_tokens(self, texts: Iterable[str]) -> NoReturn:
        """Raise `InputError`."""
        self.tokens(texts)

    def to_config(self) -> dict[str, Any]:
        """Return what was saved."""
        return {"kind": "own", "format": 1, "description": self.description}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "OwnPreprocessor":
        """Create one from the result of `to_config`."""
        return cls(str(config.get("description", "an object of another class")))


def import_path(function: object) -> str | None:
    """Return ``module:name`` of a function or class, from which another process can import it; None if it cannot.

    A lambda, a function within a function, and one of a script or notebook have no such path.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if module is None:  # a method of a built-in type, such as str.lower
        module = getattr(getattr(function, "__objclass__", None), "__module__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    for path in (f"{module}:{name}", f"{module.partition('.')[0]}:{name.rpartition('.')[2]}"):
        try:
            if imported(path) == function:
                return path
        except InputError:
            continue
    return None


def imported(path: str) -> Callable[..., Any]:
    """Import a function by its path ``module:name``.

    Raises
    ------
    InputError
        If it does not exist.
    """
    module, _, name = path.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"The function {path} cannot be imported ({error}). Install its module, or {HOW_TO_GIVE}."
        ) from error
    if not callable(found):
        raise InputError(f"{path} is not a function.")
    return found
