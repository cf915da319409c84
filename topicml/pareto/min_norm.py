"""The multiple-gradient descent algorithm: weights of the shortest convex combination."""

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from topicml.settings import Settings


class MinNorm(Settings):
    """Weights of the point of smallest norm in the convex hull of the gradients.

    ``argmin_w w' G w, w >= 0, sum w = 1``. The combination's inner product with every gradient is at least its squared
    norm, so a step along it makes no objective worse to first order; where it vanishes, the point is Pareto stationary.

    Two objectives have a closed form; more are solved by an active-set method. Both are exact to rounding, whatever the
    ratio of the gradients' lengths. Where a gradient is zero, so is the point, and that gradient has all the weight.

    References
    ----------
    Desideri, Multiple-gradient descent algorithm, C. R. Acad. Sci. Paris 2012; Sener & Koltun, Multi-task learning as
    multi-objective optimization, NeurIPS 2018.
    """

    def __call__(self, gramian: Tensor) -> Tensor:
        """Weights (m,), on the simplex, from the Gramian (m, m) of finite gradients."""
        entries = gramian.detach().double().cpu().numpy()
        weights = _of_two(entries) if len(entries) == 2 else _of_many(entries)
        return torch.as_tensor(weights, dtype=gramian.dtype, device=gramian.device)


def shortest(gramian: Tensor) -> float:
    """Norm of the shortest convex combination of the gradients: the gap to Pareto stationarity."""
    weights = MinNorm()(gramian)
    return float((weights @ gramian @ weights).clamp_min(0).sqrt())


def _of_two(gramian: np.ndarray) -> np.ndarray:
    (a, c), (_, b) = gramian
    if a <= 0 or b <= 0:
        return _on_the_zeros(gramian)
    distance = a - 2 * c + b  # squared norm of the difference of the gradients
    if distance <= 0:  # the same gradient twice, up to rounding
        return np.array([0.5, 0.5])
    first = min(max((b - c) / distance, 0.0), 1.0)
    second = min(max((a - c) / distance, 0.0), 1.0)  # not 1 - first, which would round a small weight away
    return np.array([first, second]) / (first + second)


def _of_many(gramian: np.ndarray) -> np.ndarray:
    """Non-negative least squares in the gradients' unit vectors.

    With ``G = D C D``, D the lengths in units of the shortest and C the cosines, and ``y = D v``, minimise
    ``y' C y + (sum y / d - 1)^2`` over y >= 0. For v = t w with w on the simplex the optimal t leaves
    ``q / (1 + q)``, q = w' G w, which grows with q: so w = v / sum v is the min-norm point. In y, unlike in w, lengths
    of very different size leave the problem well scaled.
    """
    lengths = np.sqrt(np.clip(np.diag(gramian), 0, None))
    if (lengths <= 0).any():
        return _on_the_zeros(gramian)
    cosines = gramian / lengths[:, None] / lengths
    reciprocal = lengths.min() / lengths
    values, vectors = np.linalg.eigh((cosines + cosines.T) / 2)
    root = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    y, _ = nnls(np.vstack([root, reciprocal]), np.r_[np.zeros(len(root)), 1.0])
    weights = y * reciprocal
    return weights / weights.sum()


def _on_the_zeros(gramian: np.ndarray) -> np.ndarray:
    zero = (np.diag(gramian) <= 0).astype(float)
    return zero / zero.sum()
