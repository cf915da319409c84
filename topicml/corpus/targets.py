"""`Targets`: what models are to reconstruct of each document in place of its counts, kept in step with its corpus."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from topicml.corpus.counts import csr, index_dtype, summed, take_rows
from topicml.corpus.fingerprint import Digest
from topicml.corpus.npy_headers import reading
from topicml.corpus.rows import row_numbers
from topicml.corpus.tokens import offsets_of
from topicml.errors import InputError
from topicml.paths import expanded

MATRIX = "matrix"
"""The source of targets that came without the name of a file."""

_MOST_DENSE = 1 << 26
_LARGEST_EXPONENT = 100  # of 2; float32 ends at 2^127 and 2^-126
_NAMED_ROWS = 5


class Targets:
    """Weights of words in documents: row i belongs to document i, column j to word j of the corpus that has them.

    Only the proportions of a row matter: `of` multiplies rows that float32 cannot hold by a power of 2. The constructor
    checks nothing; `of` does.

    Parameters
    ----------
    weights : csr_matrix, float32, (n_docs, n_words), or function
        Canonical, non-negative and finite; may be memory-mapped. A function returns them, at the first use.
    source : str
        What made the weights, such as the name of a file; for people.
    outside_knowledge : bool
        Whether the weights contain knowledge from outside the corpus, as those of a language model do.
    """

    def __init__(
        self,
        weights: sp.csr_matrix | Callable[[], sp.csr_matrix],
        *,
        source: str = MATRIX,
        outside_knowledge: bool = True,
    ) -> None:
        self._weights = weights
        self.source = source
        self.outside_knowledge = outside_knowledge
        self._fingerprint: str | None = None

    @classmethod
    def of(cls, targets: Any, shape: tuple[int, int], *, source: str = MATRIX, outside_knowledge: bool = True) -> Self:
        """Make targets of a matrix or a file, and check them.

        Parameters
        ----------
        targets : sparse matrix or array-like (n_docs, n_words), or path
            Weights, or a file ``.npz`` of `scipy.sparse.save_npz`. A dense array must be small.
        shape : tuple of int
            Number of documents and of words.
        source, outside_knowledge
            As in the constructor.

        Returns
        -------
        Targets

        Raises
        ------
        InputError
            If the matrix has another shape, is not one of numbers, is a large dense array, or has values that are
            negative or not finite (the message names rows), or the file cannot be read.
        """
        if isinstance(targets, str | os.PathLike):
            matrix, source = _read(targets), Path(targets).name
        else:
            matrix = targets if sp.issparse(targets) else _small(targets)
        if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
            raise InputError(f"Targets must be a matrix of numbers; received {matrix.dtype} of shape {matrix.shape}.")
        if matrix.shape != shape:
            raise InputError(
                f"The targets have the shape ({matrix.shape[0]:,}, {matrix.shape[1]:,}), and the corpus has "
                f"{shape[0]:,} documents and {shape[1]:,} words. Row i must belong to document i, and column j to word "
                "j of corpus.vocabulary."
            )
        if hasattr(matrix, "check_format"):  # SciPy's compiled code takes the indices as they are
            try:
                matrix.check_format(full_check=True)
            except ValueError as error:
                raise InputError(f"The targets have indices outside their rows or columns: {error}.") from error
        weights = summed(matrix) if sp.issparse(matrix) else sp.csr_matrix(matrix)
        exponents = exponents_of_rows(weights.data, weights.indptr)
        exponents[abs(exponents) <= _LARGEST_EXPONENT] = 0
        if exponents.any():
            scaled = np.ldexp(weights.data, -np.repeat(exponents, np.diff(weights.indptr)))
            weights = sp.csr_matrix((scaled, weights.indices, weights.indptr), shape)
        with np.errstate(over="ignore"):  # a negative value beyond float32 becomes infinite, and is named below
            weights = weights.astype(np.float32)
        weights.eliminate_zeros()  # of the copy that astype made
        dtype = index_dtype(weights.nnz)
        indices, indptr = (each.astype(dtype, copy=False) for each in (weights.indices, weights.indptr))
        found = cls(csr(weights.data, indices, indptr, shape), source=source, outside_knowledge=outside_knowledge)
        found.check()
        return found

    @property
    def weights(self) -> sp.csr_matrix:
        """The weights: float32 CSR of shape (n_docs, n_words). Do not modify them."""
        if callable(self._weights):
            self._weights = self._weights()
        return self._weights

    @property
    def n_docs(self) -> int:
        """Number of documents."""
        return int(self.weights.shape[0])

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the weights. Computed at first use, block by block."""
        if self._fingerprint is None:
            parts = {"<f4": self.weights.data, "<i4": self.weights.indices, "<i8": self.weights.indptr}
            whole = Digest("<i8")
            for dtype, array in parts.items():
                sha = Digest(dtype)
                sha.update(array)
                whole.update(np.frombuffer(bytes.fromhex(sha.hexdigest()), dtype="<i8"))
            self._fingerprint = whole.hexdigest()
        return self._fingerprint

    def take(self, rows: Any) -> Targets:
        """Return the targets of some documents, whose weights are copied when they are read first.

        Parameters
        ----------
        rows : slice, array-like of int, or array-like of bool
            Row numbers or a mask.
        """
        chosen = row_numbers(rows, self.n_docs)
        return self._with(lambda: take_rows(self.weights, chosen))

    def of_words(self, before: Iterable[str], words: Iterable[str]) -> Targets:
        """Return the targets in another vocabulary: words that are gone take their weights with them.

        Parameters
        ----------
        before, words : iterable of str
            The words of the columns, now and of the result. A word that is new has no weight.
        """
        index = {word: number for number, word in enumerate(words)}
        columns = np.array([index.get(word, -1) for word in before], dtype=self.weights.indices.dtype)
        ids = columns[self.weights.indices]
        kept = ids >= 0
        indptr = offsets_of(kept)[self.weights.indptr].astype(ids.dtype)
        found = sp.csr_matrix((self.weights.data[kept], ids[kept], indptr), shape=(self.n_docs, len(index)))
        found.sort_indices()
        return self._with(csr(found.data, found.indices, found.indptr, found.shape))

    def check_documents(self, rows: np.ndarray) -> None:
        """Raise `InputError` if one of these documents, which have words, has no weight at all."""
        without = rows[np.diff(self.weights.indptr)[rows] == 0]
        if len(without):
            raise InputError(
                f"{len(without):,} documents with words have targets without any weight: rows {_named(without)}. "
                "Leave these documents out, or add their counts to their targets."
            )

    def check(self) -> None:
        """Raise `InputError` for weights that are negative or not finite."""
        data = self.weights.data
        if not len(data) or (np.isfinite(data.min()) and np.isfinite(data.max()) and data.min() >= 0):
            return
        wrong = np.flatnonzero(~(np.isfinite(data) & (data >= 0)))
        rows = np.unique(np.searchsorted(self.weights.indptr, wrong, side="right") - 1)
        raise InputError(
            f"The targets of {len(rows):,} documents have weights that are negative or not finite numbers (NaN or "
            f"infinity): rows {_named(rows)}. Weights must be 0 or positive."
        )

    def _with(self, weights: sp.csr_matrix | Callable[[], sp.csr_matrix]) -> Targets:
        return Targets(weights, source=self.source, outside_knowledge=self.outside_knowledge)

    def __repr__(self) -> str:
        knows = ", outside knowledge" if self.outside_knowledge else ""
        return f"Targets({self.n_docs:,} documents, {self.weights.nnz:,} weights, from {self.source}{knows})"


