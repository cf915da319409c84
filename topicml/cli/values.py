"""Messages about values of options and arguments that cannot be read: what was received, and what is wanted."""

import re
from typing import Any

import typer
from typer.core import TyperCommand

from topicml.errors import InputError

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # of the click that Typer uses
_NEGATIVE = re.compile(r"-\d+")
_WANTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a number of this size",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}


class Command(TyperCommand):
    """A command whose messages about wrong values name the value, which those of Typer leave out."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the arguments, as the base class does."""
        try:
            return super().make_context(*arguments, **options)
        except typer.BadParameter as error:
            error.message = _plain(error)
            raise
        except _UsageError as error:
            self._refuse_negative(error)
            raise

    def _refuse_negative(self, error: Exception) -> None:
        """Raise `InputError` for a negative number of a topic, which was taken for an option."""
        option = str(getattr(error, "option_name", ""))
        takes_topics = any(each.name in ("topic", "topics") for each in self.params if "--" not in str(each.opts))
        if takes_topics and _NEGATIVE.fullmatch(option):
            raise InputError(f"There is no topic {option}: topics are counted from 0.") from error


def _plain(error: typer.BadParameter) -> str:
    """The message with the value. Versions of Typer without pydantic have it in theirs."""
    cause: Any = error.__cause__
    if not hasattr(cause, "errors"):
        return str(error.message)
    first = cause.errors()[0]
    wanted = _WANTED.get(first["type"])
    if wanted is None:
        return str(error.message).removeprefix("Value error, ")
    return f"{first['input']!r} is not {wanted.format(**first.get('ctx', {}))}."
