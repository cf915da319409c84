"""Nash-MTL: weights as the solution of a bargaining game between the losses."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topicml.pareto.torchjd import from_torchjd
from topicml.settings import Settings


class NashMTL(Settings):
    """TorchJD's Nash-MTL on a Gramian.

    TorchJD computes it from the whole gradients, but the bargaining solution depends on their inner products alone.
    Each step starts from the weights of the previous one, which are the state.

    Parameters
    ----------
    max_norm : float
        Largest norm of the combined gradient; 0 for no limit.
    optim_niter : int
        Iterations of the solver per step.

    References
    ----------
    Navon et al., Multi-task learning as a bargaining game, ICML 2022.

    Examples
    --------
    It needs ``topicml[pareto]``. Two orthogonal gradients, the second twice as long, without a limit on the norm: each
    weight is the inverse of the gradient's length.

    >>> import torch
    >>> from topicml.pareto import NashMTL
    >>> gradients = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    >>> weights = NashMTL(max_norm=0)(gradients @ gradients.T)
    >>> [round(float(weight), 3) for weight in weights]
    [1.0, 0.5]
    """

    def __init__(self, max_norm: float = 1.0, optim_niter: int = 20) -> None:
        self.max_norm = max_norm
        self.optim_niter = optim_niter
        self._solver: Any = None
        self._restored: dict[str, Tensor] = {}

    def __call__(self, gramian: Tensor) -> Tensor:
        """Compute the weights, (n_losses,), from the Gramian, (n_losses, n_losses)."""
        if self._solver is None or self._solver.n_tasks != len(gramian):
            self._solver = self._make_solver(len(gramian))
        values, vectors = torch.linalg.eigh(gramian)
        root = vectors * values.clamp_min(0).sqrt()  # root @ root.T is the Gramian
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # cvxpy warns that the problem could be solved faster
            weights: Tensor = self._solver(root)
        return weights

    def _make_solver(self, n_losses: int) -> Any:
        """A new solver of TorchJD, which starts from the restored weights if there are as many as losses."""
        solver = from_torchjd("nash_mtl", "NashMTL", n_tasks=n_losses, **self.settings()).weighting  # type: ignore[attr-defined]
        restored = self._restored.get("weights")
        if restored is not None and len(restored) == n_losses:
            solver.prvs_alpha = restored.numpy().copy()
        return solver

    def reset(self) -> None:
        """Forget the weights of the last step."""
        self._restored, self._solver = {}, None

    def state_dict(self) -> dict[str, Tensor]:
        """The weights of the last step."""
        if self._solver is None:
            return dict(self._restored)
        return {"weights": torch.as_tensor(np.asarray(self._solver.prvs_alpha)).clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore a state of `state_dict`."""
        self._restored, self._solver = dict(state), None
