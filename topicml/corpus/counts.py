"""Word counts as CSR matrices: count tokens, check a matrix from the user, slice without copies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus.tokens import take_documents
from topicml.errors import InputError

_MAX_INT32 = np.iinfo(np.int32).max
_MOST_WORDS = 2**53  # above, float64 does not have all whole numbers


def csr(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, shape: tuple[int, int]) -> sp.csr_matrix:
    """Wrap three arrays as a canonical CSR matrix without copying or reading them.

    SciPy's constructor may copy (`prune` copies a view of less than half its base), which would read a memory-mapped
    corpus whole. SciPy's operations do not copy either while `indices` and `indptr` have one dtype. Only an opened
    corpus of more than 2^31 entries mixes int64 and int32; its slices have one dtype again.

    Parameters
    ----------
    data, indices : numpy.ndarray, shape (n_entries,)
        Values and column numbers; sorted and without duplicates within each row.
    indptr : numpy.ndarray, shape (n_rows + 1,)
        Row i has the entries ``indptr[i]:indptr[i + 1]``.
    shape : tuple of int
        (n_rows, n_columns).

    Returns
    -------
    scipy.sparse.csr_matrix
    """
    matrix = sp.csr_matrix(shape, dtype=data.dtype)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    matrix.has_canonical_format = True  # implies sorted indices
    return matrix


def index_dtype(n_entries: int) -> type[np.signedinteger[Any]]:
    """Return the index dtype of a CSR matrix: int32 if it can count the entries, else int64."""
    return np.int32 if n_entries <= _MAX_INT32 else np.int64


def counts_from_tokens(tokens: np.ndarray, offsets: np.ndarray, n_words: int) -> sp.csr_matrix:
    """Count the words of every document.

    Parameters
    ----------
    tokens : numpy.ndarray, shape (n_tokens,)
        Word ids of all documents.
    offsets : numpy.ndarray, shape (n_docs + 1,)
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``.
    n_words : int
        Number of columns.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (n_docs, n_words)
        Canonical int32 counts. Working memory: 12 bytes per token.
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


def word_frequency(tokens: np.ndarray, n_words: int) -> np.ndarray:
    """Count each word in tokens, shape (n_words,), int64. Unlike `np.bincount`, it does not copy all tokens."""
    total = np.zeros(n_words, dtype=np.int64)
    for begin in range(0, len(tokens), 1 << 20):
        total += np.bincount(tokens[begin : begin + (1 << 20)], minlength=n_words)
    return total


def document_frequency(tokens: np.ndarray, offsets: np.ndarray, n_words: int, block: int = 10_000) -> np.ndarray:
    """Count the documents that contain each word.

    Parameters
    ----------
    tokens, offsets, n_words
        As in `counts_from_tokens`.
    block : int
        Documents at a time; it bounds the memory.

    Returns
    -------
    numpy.ndarray, shape (n_words,), int64
    """
    total = np.zeros(n_words, dtype=np.int64)
    for begin in range(0, len(offsets) - 1, block):
        bounds = offsets[begin : begin + block + 1]
        counts = counts_from_tokens(tokens[bounds[0] : bounds[-1]], bounds - bounds[0], n_words)
        total += np.bincount(counts.indices, minlength=n_words)
    return total


def take_rows(matrix: sp.csr_matrix, rows: slice | np.ndarray) -> sp.csr_matrix:
    """Select rows.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix, shape (n_docs, n_words)
        Canonical counts.
    rows : slice of step 1 with bounds, or numpy.ndarray of int64
        As `row_numbers` returns them. A slice shares the memory of `matrix`.

    Returns
    -------
    scipy.sparse.csr_matrix
        Canonical counts of the selected documents.
    """
    if isinstance(rows, slice):
        begin, end = matrix.indptr[rows.start], matrix.indptr[rows.stop]
        indptr = (matrix.indptr[rows.start : rows.stop + 1] - begin).astype(matrix.indices.dtype, copy=False)
        shape = (rows.stop - rows.start, matrix.shape[1])
        return csr(matrix.data[begin:end], matrix.indices[begin:end], indptr, shape)
    data, indptr = take_documents(matrix.data, matrix.indptr, rows)
    indices, _ = take_documents(matrix.indices, matrix.indptr, rows)
    kind = index_dtype(len(data))
    return csr(data, indices.astype(kind, copy=False), indptr.astype(kind, copy=False), (len(rows), matrix.shape[1]))


def row_sums(matrix: sp.csr_matrix) -> np.ndarray:
    """Return the sum of every row as int64. Unlike ``matrix.sum(axis=1)``, it does not cast a copy of all entries."""
    sums = np.zeros(matrix.shape[0], dtype=np.int64)
    not_empty = np.flatnonzero(np.diff(matrix.indptr))
    if len(not_empty):
        sums[not_empty] = np.add.reduceat(matrix.data, matrix.indptr[not_empty], dtype=np.int64)
    return sums


def summed(matrix: Any) -> sp.csr_matrix:
    """Convert a sparse matrix to CSR, with duplicate entries summed in float64.

    SciPy sums them in the dtype of the matrix, in which 300 ones of uint8 are 44. Sums of whole numbers are exact in
    float64 up to 2^53.

    Parameters
    ----------
    matrix : sparse matrix or array, shape (n_rows, n_columns)
        Of numbers; it is not modified.

    Returns
    -------
    scipy.sparse.csr_matrix
        A CSR matrix without duplicates keeps its dtype and its arrays.
    """
    if matrix.format == "csr":
        counts = sp.csr_matrix(matrix)
        if counts.has_canonical_format:
            return counts
        counts = counts.astype(np.float64)  # a copy
    else:
        counts = sp.csr_matrix(matrix.astype(np.float64))
    counts.sum_duplicates()
    return counts


