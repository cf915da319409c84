"""Entropic optimal transport between a few points and many: the stabilised Sinkhorn algorithm."""

import torch
from torch import Tensor


@torch.no_grad()
def sinkhorn(
    cost: Tensor,
    rows: Tensor,
    columns: Tensor,
    *,
    sharpness: float = 20.0,
    max_iterations: int = 1000,
    tolerance: float = 0.005,
    start: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Compute the plan P with the given row and column sums that minimises ``<P, cost> - H(P) / sharpness``.

    The iterations are matrix-vector products with ``exp(sharpness * (f + g - cost))``. Scalings are absorbed into the
    potentials f and g before they overflow, so any sharpness is safe. Each iteration reads the matrix twice.

    Parameters
    ----------
    cost : Tensor, (n_rows, n_columns)
        Cost of moving one unit of mass.
    rows, columns : Tensor, (n_rows,), (n_columns,)
        Mass to send and to receive; positive, with the same total.
    sharpness : float
        Inverse weight of the entropy H; as it grows, the plan approaches that of optimal transport without entropy.
    max_iterations : int
        Largest number of iterations.
    tolerance : float
        Iterations stop when the absolute errors of the row sums add up to at most this fraction of the total mass. The
        column sums are exact.
    start : Tensor, optional, (n_rows,)
        Initial potential f, such as that of a similar problem; by default 0.

    Returns
    -------
    plan : Tensor, (n_rows, n_columns)
        Without gradient. By the envelope theorem, the plan is the gradient of the minimum with respect to the cost.
    potential : Tensor, (n_rows,)
        f, which can be the `start` of the next problem.

    References
    ----------
    Cuturi, NIPS 2013; Schmitzer, SIAM J. Sci. Comput. 2019 (absorption of the scalings).
    """
    scaled = -sharpness * cost
    f = torch.zeros_like(rows) if start is None else sharpness * start
    total = rows.sum()
    kernel, u = _absorbed(scaled, f, columns), torch.ones_like(rows)
    v = torch.ones_like(columns)
    for _ in range(max_iterations):
        row_sums = kernel @ v
        if float((u * row_sums - rows).abs().sum()) <= tolerance * float(total):
            break
        u = rows / row_sums.clamp_min(1e-30)
        if not 1e-10 < float(u.min()) <= float(u.max()) < 1e10:
            f = f + u.log()
            kernel, u, v = _absorbed(scaled, f, columns), torch.ones_like(rows), torch.ones_like(columns)
        else:
            v = columns / (u @ kernel)
    return u.unsqueeze(1) * kernel * v, (f + u.log()) / sharpness


def _absorbed(scaled: Tensor, f: Tensor, columns: Tensor) -> Tensor:
    """exp(f + g - scaled cost) with the g for which the column sums are `columns`."""
    return (scaled + f.unsqueeze(1)).softmax(dim=0) * columns
