"""Min-norm weights, those of the multiple-gradient descent algorithm (MGDA)."""

import numpy as np
import torch
from torch import Tensor

from topicml.settings import Settings


class MinNorm(Settings):
    """Weights of the shortest vector in the convex hull of the gradients (MGDA).

    The weights minimize ``w' G w`` subject to ``w >= 0`` and ``sum w = 1``. The inner product of the shortest vector
    with every gradient is at least its squared norm, so a step along it raises no loss to first order. Where its length
    is 0, the point is Pareto stationary.

    Two losses have a closed form; more are solved by an active-set method. Both are exact up to rounding, for any ratio
    of the gradients' lengths. If a gradient is zero, it has all the weight.

    References
    ----------
    Désidéri, Multiple-gradient descent algorithm, C. R. Acad. Sci. Paris 2012; Sener & Koltun, Multi-task learning as
    multi-objective optimization, NeurIPS 2018.

    Examples
    --------
    >>> import torch
    >>> from topicml.pareto import MinNorm
    >>> gradients = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> weights = MinNorm()(gradients @ gradients.T)
    >>> weights
    tensor([0.8000, 0.2000])
    >>> weights @ gradients
    tensor([0.8000, 0.4000])
    """

    def __call__(self, gramian: Tensor) -> Tensor:
        """Compute the weights.

        Parameters
        ----------
        gramian : Tensor, (n_losses, n_losses)
            Inner products of finite gradients.

        Returns
        -------
        Tensor, (n_losses,)
            On the simplex.
        """
        entries = gramian.detach().double().cpu().numpy()
        weights = _of_two(entries) if len(entries) == 2 else _of_many(entries)
        return torch.as_tensor(weights, dtype=gramian.dtype, device=gramian.device)


def shortest(gramian: Tensor) -> float:
    """Length of the shortest convex combination of the gradients, the gap to Pareto stationarity."""
    weights = MinNorm()(gramian)
    return float((weights @ gramian @ weights).clamp_min(0).sqrt())


def _of_two(gramian: np.ndarray) -> np.ndarray:
    """The min-norm point of two gradients, in closed form."""
    (a, c), (_, b) = gramian
    if a <= 0 or b <= 0:
        return _on_the_zeros(gramian)
    distance = a - 2 * c + b  # squared norm of the difference of the gradients
    if distance <= 0:  # equal gradients, up to rounding
        return np.array([0.5, 0.5])
    first = min(max((b - c) / distance, 0.0), 1.0)
    second = min(max((a - c) / distance, 0.0), 1.0)  # 1 - first would lose the digits of a small weight
    return np.array([first, second]) / (first + second)


def _of_many(gramian: np.ndarray) -> np.ndarray:
    """The min-norm point of any number of gradients, as non-negative least squares in the gradients' unit vectors.

    With ``G = D C D``, D the lengths in units of the shortest and C the cosines, and ``y = D v``, minimise
    ``y' C y + (sum y / d - 1)^2`` over y >= 0. For v = t w with w on the simplex the optimal t leaves
    ``q / (1 + q)``, q = w' G w, which increases with q, so w = v / sum v is the min-norm point. In y, unlike in w, the
    problem is well scaled even if the lengths differ by orders of magnitude.
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
    """Minimize ``y' H y / 2 - r' y`` over y >= 0 by the active-set method of Lawson & Hanson, chapter 23.

    The matrix H is positive semi-definite, and the vector r is in its range. SciPy's `nnls` (1.17) can stop before the
    minimum if several gradients tie.
    """
    size = len(vector)
    tolerance = 10 * size * np.finfo(float).eps
    y = np.zeros(size)
    free = np.zeros(size, dtype=bool)
    barred = np.zeros(size, dtype=bool)  # became free without progress since the last step, by rounding alone
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
    """The minimum over the free entries; the others are zero."""
    y = np.zeros(len(vector))
    y[free] = np.linalg.lstsq(matrix[np.ix_(free, free)], vector[free], rcond=None)[0]
    return y


def _on_the_zeros(gramian: np.ndarray) -> np.ndarray:
    """Equal weights for the gradients of length 0."""
    zero = (np.diag(gramian) <= 0).astype(float)
    return zero / zero.sum()
