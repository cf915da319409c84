"""Contrastive objectives by name."""

import copy
import inspect
from typing import Any

from topicml.checks import check_choice
from topicml.objectives.contrast import CONTRASTS, Contrast


def contrast_from(value: Any, *, with_views: bool = False) -> dict[str, Contrast]:
    """Contrastive objectives of one's own, in their first state, by the names that the history has.

    Parameters
    ----------
    value : None, str, Contrast, or sequence of these
        A name of `CONTRASTS` is short for the object with its default settings.
    with_views : bool
        Whether the user brought views: an objective given by name then takes them for its positives.

    Raises
    ------
    InputError
        If a name is unknown, or a value is no contrast.
    """
    if value is None:
        return {}
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    contrasts = [_one(each, with_views) for each in values]
    if len(contrasts) == 1:
        return {"contrast": contrasts[0]}
    return {f"contrast_{i}": each for i, each in enumerate(contrasts, start=1)}


def _one(value: Any, with_views: bool) -> Contrast:
    if isinstance(value, Contrast):
        return copy.deepcopy(value)
    check_choice(value, CONTRASTS, "contrast", ", or give an object")
    kind = CONTRASTS[value]
    view = inspect.signature(kind).parameters.get("view")
    if not with_views or view is None or view.default is None:  # None: it takes the user's views by itself
        return kind()
    return kind(view="user")
