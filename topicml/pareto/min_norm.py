"""The multiple-gradient descent algorithm: weights of the shortest convex combination."""

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor


class MinNorm:
    """Weights of the point of smallest norm in the convex hull of the gradients.

    ``argmin_w w' G w, w >= 0, sum w = 1``. The combination's inner product with every gradient is at least its squared
    norm, so a step along it makes no objective worse to first order; where it vanishes, the point is Pareto stationary.

    Two objectives have a closed form; more are solved by an active-set method.

    References
    ----------
    Desideri 2012; Sener & Koltun, Multi-task learning as multi-objective optimization, NeurIPS 2018.
    """

    def __call__(self, gramian: Tensor) -> Tensor:
        """Weights (m,), on the simplex."""
        if len(gramian) == 2:
            return _of_two(gramian)
        return _of_many(gramian)


def _of_two(gramian: Tensor) -> Tensor:
    (a, c), (_, b) = gramian.double().unbind()
    distance = a - 2 * c + b  # squared norm of the difference of the gradients
    first = torch.where(distance > 0, (b - c) / distance.clamp_min(torch.finfo(distance.dtype).tiny), distance + 0.5)
    first = first.clamp(0, 1)
    return torch.stack([first, 1 - first]).to(gramian.dtype)


def _of_many(gramian: Tensor) -> Tensor:
    """min |A w|^2 on the simplex, G = A'A, as non-negative least squares with the sum as a heavy row."""
    values, vectors = np.linalg.eigh(gramian.double().cpu().numpy())
    root = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    heavy = 1e4 * max(np.abs(root).max(), 1e-30)
    weights, _ = nnls(np.vstack([root, np.full((1, len(root)), heavy)]), np.r_[np.zeros(len(root)), heavy])
    return torch.as_tensor(weights / weights.sum(), dtype=gramian.dtype, device=gramian.device)
