"""Objects made of plain settings: they print as their constructor call, and JSON can hold them."""

import functools
import inspect
import math
from collections.abc import Callable, Hashable, Mapping
from numbers import Integral, Real
from typing import Any

from topicml.checks import nearest
from topicml.errors import InputError

NUMBERS: dict[Any, str] = {
    int: "a whole number",
    int | None: "None or a whole number",
    float: "a finite number",
    float | None: "None or a finite number",
}
"""The annotations of numeric arguments, and how messages name them."""


class Settings:
    """Base of objects that keep the arguments of their constructor, under the same names, as attributes.

    Arguments annotated as numbers (`int`, `float`, or one of these or None) are checked before the constructor runs, so
    a constructor only checks ranges.

    Raises
    ------
    InputError
        If an argument annotated as a number is not one.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = with_checked_arguments(cls.__init__)  # type: ignore[method-assign]

    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns
        -------
        dict
            Name to value, in the order of the signature, defaults included.
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def resolved_settings(self) -> dict[str, Any]:
        """The settings with names resolved to the objects they are short for, as `topicml.identity` compares them."""
        return self.settings()

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        given = [f"{n}={v!r}" for n, v in self.settings().items() if repr(v) != repr(defaults[n].default)]
        return f"{type(self).__name__}({', '.join(given)})"


def number_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a function that are annotated as numbers.

    Parameters
    ----------
    function : callable
        Its annotations may be strings (``from __future__ import annotations``).

    Returns
    -------
    dict
        Name of the argument to its annotation, a key of `NUMBERS`.
    """
    names = getattr(inspect.unwrap(function), "__globals__", {})
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = _evaluated(parameter.annotation, names)
        if isinstance(annotation, Hashable) and annotation in NUMBERS:  # Optional[int] equals int | None
            found[name] = annotation
    return found


def check_numbers(annotations: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Raise `InputError` if a value is not of the number that its annotation asks for.

    Parameters
    ----------
    annotations : mapping
        Names to keys of `NUMBERS`, as `number_annotations` returns them.
    values : mapping
        Names to values; names without an annotation are not checked.

    Raises
    ------
    InputError
        For the first value of a wrong kind.
    """
    for name, annotation in annotations.items():
        if name in values and not is_of(annotation, values[name]):
            raise InputError(f"{name} must be {NUMBERS[annotation]}; received {values[name]!r}.")


def is_of(annotation: Any, value: Any) -> bool:
    """Whether a value is of an annotation in `NUMBERS`; True and False are not numbers."""
    if value is None:
        return annotation in (int | None, float | None)
    if annotation in (int, int | None):
        return isinstance(value, Integral) and not isinstance(value, bool)
    return is_number(value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; True and False are not numbers."""
    if isinstance(value, bool):
        return False
    return isinstance(value, Real) and math.isfinite(value)


def with_checked_arguments(constructor: Callable[..., None]) -> Callable[..., None]:
    """Wrap `constructor` so that its arguments are checked before it runs.

    Parameters
    ----------
    constructor : callable
        An ``__init__``.

    Returns
    -------
    callable
        Of the same signature. It raises `InputError` for a numeric argument that is not a number, and TypeError for an
        unknown keyword, naming the most similar ones.
    """
    signature = inspect.signature(constructor)
    annotations = number_annotations(constructor)

    @functools.wraps(constructor)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        check_numbers(annotations, bound_arguments(type(self).__name__, signature, self, *args, **options).arguments)
        constructor(self, *args, **options)

    return checked


def bound_arguments(name: str, signature: inspect.Signature, *args: Any, **options: Any) -> inspect.BoundArguments:
    """Match the arguments of a call with a signature.

    Parameters
    ----------
    name : str
        What is called, for messages.
    signature : inspect.Signature
        Of the constructor, ``self`` included.
    *args, **options
        The arguments, ``self`` included.

    Returns
    -------
    inspect.BoundArguments

    Raises
    ------
    TypeError
        If they do not match; for an unknown keyword, the message has the most similar names.
    """
    check_keywords(name, signature, options)
    try:
        return signature.bind(*args, **options)
    except TypeError as error:
        first = [
            n for n, each in signature.parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD and n != "self"
        ]
        hint = f"without a name it takes {', '.join(first)}" if first else "it takes all arguments by name"
        raise TypeError(f"{name}: {error}; {hint}.") from None


def check_keywords(name: str, signature: inspect.Signature, keywords: Mapping[str, Any]) -> None:
    """Raise TypeError for a keyword that the signature does not have.

    Parameters
    ----------
    name : str
        What is called, for the message.
    signature : inspect.Signature
        Of the constructor.
    keywords : mapping
        The keyword arguments received.

    Raises
    ------
    TypeError
        The message has the most similar names, or all of them.
    """
    if any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values()):
        return
    known = [each for each in signature.parameters if each != "self"]
    for keyword in keywords:
        if keyword not in known:
            near = nearest(keyword, known)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {', '.join(known)}."
            raise TypeError(f"{name} has no argument {keyword!r}. {hint}")


def _evaluated(annotation: Any, names: Mapping[str, Any]) -> Any:
    """An annotation that is a string, evaluated; itself if a name in it cannot be resolved."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(names))  # an annotation of the caller's own source
    except Exception:
        return annotation
