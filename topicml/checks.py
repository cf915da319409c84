"""Checks of arguments, with messages that list what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from topicml.errors import InputError


def require(holds: bool, name: str, value: Any, wanted: str) -> None:
    """Raise `InputError` if an argument is out of range.

    Parameters
    ----------
    holds : bool
        Whether the value is in range.
    name : str
        Name of the argument.
    value : object
        Value of the argument.
    wanted : str
        The range, to complete "`name` must be ...".

    Raises
    ------
    InputError
        If `holds` is false.
    """
    if not holds:
        raise InputError(f"{name} must be {wanted}; received {value!r}.")


def nearest(name: str, names: Iterable[str], *, n: int = 2, cutoff: float = 0.5) -> list[str]:
    """Return the names most similar to a mistyped one, ignoring case.

    Parameters
    ----------
    name : str
        The mistyped name.
    names : iterable of str
        The valid names.
    n : int
        Largest number of names to return.
    cutoff : float
        Smallest similarity, in [0, 1] (`difflib.get_close_matches`).

    Returns
    -------
    list of str
        Best first; empty if no name is similar enough.
    """
    by_lower = {each.lower(): each for each in names}
    return [by_lower[each] for each in get_close_matches(str(name).lower(), by_lower, n=n, cutoff=cutoff)]


def did_you_mean(name: str, names: Iterable[str], *, n: int = 2, cutoff: float = 0.5) -> str:
    """Return a hint such as " Did you mean 'elbo'?", or an empty string if no name is similar.

    Parameters
    ----------
    name, names, n, cutoff
        As in `nearest`.

    Returns
    -------
    str
        The hint, with a leading space.
    """
    near = nearest(name, names, n=n, cutoff=cutoff)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def check_known(name: str, known: Iterable[str], what: str, advice: str = "") -> None:
    """Raise `InputError` if a name is unknown. The message has the most similar names, or all names if none is similar.

    Parameters
    ----------
    name : str
        The name.
    known : iterable of str
        The valid names.
    what : str
        Beginning of the message, for example "There is no model".
    advice : str
        A sentence at the end of the message.

    Raises
    ------
    InputError
        If `name` is not in `known`.
    """
    known = list(known)
    if name in known:
        return
    near = nearest(name, known)
    hint = f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(known)}."
    raise InputError(f"{what} {name!r}.{hint}{' ' + advice if advice else ''}")


def check_choice(value: Any, choices: Iterable[str], name: str, advice: str = "") -> None:
    """Raise `InputError` if an argument is not one of the allowed names.

    Parameters
    ----------
    value : object
        Value of the argument.
    choices : iterable of str
        The allowed names.
    name : str
        Name of the argument.
    advice : str
        Other allowed values, to complete "Choose one of a, b, c".

    Raises
    ------
    InputError
        If `value` is not a string in `choices`.
    """
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name}={value!r} is unknown. Choose one of {', '.join(choices)}{advice}.")
