"""`Embeddings`: a vector of each document, in memory or in a file, kept in step with the rows of a corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from topicml.corpus.fingerprint import Digest
from topicml.corpus.mapped import release
from topicml.corpus.npy_headers import reading
from topicml.corpus.rows import row_numbers
from topicml.errors import InputError, warn
from topicml.paths import expanded

ARRAY = "array"
"""The source of vectors that came without the name of a file or of an encoder."""

_BLOCK_BYTES = 1 << 24
_NAMED_ROWS = 5


class Embeddings:
    """Vectors of documents. Row i belongs to document i of the corpus that has them as `Corpus.embeddings`.

    The vectors may be in a memory-mapped file of any size: only the rows that are asked for are read. A selection of
    rows copies no vectors. The constructor checks nothing; `of` does.

    Parameters
    ----------
    vectors : ndarray, (n_vectors, size)
        float16, float32 or float64.
    source : str
        What made the vectors: the name of an encoder, or of a file; for people.
    outside_knowledge : bool
        Whether the vectors contain knowledge from outside the corpus, as those of a pretrained encoder do.
    rows : slice of step 1 or ndarray of int, optional
        The rows of `vectors`, one per document. By default all.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        *,
        source: str = ARRAY,
        outside_knowledge: bool = True,
        rows: slice | np.ndarray | None = None,
    ) -> None:
        self._vectors = vectors
        self._rows = slice(0, len(vectors)) if rows is None else rows
        self._fingerprint: str | None = None
        self.source = source
        self.outside_knowledge = outside_knowledge

    @classmethod
    def of(cls, vectors: Any, n_docs: int, *, source: str = ARRAY, outside_knowledge: bool = True) -> Self:
        """Make embeddings of an array or a file, and check them block by block.

        Parameters
        ----------
        vectors : array-like (n_docs, size), or path
            Numbers, or a file ``.npy`` of them, which is memory-mapped.
        n_docs : int
            Number of documents.
        source, outside_knowledge
            As in the constructor.

        Returns
        -------
        Embeddings
            An array in memory is kept as float16 or float32; a file as it is.

        Raises
        ------
        InputError
            If the array has another number of rows, is not a matrix of numbers, or has values that are not finite (the
            message names rows), or the file cannot be read.

        Warns
        -----
        TopicWarning
            If vectors are zero: such documents have no direction, and so no neighbours.
        """
        if isinstance(vectors, str | os.PathLike):
            array, source = mapped(vectors), Path(vectors).name
        else:
            array = _matrix(vectors)
        if array.ndim != 2 or not array.shape[1] or array.dtype.kind not in "fiu":
            raise InputError(
                f"Embeddings must be a matrix of numbers with a row per document; received {array.dtype} of shape "
                f"{array.shape}."
            )
        if len(array) != n_docs:
            raise InputError(
                f"The embeddings have {len(array):,} rows, but the corpus has {n_docs:,} documents. Row i must belong "
                "to document i: encode the texts of this corpus, in its order, including empty ones."
            )
        if not isinstance(vectors, str | os.PathLike) and array.dtype not in (np.float16, np.float32):
            with np.errstate(over="ignore"):  # a value that float32 cannot hold becomes infinite, and is named below
                array = array.astype(np.float32)
        found = cls(array, source=source, outside_knowledge=outside_knowledge)
        found.check()
        return found

    @property
    def n_docs(self) -> int:
        """Number of documents."""
        return self._rows.stop - self._rows.start if isinstance(self._rows, slice) else len(self._rows)

    @property
    def size(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    @property
    def dtype(self) -> np.dtype:
        """Type of the stored numbers: float16 or float32; those of a file may be others."""
        return self._vectors.dtype

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the vectors as float32. Computed at first use, block by block."""
        if self._fingerprint is None:
            sha = Digest("<f4")
            for _, block in self.blocks():
                sha.update(block.ravel())
            sha.update(np.array([self.size]))
            self._fingerprint = sha.hexdigest()
        return self._fingerprint

    def take(self, rows: Any) -> Embeddings:
        """Return the embeddings of some documents, without copying vectors.

        Parameters
        ----------
        rows : slice, array-like of int, or array-like of bool
            Row numbers or a mask.

        Raises
        ------
        InputError
            If a row number is out of range.
        """
        chosen = row_numbers(rows, self.n_docs)
        mine = self._rows
        if isinstance(mine, slice):
            new: slice | np.ndarray
            if isinstance(chosen, slice):
                new = slice(mine.start + chosen.start, mine.start + chosen.stop)
            else:
                new = chosen + mine.start
        else:
            new = mine[chosen]
        return Embeddings(self._vectors, source=self.source, outside_knowledge=self.outside_knowledge, rows=new)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Vectors of some documents, float32 of shape (n_selected, size)."""
        found = np.asarray(self._vectors[self.take(rows)._rows], dtype=np.float32)
        release(self._vectors, read=len(found))
        return found

    def __len__(self) -> int:
        return self.n_docs

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All vectors as one array in memory."""
        array = self._vectors[self._rows]
        return np.array(array, dtype=np.float32 if dtype is None else dtype, copy=True)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield all vectors in blocks that bound the memory, each with the number of its first document; float32."""
        step = max(1, _BLOCK_BYTES // (4 * self.size))
        for begin in range(0, self.n_docs, step):
            yield begin, self[begin : begin + step]

    def check(self) -> None:
        """Raise `InputError` for values that are not finite; warn of vectors of length 0."""
        not_finite: list[int] = []
        zero: list[int] = []
        n_not_finite = n_zero = 0
        with np.errstate(over="ignore"):
            for begin, block in self.blocks():
                wrong = np.flatnonzero(~np.isfinite(block).all(axis=1))
                empty = np.flatnonzero(~block.any(axis=1))
                n_not_finite, n_zero = n_not_finite + len(wrong), n_zero + len(empty)
                not_finite += (wrong[:_NAMED_ROWS] + begin).tolist()
                zero += (empty[:_NAMED_ROWS] + begin).tolist()
        if n_not_finite:
            raise InputError(
                f"The embeddings of {n_not_finite:,} documents have values that are not finite numbers (NaN, infinity, "
                f"or more than float32 holds): rows {_named(not_finite, n_not_finite)}. Encode these documents again."
            )
        if n_zero:
            warn(
                f"The embeddings of {n_zero:,} documents are zero: rows {_named(zero, n_zero)}. A zero vector has no "
                "direction, so nothing is learned from the neighbours of these documents.",
                cause="zero embeddings",
            )

    def __repr__(self) -> str:
        knows = ", outside knowledge" if self.outside_knowledge else ""
        return f"Embeddings({self.n_docs:,} documents, size {self.size}, {self.dtype}, from {self.source}{knows})"


def warn_of_another_encoder(given: Embeddings | None, fitted: str | None) -> None:
    """Warn if the embeddings of new documents are those of another encoder than in the fit.

    Parameters
    ----------
    given : Embeddings or None
        Those of the new documents.
    fitted : str or None
        The source of those of the fit. The sources of arrays and of files that topicml did not write name no encoder.
    """
    sources = [] if given is None or fitted is None else [given.source, fitted]
    if len(set(sources)) > 1 and not any(each == ARRAY or each.endswith(".npy") for each in sources):
        warn(
            f"These documents have embeddings of {sources[0]}, and the model was fitted with those of {sources[1]}. "
            "Unless both are the same encoder, the topics are wrong: encode the documents with that of the fit.",
            cause="another encoder",
        )


def mapped(path: str | os.PathLike[str]) -> np.ndarray:
    """Memory-map a ``.npy`` file of vectors.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    ndarray
        A read-only view of the file.

    Raises
    ------
    InputError
        If the file does not exist or is not a whole ``.npy`` file of numbers.
    """
    path = expanded(path)
    if not path.is_file():
        raise InputError(f"There is no file {path} of embeddings.")
    try:
        return reading(lambda: np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)))
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise InputError(
            f"{path} cannot be read as embeddings ({error}). Write it with numpy.save, or with topicml encode."
        ) from error


def _matrix(vectors: Any) -> np.ndarray:
    """An array of the vectors that a caller passed; float64 for lists."""
    if hasattr(vectors, "detach"):  # a tensor of PyTorch
        vectors = vectors.detach().cpu().float().numpy()
    try:
        array = np.asarray(vectors)
        return np.stack([np.asarray(row, dtype=np.float64) for row in array]) if array.dtype == object else array
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Embeddings must be a matrix of numbers, all rows of one length; received {type(vectors).__name__} "
            f"({error})."
        ) from error


def _named(rows: list[int], total: int) -> str:
    shown = ", ".join(map(str, rows[:_NAMED_ROWS]))
    return shown + (", …" if total > _NAMED_ROWS else "")