def checked_counts(matrix: Any, words: Sequence[str]) -> sp.csr_matrix:
    """Check that a matrix contains word counts, and convert it to canonical int32 CSR.

    Parameters
    ----------
    matrix : array-like or sparse matrix, shape (n_docs, n_words)
        It is not modified; arrays that need no conversion are not copied.
    words : sequence of str
        The word of each column.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (n_docs, n_words)

    Raises
    ------
    InputError
        If `matrix` is not a matrix of numbers, does not have one column per word, or has NaN, infinite, negative,
        non-integer or too large entries. The message names row and word.
    """
    original = _as_csr(matrix)
    if original.shape[1] != len(words):
        raise InputError(
            f"The count matrix has {original.shape[1]:,} columns but the vocabulary has {len(words):,} words; "
            "column j must count word j."
        )
    _check_entries(original, words)
    counts = original.astype(np.int32, copy=False)
    if not counts.has_canonical_format or (counts.nnz and not counts.data.all()):
        counts = counts.copy() if counts is original else counts
        counts.sum_duplicates()
        counts.eliminate_zeros()
    dtype = index_dtype(counts.nnz)
    indices, indptr = counts.indices.astype(dtype, copy=False), counts.indptr.astype(dtype, copy=False)
    return csr(counts.data, indices, indptr, counts.shape)


def checked_weights(matrix: Any) -> sp.csr_matrix:
    """Check that a matrix contains weights of words, such as counts or fractions of them, and convert it to CSR.

    Parameters
    ----------
    matrix : array-like or sparse matrix, shape (n_docs, n_words)
        It is not modified; arrays that need no conversion are not copied.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (n_docs, n_words)
        Without duplicate entries.

    Raises
    ------
    InputError
        If `matrix` is not a matrix of numbers, or as `check_weights`.
    """
    weights = _as_csr(matrix)
    check_weights(weights)
    return weights


def check_weights(weights: sp.csr_matrix) -> None:
    """Check the weights of words in documents.

    Parameters
    ----------
    weights : scipy.sparse.csr_matrix, shape (n_docs, n_words)
        Counts, whole or fractional.

    Raises
    ------
    InputError
        If an entry is NaN, infinite, negative or more than 2^53. The message names row and column.
    """
    data = weights.data
    if not len(data) or 0 <= data.min() <= data.max() <= _MOST_WORDS:
        return
    rule = "Counts must be finite and not negative"
    _reject(weights, np.isnan(data), "NaN", rule)
    _reject(weights, np.isinf(data), "infinite", rule)
    _reject(weights, data < 0, "negative", rule)
    _reject(weights, data > _MOST_WORDS, f"more than {_MOST_WORDS:,} (2^53)", "Divide all counts by a number")


def _as_csr(matrix: Any) -> sp.csr_matrix:
    if not sp.issparse(matrix):
        try:
            matrix = np.asarray(matrix)
        except ValueError as error:
            raise InputError(f"Counts must be a matrix, all rows of one length ({error}).") from error
    if matrix.ndim != 2:
        advice = " Make a corpus of texts: topicml.Corpus.from_texts(texts)." if matrix.dtype.kind in "OSU" else ""
        raise InputError(
            f"Counts must be a matrix of shape (documents, words); received {matrix.ndim} dimension(s).{advice}"
        )
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"Counts must be numbers; received a matrix of dtype {matrix.dtype}.")
    if hasattr(matrix, "check_format"):  # SciPy's compiled code takes the indices as they are
        try:
            matrix.check_format(full_check=True)
        except ValueError as error:
            raise InputError(f"The count matrix has indices outside its rows or columns: {error}.") from error
    return summed(matrix) if sp.issparse(matrix) else sp.csr_matrix(matrix)


def _check_entries(matrix: sp.csr_matrix, words: Sequence[str]) -> None:
    data = matrix.data
    if data.dtype.kind == "b" or not len(data):
        return
    rule = "Counts must be non-negative whole numbers"
    if data.dtype.kind == "f":
        _reject(matrix, np.isnan(data), "NaN", rule, words)
        _reject(matrix, np.isinf(data), "infinite", rule, words)
        _reject(matrix, data != np.floor(data), "not a whole number", rule, words)
    _reject(matrix, data < 0, "negative", rule, words)
    _reject(matrix, data > _MAX_INT32, f"more than {_MAX_INT32:,}", rule, words)


def _reject(
    matrix: sp.csr_matrix, invalid: np.ndarray, what: str, rule: str, words: Sequence[str] | None = None
) -> None:
    """Raise `InputError` for the first entry in the mask `invalid`; `what` says what is wrong with it."""
    entries = np.flatnonzero(invalid)
    if not len(entries):
        return
    first = entries[0]
    row = int(np.searchsorted(matrix.indptr, first, side="right")) - 1
    column = int(matrix.indices[first])
    value = matrix.data[first].item()
    value = int(value) if float(value).is_integer() and abs(value) < 1e20 else value
    named = "" if words is None else f" (word {words[column]!r})"
    raise InputError(
        f"The count in row {row}, column {column}{named} is {what}: {value}. "
        f"{rule}; {len(entries):,} entr{'y is' if len(entries) == 1 else 'ies are'} invalid for this reason."
    )
