"""TorchJD's weightings by name, and its aggregators as weightings."""

import sys
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topicml.errors import InputError, MissingExtraError
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.weighting import FixedWeights, Weighting
from topicml.settings import Settings

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
OURS: dict[str, Callable[[], Weighting]] = {"pareto": MinNorm, "sum": FixedWeights}
NAMES = (*OURS, *sorted([*TORCHJD, "nash_mtl"]))
_COUNTING = ("Mean", "Sum", "Constant", "Random")  # TorchJD's aggregators that only count the gradients
_READING_GRADIENTS = ("Aggregator", "ExcessMTLWeighting", "MoDoWeighting", "SDMGradWeighting")


def weighting_of(value: Any) -> Weighting:
    """A weighting from a name, a weighting, or one of TorchJD's aggregators whose weights depend on the Gramian alone.

    Raises
    ------
    InputError
        If it is none of these; the message lists the names.
    MissingExtraError
        If the name is TorchJD's, and TorchJD or what it needs is not installed.
    """
    if isinstance(value, str) and value in OURS:
        return OURS[value]()
    if value == "nash_mtl":
        return NashMTL()
    if isinstance(value, str) and value in TORCHJD:
        name, options = TORCHJD[value]
        return _torchjd(value, name, **options)
    aggregation = sys.modules.get("torchjd.aggregation")  # where it is not imported, the value is not one of its own
    if aggregation is not None and isinstance(value, aggregation.Aggregator):
        if isinstance(value, aggregation.NashMTL):
            return NashMTL(**{n: getattr(value, n) for n in ("max_norm", "optim_niter")})
        value = getattr(value, "gramian_weighting", value)
        if _is_one_of(_COUNTING, value, aggregation):
            value = value.weighting
    if aggregation is not None and _is_one_of(_READING_GRADIENTS, value, aggregation):
        raise InputError(f"{value!r} needs the whole gradients; a weighting sees their Gramian alone.")
    if isinstance(value, (str, type)) or not callable(value):
        raise InputError(f"{value!r} is no known weighting. Choose one of {', '.join(NAMES)}, or give an object.")
    weighting: Weighting = value
    return weighting


def _is_one_of(names: Sequence[str], value: Any, aggregation: ModuleType) -> bool:
    return any(isinstance(value, getattr(aggregation, name)) for name in names)


class NashMTL(Settings):
    """TorchJD's Nash-MTL on a Gramian: the bargaining solution depends on the gradients by their inner products alone.

    It begins each step from the weights of the one before; they are its state.

    Parameters
    ----------
    max_norm : float
        Largest norm of the combination; 0 for no bound.
    optim_niter : int
        Iterations of its optimisation.

    References
    ----------
    Navon et al., Multi-task learning as a bargaining game, ICML 2022.
    """

    def __init__(self, max_norm: float = 1.0, optim_niter: int = 20) -> None:
        self.max_norm = max_norm
        self.optim_niter = optim_niter
        self._solver: Any = None
        self._restored: dict[str, Tensor] = {}

    def __call__(self, gramian: Tensor) -> Tensor:
        """Weights (m,)."""
        if self._solver is None or self._solver.n_tasks != len(gramian):
            self._solver = self._made(len(gramian))
        values, vectors = torch.linalg.eigh(gramian)
        root = vectors * values.clamp_min(0).sqrt()  # root @ root.T is the Gramian
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # cvxpy: that the problem could be solved faster
            weights: Tensor = self._solver(root)
        return weights

    def _made(self, n_objectives: int) -> Any:
        solver = _torchjd("nash_mtl", "NashMTL", n_tasks=n_objectives, **self.settings()).weighting  # type: ignore[attr-defined]
        restored = self._restored.get("weights")
        if restored is not None and len(restored) == n_objectives:
            solver.prvs_alpha = restored.numpy().copy()
        return solver

    def reset(self) -> None:
        """Forget the last weights."""
        self._restored, self._solver = {}, None

    def state_dict(self) -> dict[str, Tensor]:
        """The last weights."""
        if self._solver is None:
            return dict(self._restored)
        return {"weights": torch.as_tensor(np.asarray(self._solver.prvs_alpha)).clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the state of another."""
        self._restored, self._solver = dict(state), None


def _torchjd(asked: str, name: str, **options: Any) -> Weighting:
    try:
        from torchjd import aggregation

        made: Weighting = getattr(aggregation, name)(**options)
    except ImportError as error:
        raise MissingExtraError(
            f"balance={asked!r} is TorchJD's: {error}. Install what it needs with: pip install 'topicml[pareto]'"
        ) from error
    return made
