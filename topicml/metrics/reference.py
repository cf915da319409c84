"""The corpus that coherence is measured on."""

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.cooccurrence import Cooccurrence, count_documents, count_windows

_MAX_TABLE_WORDS = 20_000
_MAX_TABLE_TOKENS = 20_000_000

# What was counted on a corpus, for as long as the corpus lives: a window's length (None: documents) to counts.
_COUNTED: "WeakKeyDictionary[Corpus, dict[int | None, Cooccurrence]]" = WeakKeyDictionary()


class Reference:
    """A reference corpus; co-occurrences are counted once and serve every further topic set.

    The first topic set counts its own words only. When a set brings other words, the whole vocabulary is counted
    (unless that is very large), and from then on sets are looked up.

    Parameters
    ----------
    corpus : Corpus or iterable of token lists
        The documents. Windowed counts need their word order.

    Raises
    ------
    InputError
        If there are fewer than two documents.
    """

    def __init__(self, corpus: Corpus | Iterable[Sequence[str]]) -> None:
        self.corpus = corpus if isinstance(corpus, Corpus) else Corpus.from_tokens(corpus)
        if self.corpus.n_docs < 2:
            raise InputError(f"Coherence needs a reference of at least two documents; this has {self.corpus.n_docs}.")
        self._counted = _COUNTED.setdefault(self.corpus, {})

    def ids(self, topics: list[list[str]]) -> np.ndarray:
        """Word ids, (n_topics, topn); -1 for words that are not in the vocabulary."""
        index = self.corpus.vocabulary.index
        return np.array([[index.get(word, -1) for word in words] for words in topics], dtype=np.int64)

    def counts(self, ids: np.ndarray, window: int | None) -> tuple[int, np.ndarray, np.ndarray]:
        """Count the words of topics and their pairs.

        Parameters
        ----------
        ids : ndarray, (n_topics, topn)
            From `ids`; a -1 has no counts.
        window : int or None
            Words a window; None counts documents.

        Returns
        -------
        n_units : int
        single : ndarray, (n_topics, topn)
        together : ndarray, (n_topics, topn, topn)
        """
        known = ids >= 0
        counted = self._count(np.unique(ids[known]), window)
        if counted is None:  # no word is known
            return self.corpus.n_docs, np.zeros(ids.shape), np.zeros((*ids.shape, ids.shape[1]))
        present = ids[known][0]
        single, together = counted.lookup(np.where(known, ids, present))
        single[~known] = 0
        together[~(known[:, :, None] & known[:, None, :])] = 0
        return counted.n_units, single, together

    def _count(self, words: np.ndarray, window: int | None) -> Cooccurrence | None:
        if not len(words):
            return None
        before = self._counted.get(window)
        if before is not None and before.covers(words):
            return before
        if window is None:
            self._counted[window] = count_documents(self.corpus.counts, words)
        else:
            self.corpus.require_order("Coherence over sliding windows")
            wanted = None if before is not None and self._table_fits() else words
            tokens, offsets = self.corpus.tokens, self.corpus.offsets
            assert tokens is not None and offsets is not None
            self._counted[window] = count_windows(tokens, offsets, self.corpus.n_words, window, wanted)
        return self._counted[window]

    def _table_fits(self) -> bool:
        return self.corpus.n_words <= _MAX_TABLE_WORDS and self.corpus.n_tokens <= _MAX_TABLE_TOKENS
