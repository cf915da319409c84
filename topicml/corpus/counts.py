"""Word counts as CSR matrices: derived from tokens, checked when given, sliced without copying where possible."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.errors import InputError

_MAX_INT32 = np.iinfo(np.int32).max


def csr(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, shape: tuple[int, int]) -> sp.csr_matrix:
    """Return a CSR matrix over these very arrays, whose rows are sorted and free of duplicates.

    SciPy's constructor may copy (`prune` copies a view of less than half its base), which would read a memory-mapped
    corpus whole; here nothing is read. SciPy's operations copy nothing either as long as `indices` and `indptr` have
    one dtype; only an opened corpus of more than 2^31 entries has int64 beside int32, and its slices have one again.
    """
    matrix = sp.csr_matrix(shape, dtype=data.dtype)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    matrix.has_canonical_format = True  # sorted indices follow from it
    return matrix


def index_dtype(n_entries: int) -> type[np.signedinteger[Any]]:
    """Return int32 where it can number the entries of a CSR matrix, else int64."""
    return np.int32 if n_entries <= _MAX_INT32 else np.int64


def counts_from_tokens(tokens: np.ndarray, offsets: np.ndarray, n_words: int) -> sp.csr_matrix:
    """Count the words of every document.

    Parameters
    ----------
    tokens
        Word ids, shape (n_tokens,).
    offsets
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``, shape (n_docs + 1,).

    Returns
    -------
    scipy.sparse.csr_matrix
        Shape (n_docs, n_words), int32, sorted, without duplicates. Working memory: 12 bytes a token.
    """
    n_docs = len(offsets) - 1
    dtype = index_dtype(len(tokens))
    matrix = sp.csr_matrix((n_docs, n_words), dtype=np.int32)
    matrix.data = np.ones(len(tokens), dtype=np.int32)
    matrix.indices = np.array(tokens, dtype=dtype)
    matrix.indptr = np.array(offsets, dtype=dtype)
    matrix.has_sorted_indices = matrix.has_canonical_format = False
    matrix.sum_duplicates()
    return matrix


def take_rows(matrix: sp.csr_matrix, rows: slice | np.ndarray) -> sp.csr_matrix:
    """Return some rows; a slice of step 1 shares the memory of `matrix`."""
    if isinstance(rows, slice):
        begin, end = matrix.indptr[rows.start], matrix.indptr[rows.stop]
        indptr = (matrix.indptr[rows.start : rows.stop + 1] - begin).astype(matrix.indices.dtype, copy=False)
        shape = (rows.stop - rows.start, matrix.shape[1])
        return csr(matrix.data[begin:end], matrix.indices[begin:end], indptr, shape)
    taken = matrix[rows]
    taken.has_canonical_format = True
    return taken


def row_sums(matrix: sp.csr_matrix) -> np.ndarray:
    """Return the sum of every row, int64; unlike ``matrix.sum(axis=1)`` it makes no wider copy of the entries."""
    sums = np.zeros(matrix.shape[0], dtype=np.int64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        sums[filled] = np.add.reduceat(matrix.data, matrix.indptr[filled], dtype=np.int64)
    return sums


def checked_counts(matrix: Any, words: Sequence[str]) -> sp.csr_matrix:
    """Return `matrix` as canonical int32 CSR, after checking that it holds counts of `words`.

    `matrix` itself is left as it is, and its arrays are not copied where they need no change.

    Raises
    ------
    InputError
        If it is not a matrix of numbers, has another number of columns than there are words, or holds NaN, infinite,
        negative, non-integer or too large entries: the message names row and word.
    """
    given = _as_csr(matrix)
    if given.shape[1] != len(words):
        raise InputError(
            f"The count matrix has {given.shape[1]:,} columns but the vocabulary has {len(words):,} words; "
            "column j must count word j."
        )
    _check_entries(given, words)
    counts = given.astype(np.int32, copy=False)
    if not counts.has_canonical_format or (counts.nnz and not counts.data.all()):
        counts = counts.copy() if counts is given else counts
        counts.sum_duplicates()
        counts.eliminate_zeros()
    dtype = index_dtype(counts.nnz)
    indices, indptr = counts.indices.astype(dtype, copy=False), counts.indptr.astype(dtype, copy=False)
    return csr(counts.data, indices, indptr, counts.shape)


def _as_csr(matrix: Any) -> sp.csr_matrix:
    if not sp.issparse(matrix):
        matrix = np.asarray(matrix)
    if matrix.ndim != 2:
        raise InputError(f"Counts must be a matrix of shape (documents, words); received {matrix.ndim} dimension(s).")
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"Counts must be numbers; received a matrix of dtype {matrix.dtype}.")
    return sp.csr_matrix(matrix)


def _check_entries(matrix: sp.csr_matrix, words: Sequence[str]) -> None:
    data = matrix.data
    if data.dtype.kind == "b" or not len(data):
        return
    if data.dtype.kind == "f":
        _reject(matrix, np.isnan(data), words, "NaN")
        _reject(matrix, np.isinf(data), words, "infinite")
        _reject(matrix, data != np.floor(data), words, "not a whole number")
    _reject(matrix, data < 0, words, "negative")
    _reject(matrix, data > _MAX_INT32, words, f"more than {_MAX_INT32:,}")


def _reject(matrix: sp.csr_matrix, bad: np.ndarray, words: Sequence[str], what: str) -> None:
    places = np.flatnonzero(bad)
    if not len(places):
        return
    first = places[0]
    row = int(np.searchsorted(matrix.indptr, first, side="right")) - 1
    column = int(matrix.indices[first])
    raise InputError(
        f"The count in row {row}, column {column} (word {words[column]!r}) is {what}: {matrix.data[first]}. "
        f"Counts are whole numbers from 0 up; {len(places):,} such entr{'y' if len(places) == 1 else 'ies'} in all."
    )
