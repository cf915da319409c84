"""The nearest vectors of each vector: by a search of all pairs, or by an index of USearch."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from topicml.checks import require
from topicml.errors import MissingExtraError, warn

EXACT = 25_000
"""Vectors up to which all pairs are compared; there an index saves nothing."""

_BLOCK_BYTES = 1 << 26
_ADVICE = "pip install usearch, or topicml[embeddings]."
# Of USearch's graph: edges of a vector, and candidates in building and searching.
_INDEX = {"connectivity": 16, "expansion_add": 100, "expansion_search": 64}


def nearest(vectors: np.ndarray, n_neighbours: int, *, search: str = "auto") -> np.ndarray:
    """The nearest other vectors of each vector, by their cosine.

    Parameters
    ----------
    vectors : ndarray, float32, (n_vectors, size)
        Unit vectors.
    n_neighbours : int
        Number of neighbours, less than the number of vectors.
    search : {"auto", "exact", "approximate"}
        "exact" compares all pairs in blocks: time grows with the square of the number. "approximate" searches an index
        (`usearch`, in topicml[embeddings]), on all cores. "auto" is exact for at most `EXACT` vectors, and approximate
        beyond; without usearch it is exact, with a warning.

    Returns
    -------
    ndarray of int64, (n_vectors, n_neighbours)
        In no order. Of equal vectors, any.

    Raises
    ------
    InputError
        If an argument is out of range.
    MissingExtraError
        If the search is "approximate", and usearch is not installed.

    Notes
    -----
    Measured for 98,953 vectors of 384 numbers (MiniLM), 15 neighbours: benchmarks/results/embeddings.md.

    References
    ----------
    Malkov & Yashunin, Efficient and robust approximate nearest neighbor search using hierarchical navigable small world
    graphs, 2018.
    """
    require(0 <= n_neighbours < max(len(vectors), 1), "n_neighbours", n_neighbours, "less than the number of vectors")
    require(search in ("auto", "exact", "approximate"), "search", search, "auto, exact or approximate")
    if search == "auto":
        search = "exact" if len(vectors) <= EXACT or not _has_index(len(vectors)) else "approximate"
    return _by_index(vectors, n_neighbours) if search == "approximate" else _of_all_pairs(vectors, n_neighbours)


def _of_all_pairs(vectors: np.ndarray, n_neighbours: int, rows: np.ndarray | None = None) -> np.ndarray:
    """The neighbours of some rows, by default of all."""
    rows = np.arange(len(vectors)) if rows is None else rows
    found = np.empty((len(rows), n_neighbours), dtype=np.int64)
    step = max(1, _BLOCK_BYTES // (4 * max(len(vectors), 1)))
    for begin in range(0, len(rows) if n_neighbours else 0, step):
        block = rows[begin : begin + step]
        cosines = vectors[block] @ vectors.T
        cosines[np.arange(len(block)), block] = -np.inf
        found[begin : begin + step] = np.argpartition(-cosines, n_neighbours - 1, axis=1)[:, :n_neighbours]
    return found


def _by_index(vectors: np.ndarray, n_neighbours: int) -> np.ndarray:
    try:
        from usearch.index import Index
    except ImportError as error:
        raise MissingExtraError(f"An approximate search needs usearch ({error}): {_ADVICE}") from error
    rows = np.arange(len(vectors))
    # Half precision takes a third of the time of float32, with the same recall.
    index = Index(ndim=vectors.shape[1], metric="ip", dtype="bf16", **_INDEX)
    index.add(rows, vectors)
    matches = index.search(vectors, n_neighbours + 1)
    keys = matches.keys.astype(np.int64)
    # A vector finds itself, but of equal vectors perhaps another one first.
    order = np.argsort(keys == rows[:, None], axis=1, kind="stable")[:, :n_neighbours]
    found = np.take_along_axis(keys, order, axis=1)
    incomplete = np.flatnonzero(matches.counts <= n_neighbours)  # the graph has parts that no search reaches
    found[incomplete] = _of_all_pairs(vectors, n_neighbours, incomplete)
    return found


def _has_index(n_vectors: int) -> bool:
    if find_spec("usearch") is not None:
        return True
    warn(f"All pairs of {n_vectors:,} vectors are compared, which takes long. For a faster search: {_ADVICE}")
    return False
