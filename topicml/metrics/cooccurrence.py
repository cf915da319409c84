"""Counting, exactly, how many windows hold two words together.

Each word occupies runs of consecutive windows (`topicml.metrics.runs`), all windows of all documents being numbered on
one line. Two words share the windows where their runs overlap. So the runs of a topic's words are merged in order, and
each is compared with the few that begin before it ends: the cost follows what the topic's words occupy, not the number
of windows nor the size of the vocabulary, and nothing but the runs is kept from one topic set to the next.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from topicml.metrics.runs import Runs, runs_of, windows_of


class Cooccurrence:
    """Counts of words and of pairs of words over the windows of a corpus.

    Parameters
    ----------
    tokens, offsets : ndarray
        Word ids of all documents, and where each document begins and ends; may be memory-mapped. Where documents are
        the windows, order does not matter, and the indices and indptr of a count matrix serve as well.
    n_words : int
        Size of the vocabulary.
    window : int or None
        Words a window; None: each document is one window.
    repeats : {"gensim", "boolean"}
        See `topicml.metrics.runs`.
    whole : int
        With at most so many tokens, the runs of the whole vocabulary are found at once, so any further topic set is
        ready to be counted; it takes about 12 bytes a token. In larger corpora only the words that are asked for are.
    chunk : int
        Tokens, or runs, that are worked on at a time.

    Attributes
    ----------
    n_windows : int
        Windows in all.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        offsets: np.ndarray,
        n_words: int,
        window: int | None = None,
        repeats: str = "gensim",
        *,
        whole: int = 5_000_000,
        chunk: int = 1_000_000,
    ) -> None:
        self.tokens, self.offsets = tokens, offsets
        self.lengths = np.diff(offsets).astype(np.int64)
        if window is not None and window >= self.lengths.max(initial=0):
            window = None
        self.window, self.repeats, self.whole, self.chunk = window, repeats, whole, chunk
        self.n_windows = int(windows_of(self.lengths, window).sum())
        # A run is kept as one number, its first window times `_base` plus its length; a length of 1 need not be told.
        self._base = 1 if window is None else window + 1
        self._runs = np.empty(0, dtype=np.int32 if self.n_windows * self._base < 2**31 else np.int64)
        # Where the runs of each word are in `_runs`. The last entry, which has none, is for words without an id (-1).
        self._begin = np.zeros(n_words + 1, dtype=np.int64)
        self._end = np.zeros(n_words + 1, dtype=np.int64)
        self._occurrences = np.zeros(n_words + 1, dtype=np.int64)
        self._known = np.zeros(n_words + 1, dtype=bool)
        self._known[-1] = True

    def count(self, topics: np.ndarray) -> np.ndarray:
        """Count the windows that hold each two words of a topic.

        Parameters
        ----------
        topics : ndarray of int, (n_topics, topn)
            Word ids, distinct within a topic; -1 for a word that is not in the vocabulary.

        Returns
        -------
        together : ndarray of int64, (n_topics, topn, topn)
            Symmetric; the diagonal holds how many windows have the word at all.
        """
        self._find_runs(topics)
        n_runs = (self._end - self._begin)[topics].sum(axis=1)
        together = np.concatenate([self._merge(topics[part]) for part in _parts(n_runs, self.chunk)])
        together += together.transpose(0, 2, 1)
        diagonal = np.arange(topics.shape[1])
        together[:, diagonal, diagonal] = self._occurrences[topics]
        return together

    def _find_runs(self, topics: np.ndarray) -> None:
        if self._known[topics].all():
            return
        n_words = len(self._known) - 1
        words = np.arange(n_words) if len(self.tokens) <= self.whole else np.unique(topics[~self._known[topics]])
        number = np.full(n_words, -1, dtype=np.int32)
        number[words] = np.arange(len(words))
        runs = self._runs_of(number, len(words))
        ends = np.searchsorted(runs.word, np.arange(len(words) + 1)) + len(self._runs)
        self._begin[words], self._end[words] = ends[:-1], ends[1:]
        self._occurrences[words] = np.bincount(runs.word, weights=runs.length, minlength=len(words))
        code = runs.first if self._base == 1 else runs.first * self._base + runs.length
        self._runs = np.concatenate([self._runs, code.astype(self._runs.dtype, copy=False)])
        self._known[words] = True

    def _runs_of(self, number: np.ndarray, n_numbers: int) -> Runs:
        """Runs of the words that have a number, under that number, chunk by chunk."""
        parts, before = [], 0
        for documents in _parts(self.lengths, self.chunk):
            ids = np.asarray(self.tokens[self.offsets[documents.start] : self.offsets[documents.stop]])
            lengths = self.lengths[documents]
            found = runs_of(number[ids], lengths, n_numbers, self.window, self.repeats)
            parts.append(Runs(found.word, found.first + before, found.length))
            before += int(windows_of(lengths, self.window).sum())
        if len(parts) == 1:
            return parts[0]
        word = np.concatenate([part.word for part in parts])
        order = np.argsort(word, kind="stable")
        first = np.concatenate([part.first for part in parts])
        return Runs(word[order], first[order], np.concatenate([part.length for part in parts])[order])

    def _merge(self, topics: np.ndarray) -> np.ndarray:
        """Windows that two words share, each pair once: (n_topics, topn, topn), on either side of the diagonal."""
        n_topics, topn = topics.shape
        line = self.n_windows * self._base  # each topic has a line of windows of its own, one after the other
        kind = np.int32 if n_topics * line * topn < 2**31 else np.int64
        words = topics.ravel()
        begin, end = self._begin[words], self._end[words]
        places = np.arange(n_topics * topn)
        # In one number, which sorts as needed: topic, first window, length, and which of the topic's words it is.
        runs = [self._runs[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
        key: np.ndarray = np.concatenate(runs, dtype=kind)
        key *= topn
        key += np.repeat((places // topn * (line * topn) + places % topn).astype(kind), end - begin)
        key.sort()
        begins = key // topn  # on the lines of all topics; multiplied by `_base` until here
        ends = begins + 1
        if self._base > 1:
            ends = begins // self._base
            length = begins - ends * self._base
            begins, ends = ends, ends + length
        together = np.zeros(n_topics * topn * topn, dtype=np.int64)
        for one, other in _overlapping(begins, ends):
            shared = None if self._base == 1 else np.minimum(ends[one], ends[other]) - begins[other]
            pair = (begins[one] // self.n_windows * topn + key[one] % topn) * topn + key[other] % topn
            together += np.bincount(pair, weights=shared, minlength=len(together)).astype(np.int64)
        return together.reshape(n_topics, topn, topn)


def _overlapping(begins: np.ndarray, ends: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of numbers of runs that overlap, of runs in order of their begins; each pair once."""
    lag = 1
    one = np.flatnonzero(begins[1:] < ends[:-1])
    while len(one):
        yield one, one + lag
        lag += 1  # a run that ends before one begins ends before all that follow
        one = one[: np.searchsorted(one, len(begins) - lag)]
        one = one[begins[one + lag] < ends[one]]


def _parts(sizes: np.ndarray, limit: int) -> list[slice]:
    """Cut a sequence of sizes into slices that add up to at most `limit` each, or hold a single larger one."""
    reach = np.cumsum(sizes)
    bounds = [0]
    while bounds[-1] < len(sizes):
        done = reach[bounds[-1] - 1] if bounds[-1] else 0
        bounds.append(max(int(np.searchsorted(reach, done + limit, side="right")), bounds[-1] + 1))
    return [slice(a, b) for a, b in pairwise(bounds)]
