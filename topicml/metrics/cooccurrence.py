"""Count exactly how many windows contain two words together.

All windows of all documents have consecutive numbers. Each word is in a few runs of consecutive windows
(`topicml.metrics.runs`), and two words share the windows in which their runs overlap. The runs of a topic's words are
therefore sorted, and each run is compared only with the runs that begin before it ends. The cost depends on the number
of runs of the topic's words, not on the number of windows or the size of the vocabulary. Only the runs are kept between
calls.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from topicml.corpus.mapped import release
from topicml.metrics.runs import Runs, runs_of, windows_of


class Cooccurrence:
    """Counts of words and of pairs of words over the windows of a corpus.

    Parameters
    ----------
    tokens : ndarray of int, (n_tokens,)
        Word ids of all documents, one document after another; may be memory-mapped.
    offsets : ndarray of int, (n_docs + 1,)
        Document i has the tokens ``offsets[i]:offsets[i + 1]``. If each document is one window, the order of tokens
        does not matter, and the ``indices`` and ``indptr`` of a CSR count matrix can be used as tokens and offsets.
    n_words : int
        Size of the vocabulary.
    window : int or None
        Number of words in a window; None: each document is one window.
    repeats : {"gensim", "boolean"}
        Treatment of words that occur twice in a window; see `topicml.metrics.runs`.
    whole : int
        Up to this number of tokens, the runs of the whole vocabulary are computed at the first call, so that later
        calls are fast; this takes about 12 bytes per token. For larger corpora, runs are computed only for the words
        that are counted.
    chunk : int
        Number of tokens, or of runs, to process at once.

    Attributes
    ----------
    n_windows : int
        Total number of windows.
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
        lengths = self._lengths()
        if window is not None and window >= lengths.max(initial=0):
            window = None
        self.window, self.repeats, self.whole, self.chunk = window, repeats, whole, chunk
        self.n_windows = int(windows_of(lengths, window).sum())
        # A run is stored as one number, first window * _base + length; if all lengths are 1, as the first window alone.
        self._base = 1 if window is None else window + 1
        self._runs = np.empty(0, dtype=np.int32 if self.n_windows * self._base < 2**31 else np.int64)
        # Word i has the runs _runs[_begin[i]:_end[i]]. The last entry, for words outside the vocabulary (-1), is empty.
        self._begin = np.zeros(n_words + 1, dtype=np.int64)
        self._end = np.zeros(n_words + 1, dtype=np.int64)
        self._occurrences = np.zeros(n_words + 1, dtype=np.int64)
        self._has_runs = np.zeros(n_words + 1, dtype=bool)  # words whose runs are in `_runs`
        self._has_runs[-1] = True

    def count(self, topics: np.ndarray) -> np.ndarray:
        """Count the windows that contain both words of each pair of a topic's words.

        Parameters
        ----------
        topics : ndarray of int, (n_topics, topn)
            Word ids, distinct within a topic; -1 for a word that is not in the vocabulary.

        Returns
        -------
        together : ndarray of int64, (n_topics, topn, topn)
            Symmetric; the diagonal is the number of windows that contain the word.
        """
        self._add_runs(topics)
        n_runs = (self._end - self._begin)[topics].sum(axis=1)
        joint_counts = np.concatenate([self._merge(topics[part]) for part in _parts(n_runs, self.chunk)])
        joint_counts += joint_counts.transpose(0, 2, 1)
        diagonal = np.arange(topics.shape[1])
        joint_counts[:, diagonal, diagonal] = self._occurrences[topics]
        return joint_counts

    def _add_runs(self, topics: np.ndarray) -> None:
        """Compute the runs of the topics' words, or of all words of a small corpus, unless they are stored already."""
        if self._has_runs[topics].all():
            return
        n_words = len(self._has_runs) - 1
        words = np.arange(n_words) if len(self.tokens) <= self.whole else np.unique(topics[~self._has_runs[topics]])
        number = np.full(n_words, -1, dtype=np.int32)
        number[words] = np.arange(len(words))
        runs = self._runs_of(number, len(words))
        ends = np.searchsorted(runs.word, np.arange(len(words) + 1)) + len(self._runs)
        self._begin[words], self._end[words] = ends[:-1], ends[1:]
        self._occurrences[words] = np.bincount(runs.word, weights=runs.length, minlength=len(words))
        code = runs.first if self._base == 1 else runs.first * self._base + runs.length
        self._runs = np.concatenate([self._runs, code.astype(self._runs.dtype, copy=False)])
        self._has_runs[words] = True

    def _runs_of(self, number: np.ndarray, n_numbers: int) -> Runs:
        """Runs of the words with a number that is not negative, by that number; computed in chunks of documents."""
        parts, before, lengths = [], 0, self._lengths()
        for documents in _parts(lengths, self.chunk):
            ids = np.asarray(self.tokens[self.offsets[documents.start] : self.offsets[documents.stop]])
            runs = runs_of(number[ids], lengths[documents], n_numbers, self.window, self.repeats)
            parts.append(Runs(runs.word, runs.first + before, runs.length))
            before += int(windows_of(lengths[documents], self.window).sum())
            release(self.tokens)
        if len(parts) == 1:
            return parts[0]
        word = np.concatenate([part.word for part in parts])
        order = np.argsort(word, kind="stable")
        first = np.concatenate([part.first for part in parts])
        return Runs(word[order], first[order], np.concatenate([part.length for part in parts])[order])

    def _lengths(self) -> np.ndarray:
        """Number of tokens of each document; it is not kept, as counts are kept as long as the corpus is."""
        return np.diff(self.offsets).astype(np.int64, copy=False)

    def _merge(self, topics: np.ndarray) -> np.ndarray:
        """Number of windows that two words share, (n_topics, topn, topn): each pair at [i, j] or [j, i], not both."""
        n_topics, topn = topics.shape
        line = self.n_windows * self._base  # the windows of topic t are numbered from t * line
        kind = np.int32 if n_topics * line * topn < 2**31 else np.int64
        words = topics.ravel()
        begin, end = self._begin[words], self._end[words]
        places = np.arange(n_topics * topn)
        # One sortable number for each run: topic, first window, length, and position of the word in the topic.
        runs = [self._runs[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
        key: np.ndarray = np.concatenate(runs, dtype=kind)
        key *= topn
        key += np.repeat((places // topn * (line * topn) + places % topn).astype(kind), end - begin)
        key.sort()
        begins = key // topn  # first window * _base + length, with the windows of all topics in one numbering
        ends = begins + 1
        if self._base > 1:
            ends = begins // self._base
            length = begins - ends * self._base
            begins, ends = ends, ends + length
        joint_counts = np.zeros(n_topics * topn * topn, dtype=np.int64)
        for first, second in _overlapping(begins, ends):
            shared = None if self._base == 1 else np.minimum(ends[first], ends[second]) - begins[second]
            pair = (begins[first] // self.n_windows * topn + key[first] % topn) * topn + key[second] % topn
            joint_counts += np.bincount(pair, weights=shared, minlength=len(joint_counts)).astype(np.int64)
        return joint_counts.reshape(n_topics, topn, topn)


def _overlapping(begins: np.ndarray, ends: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the indices of two runs that overlap, each pair once; `begins` must be ascending."""
    lag = 1
    first = np.flatnonzero(begins[1:] < ends[:-1])
    while len(first):
        yield first, first + lag
        lag += 1  # a run that does not overlap the next one overlaps none of those after it
        first = first[: np.searchsorted(first, len(begins) - lag)]
        first = first[begins[first + lag] < ends[first]]


def _parts(sizes: np.ndarray, limit: int) -> list[slice]:
    """Slices of a sequence of sizes whose sums are at most `limit`, or which have one size that is larger."""
    reach = np.cumsum(sizes)
    bounds = [0]
    while bounds[-1] < len(sizes):
        done = reach[bounds[-1] - 1] if bounds[-1] else 0
        bounds.append(max(int(np.searchsorted(reach, done + limit, side="right")), bounds[-1] + 1))
    return [slice(a, b) for a, b in pairwise(bounds)]
