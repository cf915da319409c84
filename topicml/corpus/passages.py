"""Documents cut into passages: what stands near each other in long texts."""

import numpy as np
import scipy.sparse as sp

from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import counts_from_tokens


def passage_counts(corpus: Corpus, length: int, *, max_tokens: int = 20_000_000) -> sp.csr_matrix:
    """Word counts of the passages of a corpus with word order.

    Every document is cut into equally long passages of at most `length` words; shorter documents stay whole.

    Parameters
    ----------
    corpus : Corpus
        Documents whose word order is known.
    length : int
        Words a passage, at most.
    max_tokens : int
        Of a larger corpus, evenly spaced documents of about so many words in all are read.

    Returns
    -------
    csr_matrix, (n_passages, n_words)

    Raises
    ------
    InputError
        If only counts of the documents are known.
    """
    corpus.require_order("Cutting documents into passages")
    if corpus.n_tokens > max_tokens:
        corpus = corpus[np.arange(0, corpus.n_docs, -(-corpus.n_tokens // max_tokens))]
    tokens, offsets = corpus.tokens, corpus.offsets
    assert tokens is not None and offsets is not None
    sizes = np.diff(offsets)
    pieces = np.maximum(-(-sizes // length), 1)
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(offsets[:-1], pieces) + np.repeat(sizes, pieces) * piece // np.repeat(pieces, pieces)
    return counts_from_tokens(tokens, np.append(starts, offsets[-1]), corpus.n_words)
