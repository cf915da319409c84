"""Resolve an index into the rows of a corpus."""

from typing import Any

import numpy as np

from topicml.errors import InputError


def row_numbers(rows: Any, n_docs: int) -> slice | np.ndarray:
    """Normalise an index of documents.

    Parameters
    ----------
    rows : slice, array-like of int, or array-like of bool
        Row numbers, which may be negative, or a mask.
    n_docs : int
        Number of documents.

    Returns
    -------
    slice or numpy.ndarray
        A slice of step 1 with non-negative bounds, or non-negative row numbers (int64).

    Raises
    ------
    InputError
        If a row number is out of range, a mask has the wrong length, or `rows` is not an index of rows.
    """
    if isinstance(rows, slice):
        begin, end, step = rows.indices(n_docs)
        return slice(begin, max(begin, end)) if step == 1 else np.arange(n_docs)[rows]
    array = np.asarray(rows)
    if array.ndim != 1:
        raise InputError(
            f"Index a corpus with a slice, row numbers or a mask, not with {rows!r}; for the words of one document "
            "use corpus.document(i)."
        )
    if array.dtype.kind == "b":
        if len(array) != n_docs:
            raise InputError(f"The mask has {len(array):,} values, but there are {n_docs:,} documents.")
        return np.flatnonzero(array)
    if len(array) and array.dtype.kind not in "iu":
        raise InputError(f"Row numbers must be whole numbers; received {array.dtype}.")
    array = array.astype(np.int64)
    if len(array) and not (-n_docs <= array.min() and array.max() < n_docs):
        raise InputError(f"Row numbers run from 0 to {n_docs - 1:,}; received {array.min()} to {array.max()}.")
    return np.where(array < 0, array + n_docs, array)
