"""Blocks of words: an array of documents by words is computed a piece at a time, in memory that stays in the cache."""

from collections.abc import Iterator

from torch import Tensor

IN_CACHE = 2**18
"""Elements of a block on the CPU: 1 MB of float32. Blocks of half or twice the size are as fast."""

PER_LAUNCH = 2**26
"""Elements of a block on other devices: 256 MB of float32. There, each block costs the start of several kernels."""


def column_blocks(matrix: Tensor, n_rows: int) -> Iterator[slice]:
    """Yield slices of columns, for blocks of so many rows.

    Parameters
    ----------
    matrix : Tensor, (n, n_columns)
        The matrix with these columns.
    n_rows : int
        Rows of each block.

    Yields
    ------
    slice
        The slices cover all columns, in order.
    """
    elements = IN_CACHE if matrix.device.type == "cpu" else PER_LAUNCH
    width, n_columns = max(64, elements // max(n_rows, 1)), matrix.shape[1]
    for start in range(0, n_columns, width):
        yield slice(start, min(start + width, n_columns))
