"""Resolve the argument `contrast` of the models."""

import copy
import inspect
from typing import Any

from topicml.checks import check_choice
from topicml.objectives.contrast import CONTRASTS, Contrast


def contrast_from(value: Any, *, with_views: bool = False) -> dict[str, Contrast]:
    """Resolve `contrast` to new contrasts without accumulated state.

    Parameters
    ----------
    value : None, str, Contrast, or sequence of str and Contrast
        A name in `CONTRASTS` is short for the class with its default settings.
    with_views : bool
        Whether the user passed views to `fit`. If so, contrasts given by name use them as positives.

    Returns
    -------
    dict of str to Contrast
        Contrasts by their names in the history: "contrast" for one, "contrast_1", "contrast_2", ... for several.

    Raises
    ------
    InputError
        If a name is unknown, or a value is not a contrast.
    """
    if value is None:
        return {}
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    contrasts = [_resolve(each, with_views) for each in values]
    if len(contrasts) == 1:
        return {"contrast": contrasts[0]}
    return {f"contrast_{i}": each for i, each in enumerate(contrasts, start=1)}


def _resolve(value: Any, with_views: bool) -> Contrast:
    if isinstance(value, Contrast):
        return copy.deepcopy(value)
    check_choice(value, CONTRASTS, "contrast", ", or pass an object")
    kind = CONTRASTS[value]
    view = inspect.signature(kind).parameters.get("view")
    if not with_views or view is None or view.default is None:  # with view=None it reads the user's views anyway
        return kind()
    return kind(view="user")
