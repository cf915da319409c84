"""Counting how often words occur together, exactly, over documents and over sliding windows.

Windowed counts are gensim's: a document of n words has ``max(1, n - window + 1)`` windows, one word apart, and a word
counts once a window. gensim also forgets a word for the rest of a window when one of its occurrences leaves on the left
while another is still inside; published scores contain that, so these counts do, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix

_CHUNK = 1_000_000  # tokens, or pairs, held at a time


@dataclass(frozen=True)
class Cooccurrence:
    """In how many documents or windows words occur, alone and together.

    Attributes
    ----------
    n_units : int
        Documents or windows in all.
    words : ndarray of int or None
        The word ids that were counted, sorted; None for the whole vocabulary.
    single : ndarray, int64, (n_counted,)
        Units that hold each counted word.
    together : csr_matrix or ndarray, (n_counted, n_counted)
        Units that hold both words, for row < column; the rest is undefined.
    """

    n_units: int
    words: np.ndarray | None
    single: np.ndarray
    together: csr_matrix | np.ndarray

    def covers(self, words: np.ndarray) -> bool:
        """Whether all of `words` were counted."""
        return self.words is None or bool(np.isin(words, self.words).all())

    def lookup(self, topics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Counts of the words of each topic, and of their pairs.

        Parameters
        ----------
        topics : ndarray of int, (n_topics, topn)
            Word ids.

        Returns
        -------
        single : ndarray, float64, (n_topics, topn)
        together : ndarray, float64, (n_topics, topn, topn)
            Symmetric; the diagonal is `single`.
        """
        local = topics if self.words is None else np.searchsorted(self.words, topics)
        single = self.single[local].astype(np.float64)
        left, right = np.triu_indices(topics.shape[1], 1)
        pairs = np.sort(np.stack([local[:, left], local[:, right]]), axis=0)
        found = np.asarray(self.together[pairs[0].ravel(), pairs[1].ravel()], dtype=np.float64)
        together = np.zeros((*topics.shape, topics.shape[1]))
        together[:, left, right] = together[:, right, left] = found.reshape(pairs.shape[1:])
        diagonal = np.arange(topics.shape[1])
        together[:, diagonal, diagonal] = single
        return single, together


def count_documents(counts: csr_matrix, words: np.ndarray) -> Cooccurrence:
    """Count over documents, for `words` (sorted ids), with one sparse matrix product."""
    present = csr_matrix((np.ones(counts.nnz, np.int32), counts.indices, counts.indptr), shape=counts.shape)[:, words]
    together = (present.T @ present).tocsr()
    return Cooccurrence(counts.shape[0], words, together.diagonal().astype(np.int64), together)


def count_windows(
    tokens: np.ndarray, offsets: np.ndarray, n_words: int, window: int, words: np.ndarray | None = None
) -> Cooccurrence:
    """Count over sliding windows.

    Documents are read in chunks. Each occurrence of a word owns a run of windows, and two occurrences fewer than
    `window` positions apart share the overlap of their runs: the cost follows the pairs of near words, not the windows.

    Parameters
    ----------
    tokens, offsets : ndarray
        Word ids of all documents in order, and where each document starts and ends.
    n_words : int
        Size of the vocabulary.
    window : int
        Words a window.
    words : ndarray of int, optional
        The ids to count, sorted; the whole vocabulary by default.
    """
    size = n_words if words is None else len(words)
    single = np.zeros(size, dtype=np.int64)
    pairs = _PairCounter(size, dense=words is not None)
    if words is not None:
        local = np.full(n_words, -1, dtype=np.int32)
        local[words] = np.arange(size, dtype=np.int32)
    lengths = np.diff(offsets)
    for first, last in _chunks(offsets):
        start = offsets[first]
        ids = np.asarray(tokens[start : offsets[last]])
        ids = ids if words is None else local[ids]
        at = np.arange(len(ids)) if words is None else np.flatnonzero(ids >= 0)
        document = np.repeat(np.arange(first, last), lengths[first:last])[at]
        _count_chunk(
            ids[at],
            position=at - (offsets[document] - start),
            apart=at + (document - first) * window,
            last_window=np.maximum(lengths[document] - window, 0),
            window=window,
            single=single,
            pairs=pairs,
        )
    n_windows = int(np.maximum(lengths - window + 1, 1).sum())
    return Cooccurrence(n_windows, words, single, pairs.total())


