"""Optimal transport between a few points and many, with entropy: Sinkhorn's algorithm, stabilised."""

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
    """The plan P that minimises ``<P, cost> - H(P) / sharpness`` among those with the given sums of rows and columns.

    Scalings are matrix-vector products on ``exp(sharpness * (f + g - cost))`` and are taken into the potentials f and g
    before they could overflow, so any sharpness is safe. Each iteration costs two passes over the matrix.

    Parameters
    ----------
    cost : Tensor, (n_rows, n_columns)
        Cost of moving one unit of mass.
    rows, columns : Tensor, (n_rows,), (n_columns,)
        Mass at each end; positive, with the same total.
    sharpness : float
        Inverse weight of the entropy H: as it grows the plan nears that of plain optimal transport.
    max_iterations : int
        Iterations at most.
    tolerance : float
        Iterating ends when the rows' sums are off by no more, in all, as a share of the total mass. The columns' sums
        are exact.
    start : Tensor, optional, (n_rows,)
        Potential f to start from, such as that of a similar problem; 0 by default.

    Returns
    -------
    plan : Tensor, (n_rows, n_columns)
        Without gradient. By the envelope theorem it is itself the gradient, in the cost, of the least value above.
    potential : Tensor, (n_rows,)
        f, to start the next problem from.

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
        reached = kernel @ v
        if float((u * reached - rows).abs().sum()) <= tolerance * float(total):
            break
        u = rows / reached.clamp_min(1e-30)
        if not 1e-10 < float(u.min()) <= float(u.max()) < 1e10:
            f = f + u.log()
            kernel, u, v = _absorbed(scaled, f, columns), torch.ones_like(rows), torch.ones_like(columns)
        else:
            v = columns / (u @ kernel)
    return u.unsqueeze(1) * kernel * v, (f + u.log()) / sharpness


def _absorbed(scaled: Tensor, f: Tensor, columns: Tensor) -> Tensor:
    """exp(f + g - scaled cost) with the g that makes the columns' sums right."""
    return (scaled + f.unsqueeze(1)).softmax(dim=0) * columns
