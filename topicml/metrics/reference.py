"""The corpus that coherence is measured on."""

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.cooccurrence import Cooccurrence

# What was found on a corpus, for as long as the corpus lives: (words a window or None, repeats) to counts.
_COUNTED: "WeakKeyDictionary[Corpus, dict[tuple[int | None, str], Cooccurrence]]" = WeakKeyDictionary()


class Reference:
    """A reference corpus: where its words are is found once and serves every further topic set.

    Parameters
    ----------
    corpus : Corpus or iterable of token lists
        The documents. Windows need their word order. Hold the `Reference` (or a `Corpus`) to reuse it: of token lists
        nothing is remembered.

    Raises
    ------
    InputError
        If there are fewer than two documents, or they are no documents.
    """

    def __init__(self, corpus: Corpus | Iterable[Sequence[str]]) -> None:
        if not isinstance(corpus, Iterable):
            raise InputError(f"The reference must be a Corpus or lists of tokens; received {type(corpus).__name__}.")
        self.corpus = corpus if isinstance(corpus, Corpus) else Corpus.from_tokens(corpus)
        if self.corpus.n_docs < 2:
            raise InputError(f"Coherence needs a reference of at least two documents; this has {self.corpus.n_docs}.")
        self._counted = _COUNTED.setdefault(self.corpus, {})

    def ids(self, topics: list[list[str]]) -> np.ndarray:
        """Word ids, (n_topics, topn); -1 for words that are not in the vocabulary."""
        index = self.corpus.vocabulary.index
        return np.array([[index.get(word, -1) for word in words] for words in topics], dtype=np.int64)

    def cooccurrence(self, window: int | None, repeats: str = "gensim") -> Cooccurrence:
        """Return the counts over windows of so many words, or over documents (None).

        Raises
        ------
        InputError
            If there are to be windows and the corpus knows no word order.
        """
        if window is not None:
            self.corpus.require_order("Coherence over sliding windows")
            if window >= self.corpus.lengths.max(initial=0):
                window = None  # no document is longer: the same counts
        if window is None:
            repeats = "boolean"  # makes no difference
        if (window, repeats) not in self._counted:
            tokens, offsets = self.corpus.tokens, self.corpus.offsets
            if tokens is None or offsets is None:
                tokens, offsets = self.corpus.counts.indices, self.corpus.counts.indptr
            self._counted[window, repeats] = Cooccurrence(tokens, offsets, self.corpus.n_words, window, repeats)
        return self._counted[window, repeats]