def exponents_of_rows(weights: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The power of 2 just above the largest weight of each row; ``weights / 2**exponents`` have the same proportions.

    Parameters
    ----------
    weights : ndarray, (n_entries,)
        Weights of all rows.
    offsets : ndarray of int, (n_rows + 1,)
        Row i has the entries ``offsets[i]:offsets[i + 1]``.

    Returns
    -------
    ndarray of int, (n_rows,)
        0 for a row without weights, or whose largest weight is not a finite number.
    """
    largest = np.zeros(len(offsets) - 1, dtype=np.result_type(weights.dtype, np.float32))
    not_empty = np.flatnonzero(np.diff(offsets))
    if len(not_empty):
        largest[not_empty] = np.maximum.reduceat(weights, offsets[not_empty])
    exponents: np.ndarray = np.frexp(np.where(np.isfinite(largest), largest, 0))[1]
    return exponents


def targets_of(targets: Any, shape: tuple[int, int], outside_knowledge: bool) -> Targets:
    """Make the targets of a corpus of this shape; see `Corpus.with_targets`."""
    if not isinstance(targets, Targets):
        return Targets.of(targets, shape, outside_knowledge=outside_knowledge)
    return Targets.of(
        targets.weights,
        shape,
        source=targets.source,
        outside_knowledge=outside_knowledge and targets.outside_knowledge,
    )


def _named(rows: np.ndarray) -> str:
    """The first rows, for a message."""
    return ", ".join(map(str, rows[:_NAMED_ROWS].tolist())) + (", …" if len(rows) > _NAMED_ROWS else "")


def _small(targets: Any) -> np.ndarray:
    """A dense array, which must not be large."""
    if hasattr(targets, "detach"):  # a tensor of PyTorch
        targets = targets.detach().cpu().float().numpy()
    try:
        array = np.asarray(targets)
    except ValueError as error:
        raise InputError(f"Targets must be a matrix of numbers, all rows of one length ({error}).") from error
    if array.size > _MOST_DENSE:
        raise InputError(
            f"The targets are a dense array of {array.shape[0]:,} documents by {array.shape[-1]:,} words, too large to "
            "keep. Keep the largest weights of each document, such as 50, and pass a scipy.sparse.csr_matrix."
        )
    return array


def _read(path: str | os.PathLike[str]) -> Any:
    path = expanded(path)
    if not path.is_file():
        raise InputError(f"There is no file {path} of targets.")
    try:
        return reading(lambda: sp.load_npz(path))
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} cannot be read as targets: it is not a whole file of scipy.sparse.save_npz. Write a matrix of "
            "documents by words with it."
        ) from error
