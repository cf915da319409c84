"""Objects that are made of plain settings: they print as their call, and JSON can hold them."""

import functools
import inspect
import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from topicml.errors import InputError

NUMBERS: dict[Any, str] = {
    int: "a whole number",
    int | None: "None or a whole number",
    float: "a finite number",
    float | None: "None or a finite number",
}
"""How a constructor says that an argument is a number, and how a message says it."""


class Settings:
    """Base of objects whose constructor's arguments are kept, under their names, as attributes.

    Arguments that the constructor says are numbers (`int`, `float`, or one of them or None) are checked to be such
    before it runs, so that it need not look at more than their range: else it raises `InputError`.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _with_numbers(cls.__init__)  # type: ignore[method-assign]

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        given = [f"{n}={v!r}" for n, v in self.settings().items() if repr(v) != repr(defaults[n].default)]
        return f"{type(self).__name__}({', '.join(given)})"


def _with_numbers(constructor: Callable[..., None]) -> Callable[..., None]:
    """The constructor, after a look at whether its numbers are any."""
    signature = inspect.signature(constructor)
    numbers = {name: each.annotation for name, each in signature.parameters.items() if each.annotation in NUMBERS}

    @functools.wraps(constructor)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        given = signature.bind(self, *args, **options).arguments
        for name, kind in numbers.items():
            if name in given and not is_of(kind, given[name]):
                raise InputError(f"{name} must be {NUMBERS[kind]}; received {given[name]!r}.")
        constructor(self, *args, **options)

    return checked


def is_of(kind: Any, value: Any) -> bool:
    """Whether a value is of a kind of `NUMBERS`; True and False are of none."""
    if value is None:
        return kind in (int | None, float | None)
    if kind in (int, int | None):
        return isinstance(value, Integral) and not isinstance(value, bool)
    return is_number(value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; True and False are none."""
    if isinstance(value, bool):
        return False
    return isinstance(value, Real) and math.isfinite(value)
