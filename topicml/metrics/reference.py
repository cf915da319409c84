"""The reference corpus of coherence and other measures."""

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.cooccurrence import Cooccurrence

# Counts of each corpus, for as long as it is alive: (window or None, repeats) to counts.
_COOCCURRENCES: "WeakKeyDictionary[Corpus, dict[tuple[int | None, str], Cooccurrence]]" = WeakKeyDictionary()


class Reference:
    """A reference corpus, whose co-occurrence counts are computed once and reused.

    Parameters
    ----------
    corpus : Corpus or iterable of token lists
        The documents. Measures over windows need word order. Counts are stored with the `Corpus`; keep the `Corpus` or
        the `Reference` and pass it again to reuse them. Token lists are counted again in each call.

    Raises
    ------
    InputError
        If there are fewer than two documents, or `corpus` is neither a `Corpus` nor lists of tokens.
    """

    def __init__(self, corpus: Corpus | Iterable[Sequence[str]]) -> None:
        if not isinstance(corpus, Iterable):
            raise InputError(f"The reference must be a Corpus or lists of tokens; received {type(corpus).__name__}.")
        self.corpus = corpus if isinstance(corpus, Corpus) else Corpus.from_tokens(corpus)
        if self.corpus.n_docs < 2:
            raise InputError(f"The reference must have at least two documents; this has {self.corpus.n_docs}.")
        self._cooccurrences = _COOCCURRENCES.setdefault(self.corpus, {})
        self.reported: set[frozenset[str]] = set()  # unseen words that a warning has named

    def ids(self, topics: list[list[str]]) -> np.ndarray:
        """Return the word ids of topics, (n_topics, topn); -1 for words that are not in the vocabulary."""
        index = self.corpus.vocabulary.index
        return np.array([[index.get(word, -1) for word in words] for words in topics], dtype=np.int64)

    def cooccurrence(self, window: int | None, repeats: str = "gensim") -> Cooccurrence:
        """Return the co-occurrence counts over windows or over documents.

        Parameters
        ----------
        window : int or None
            Number of words in a window; None: each document is one window.
        repeats : {"gensim", "boolean"}
            Treatment of words that occur twice in a window; see `topicml.metrics.runs`.

        Returns
        -------
        counts : Cooccurrence
            The same object for the same arguments.

        Raises
        ------
        InputError
            If `window` is a number and the corpus has no word order.
        """
        if window is not None:
            self.corpus.require_order("Coherence over sliding windows")
            if window >= self.corpus.lengths.max(initial=0):
                window = None  # no document is longer than the window, so the counts are the same
        if window is None:
            repeats = "boolean"  # both treatments give the same counts; store them once
        if (window, repeats) not in self._cooccurrences:
            tokens, offsets = self.corpus.tokens, self.corpus.offsets
            if tokens is None or offsets is None:
                tokens, offsets = self.corpus.counts.indices, self.corpus.counts.indptr
            self._cooccurrences[window, repeats] = Cooccurrence(tokens, offsets, self.corpus.n_words, window, repeats)
        return self._cooccurrences[window, repeats]
