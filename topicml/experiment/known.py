"""Names that were mistyped: say which ones come near."""

from collections.abc import Iterable
from difflib import get_close_matches

from topicml.errors import InputError


def check_known(name: str, known: Iterable[str], what: str, advice: str = "") -> None:
    """Raise `InputError` if `name` is not among `known`; the message names the nearest.

    Parameters
    ----------
    what : str
        The beginning of the message, for example "There is no model".
    advice : str
        What else may be done, at the end of the message.
    """
    known = list(known)
    if name in known:
        return
    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(str(name).lower(), by_lower, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(by_lower[each] for each in near)}?" if near else ""
    listed = "" if near else f" Known: {', '.join(known)}."
    raise InputError(f"{what} {name!r}.{hint}{listed}{' ' + advice if advice else ''}")
