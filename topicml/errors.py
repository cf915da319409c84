"""Exceptions and warnings of topicml."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_MARK = "__topicml_warned__"
# Packages whose frames lie between topicml and the code that called it: decorators, searches, pipelines.
_BETWEEN = {"topicml", "sklearn", "joblib", "torch", "contextlib", "functools"}

# Causes that `held_warnings` holds back (none: all of them), and what it has held.
_HOLDING: ContextVar[tuple[frozenset[str], list[tuple[str, str]]] | None] = ContextVar("holding", default=None)


class InputError(ValueError):
    """Invalid input. The message says what was wrong, what was received and what to do.

    The command line prints the message without a traceback and exits with status 2.
    """


class MissingExtraError(ImportError):
    """An optional package is not installed. The message names the extra that installs it."""


class TopicWarning(UserWarning):
    """A property of the data or of the fitted topics that the user can act on."""


def warn(message: str, *, cause: str | None = None) -> None:
    """Issue a `TopicWarning` at the line that called topicml, once a cause and a call.

    A call is the outermost one: a grid search of scikit-learn that makes many fits is one call.

    Parameters
    ----------
    message : str
        The property, and what the user can do.
    cause : str, optional
        What is warned of; by default the line of topicml that warns.
    """
    here = sys._getframe(1)
    cause = cause or f"{here.f_code.co_filename}:{here.f_lineno}"
    holding = _HOLDING.get()
    if holding is not None and (not holding[0] or cause in holding[0]):
        holding[1].append((message, cause))
        return
    call, level, of_search = here, 2, False
    while call.f_back is not None and _package(call.f_back) in _BETWEEN:
        call, level = call.f_back, level + 1
        of_search = of_search or str(call.f_globals.get("__name__")).startswith("sklearn.model_selection.")
    # The mark ends with the call: it is a variable of the outermost function.
    warned: set[str] = call.f_locals.setdefault(_MARK, set())
    if cause in warned:
        return
    warned.add(cause)
    if of_search:
        message += " (One fit of this search; the same warning of its other fits is not shown.)"
    warnings.warn(message, TopicWarning, stacklevel=level + (call.f_back is not None))


@contextmanager
def held_warnings(*causes: str) -> Iterator[list[tuple[str, str]]]:
    """Context manager: hold the warnings of `warn` back, in this thread, for whoever tells the same in other words.

    Parameters
    ----------
    *causes : str
        What to hold back; by default everything.

    Yields
    ------
    held : list of (str, str)
        Messages and causes; to issue one after all: ``warn(message, cause=cause)`` after the context.
    """
    held: list[tuple[str, str]] = []
    token = _HOLDING.set((frozenset(causes), held))
    try:
        yield held
    finally:
        _HOLDING.reset(token)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