def _count_chunk(
    ids: np.ndarray,
    position: np.ndarray,
    apart: np.ndarray,
    last_window: np.ndarray,
    window: int,
    single: np.ndarray,
    pairs: "_PairCounter",
) -> None:
    """Add the counts of some documents' words.

    `apart` is a position that leaves a gap of `window` between documents, so a difference below `window` means: in the
    same document, and near.
    """
    begin = np.maximum(position - window + 1, 0)  # the first window that an occurrence enters
    leave = position.copy()  # the last window before an occurrence of the word leaves
    previous = np.full(len(ids), -1)
    for lag, left in _near(apart, window):
        same = left[ids[left] == ids[left + lag]]
        later = same + lag
        inside = position[same] >= begin[later]
        leave[later[inside]] = position[same[inside]]
        nearest = previous[later] < 0
        previous[later[nearest]] = same[nearest]
    repeated = np.flatnonzero(previous >= 0)
    end = np.minimum(leave, last_window)
    begin[repeated] = np.maximum(begin[repeated], leave[previous[repeated]] + 1)
    run = np.maximum(end - begin + 1, 0)
    single += np.bincount(ids, weights=run, minlength=len(single)).astype(np.int64)
    for lag, left in _near(apart, window):
        right = left + lag
        overlap = np.minimum(end[left], end[right]) - np.maximum(begin[left], begin[right]) + 1
        shared = np.flatnonzero((overlap > 0) & (ids[left] != ids[right]))
        pairs.add(ids[left[shared]], ids[right[shared]], overlap[shared])
    pairs.flush()


def _near(apart: np.ndarray, window: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (lag, indices i) with ``apart[i + lag] - apart[i] < window``, for lags 1, 2, … while there are any."""
    for lag in range(1, window):
        left = np.flatnonzero(apart[lag:] - apart[:-lag] < window) if lag < len(apart) else np.empty(0, np.int64)
        if not len(left):
            return
        yield lag, left


class _PairCounter:
    """Sums of weights a pair of words, in bounded memory: a dense table for few words, a sparse one for many."""

    def __init__(self, size: int, *, dense: bool) -> None:
        self.size = size
        self.dense = dense
        self.table: np.ndarray | csr_matrix = (
            np.zeros(size * size) if dense else csr_matrix((size, size), dtype=np.int64)
        )
        self.waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self.n_waiting = 0

    def add(self, one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> None:
        low, high = np.minimum(one, other), np.maximum(one, other)
        self.waiting.append((low.astype(np.int64) * self.size + high, weight))
        self.n_waiting += len(weight)
        if self.n_waiting > _CHUNK:
            self.flush()

    def flush(self) -> None:
        if not self.n_waiting:
            return
        keys, weights = (np.concatenate(part) for part in zip(*self.waiting, strict=True))
        if self.dense:
            self.table += np.bincount(keys, weights=weights, minlength=self.size**2)
        else:
            low, high = np.divmod(keys, self.size)
            self.table = self.table + csr_matrix((weights.astype(np.int64), (low, high)), shape=(self.size, self.size))
        self.waiting, self.n_waiting = [], 0

    def total(self) -> np.ndarray | csr_matrix:
        self.flush()
        return self.table.reshape(self.size, self.size) if self.dense else self.table


def _chunks(offsets: np.ndarray) -> list[tuple[int, int]]:
    """Ranges of documents of about `_CHUNK` tokens each."""
    n_docs = len(offsets) - 1
    starts = [0]
    while starts[-1] < n_docs:
        reach = np.searchsorted(offsets, offsets[starts[-1]] + _CHUNK, side="right") - 1
        starts.append(min(n_docs, max(int(reach), starts[-1] + 1)))
    return list(pairwise(starts))
