"""Weightings by name, and TorchJD's objects as weightings."""

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from topicml.checks import did_you_mean
from topicml.errors import InputError
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.nash_mtl import NashMTL
from topicml.pareto.torchjd import from_torchjd
from topicml.pareto.weighting import FixedWeights, Weighting

TORCHJD: dict[str, tuple[str, dict[str, Any]]] = {
    "aligned_mtl": ("AlignedMTLWeighting", {}),
    "cagrad": ("CAGradWeighting", {"c": 0.4}),  # the paper's choice for most of its experiments
    "dualproj": ("DualProjWeighting", {}),
    "fairgrad": ("FairGradWeighting", {"alpha": 1.0}),  # proportional fairness
    "gradvac": ("GradVacWeighting", {}),
    "imtl_g": ("IMTLGWeighting", {}),
    "mean": ("MeanWeighting", {}),
    "mgda": ("MGDAWeighting", {}),
    "pcgrad": ("PCGradWeighting", {}),
    "random": ("RandomWeighting", {}),
    "upgrad": ("UPGradWeighting", {}),
}
"""Name to the class of ``torchjd.aggregation`` and its arguments."""

_CONSTRUCTORS: dict[str, Callable[[], Weighting]] = {"pareto": MinNorm, "sum": FixedWeights, "nash_mtl": NashMTL}
NAMES = ("pareto", "sum", *sorted([*TORCHJD, "nash_mtl"]))
"""All names of weightings."""

_CONSTANT = ("Mean", "Sum", "Constant", "Random")  # aggregators whose weights depend on the number of losses alone
_NEED_GRADIENTS = ("Aggregator", "ExcessMTLWeighting", "MoDoWeighting", "SDMGradWeighting")


def weighting_of(value: Any) -> Weighting:
    """Resolve a name or one of TorchJD's objects to a weighting.

    Parameters
    ----------
    value : str or Weighting or torchjd.aggregation.Aggregator
        A name of `NAMES`; an object that maps a Gramian to weights; or an aggregator whose weights depend on the
        Gramian alone.

    Returns
    -------
    Weighting
        `value` itself if it is one.

    Raises
    ------
    InputError
        If the name is unknown, or the object is not a weighting; the message lists the names.
    MissingExtraError
        If the name is TorchJD's, and TorchJD or a solver that it needs is not installed.
    """
    if isinstance(value, str) and value in _CONSTRUCTORS:
        return _CONSTRUCTORS[value]()
    if isinstance(value, str) and value in TORCHJD:
        class_name, options = TORCHJD[value]
        return from_torchjd(value, class_name, **options)
    aggregation = _aggregation()
    if aggregation is not None and isinstance(value, aggregation.Aggregator):
        if isinstance(value, aggregation.NashMTL):
            return NashMTL(**{name: getattr(value, name) for name in ("max_norm", "optim_niter")})
        value = getattr(value, "gramian_weighting", value)
        if _is_any(value, _CONSTANT, aggregation):
            value = value.weighting
    if aggregation is not None and _is_any(value, _NEED_GRADIENTS, aggregation):
        raise InputError(f"{value!r} needs the whole gradients, but a weighting only receives their Gramian.")
    if isinstance(value, (str, type)) or not callable(value):
        hint = did_you_mean(value, NAMES) if isinstance(value, str) else ""
        raise InputError(
            f"{value!r} is not a weighting.{hint} Choose one of {', '.join(NAMES)}, or pass an object that returns "
            "weights for a Gramian."
        )
    weighting: Weighting = value
    return weighting


def is_mgda(weighting: Weighting) -> bool:
    """Whether a weighting is TorchJD's MGDA, the one that "mgda" names."""
    aggregation = _aggregation()
    return aggregation is not None and isinstance(weighting, aggregation.MGDAWeighting)


def _aggregation() -> ModuleType | None:
    """``torchjd.aggregation`` if it has been imported; otherwise no object can be of its classes."""
    return sys.modules.get("torchjd.aggregation")


def _is_any(value: Any, class_names: Sequence[str], aggregation: ModuleType) -> bool:
    """Whether a value is an instance of one of TorchJD's classes."""
    return any(isinstance(value, getattr(aggregation, name)) for name in class_names)
