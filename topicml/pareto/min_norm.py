"""The multiple-gradient descent algorithm: weights of the shortest convex combination."""

import numpy as np
import torch
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
    """The min-norm point as a problem of non-negative least squares in the gradients' unit vectors.

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
    y = _non_negative((cosines + cosines.T) / 2 + np.outer(reciprocal, reciprocal), reciprocal)
    weights = y * reciprocal
    return weights / weights.sum()


def _non_negative(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Minimum of ``y' H y / 2 - r' y`` over y >= 0 by the active-set method of Lawson & Hanson, chapter 23.

    `matrix` is positive semi-definite and has `vector` in its range. SciPy's `nnls` (1.17) can stop short of the
    minimum where several gradients tie.
    """
    size = len(vector)
    tolerance = 10 * size * np.finfo(float).eps
    y = np.zeros(size)
    free = np.zeros(size, dtype=bool)
    barred = np.zeros(size, dtype=bool)  # entered in vain since the last step: only rounding speaks for them
    for _ in range(10 * 2 ** min(size, 10)):
        slope = vector - matrix @ y
        candidates = ~free & ~barred & (slope > tolerance)
        if not candidates.any():
            break
        entering = int(np.argmax(np.where(candidates, slope, -np.inf)))
        free[entering] = True
        target = _solved(matrix, vector, free)
        if target[entering] <= 0:
            free[entering], barred[entering] = False, True
            continue
        while (target[free] <= 0).any():
            falling = free & (target <= 0)
            shares = np.full(size, np.inf)
            shares[falling] = y[falling] / (y[falling] - target[falling])
            y = y + shares.min() * (target - y)
            free &= ~(falling & (y <= tolerance))
            free[np.argmin(shares)] = False
            y[~free] = 0.0
            target = _solved(matrix, vector, free)
        y = target
        barred[:] = False
    return y


def _solved(matrix: np.ndarray, vector: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The minimum over the free entries, the others zero."""
    y = np.zeros(len(vector))
    y[free] = np.linalg.lstsq(matrix[np.ix_(free, free)], vector[free], rcond=None)[0]
    return y


def _on_the_zeros(gramian: np.ndarray) -> np.ndarray:
    zero = (np.diag(gramian) <= 0).astype(float)
    return zero / zero.sum()
