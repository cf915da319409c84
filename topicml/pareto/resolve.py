"""Resolve ``balance=``, the argument of topic models."""

import copy
from typing import Any

from topicml.checks import did_you_mean
from topicml.errors import InputError
from topicml.pareto.balance import Balance
from topicml.pareto.by_name import NAMES


def balance_from(value: Any) -> Balance:
    """Resolve ``balance=`` to a new `Balance` without accumulated state.

    Parameters
    ----------
    value : str or Weighting or Balance
        A name or a weighting is short for ``Balance(value)``. A `Balance` is copied with its settings.

    Returns
    -------
    Balance
        It shares no state with `value`.

    Raises
    ------
    InputError
        If the name is unknown, or the object is neither a weighting nor a balance; the message lists the names.
    MissingExtraError
        If the name is TorchJD's, and TorchJD or a solver that it needs is not installed.

    Examples
    --------
    >>> from topicml.pareto import FixedWeights, balance_from
    >>> balance_from("sum")
    Balance(weighting='sum', normalize='none', preference=1.0, every=50, at='parameters')
    >>> balance_from(FixedWeights([1.0, 5.0])).weighting
    FixedWeights(weights=[1.0, 5.0])
    """
    if isinstance(value, Balance):
        return type(value)(**{**value.settings(), "weighting": _without_state(value.weighting)})
    if isinstance(value, type) or (value not in NAMES if isinstance(value, str) else not callable(value)):
        hint = did_you_mean(value, NAMES) if isinstance(value, str) else ""
        raise InputError(f"balance={value!r} is unknown.{hint} Choose one of {', '.join(NAMES)}, or pass an object.")
    return Balance(_without_state(value))


def _without_state(weighting: Any) -> Any:
    """A copy of a weighting, without the state that some of TorchJD's have."""
    weighting = copy.deepcopy(weighting)
    if hasattr(weighting, "reset"):
        weighting.reset()
    return weighting
