"""Passages: long documents cut into pieces, so that only nearby words occur together."""

import numpy as np
import scipy.sparse as sp

from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import counts_from_tokens
from topicml.starting.start import DEFAULT_START, Start


def passage_counts(corpus: Corpus, start: Start = DEFAULT_START) -> sp.csr_matrix:
    """Count the words of the passages of a corpus.

    Every document is cut into passages of equal length; short documents stay whole.

    Parameters
    ----------
    corpus : Corpus
        Documents with word order.
    start : Start
        `passage_length` is the largest number of tokens in a passage. If the corpus has more than `max_tokens` tokens,
        evenly spaced documents with about that many are read.

    Returns
    -------
    csr_matrix, int32, (n_passages, n_words)

    Raises
    ------
    InputError
        If the corpus has no word order.
    """
    corpus.require_order("Cutting documents into passages")
    if corpus.n_tokens > start.max_tokens:
        corpus = corpus[np.arange(0, corpus.n_docs, -(-corpus.n_tokens // start.max_tokens))]
    tokens, offsets = corpus.tokens, corpus.offsets
    assert tokens is not None and offsets is not None
    sizes = np.diff(offsets)
    pieces = np.maximum(-(-sizes // start.passage_length), 1)
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(offsets[:-1], pieces) + np.repeat(sizes, pieces) * piece // np.repeat(pieces, pieces)
    return counts_from_tokens(tokens, np.append(starts, offsets[-1]), corpus.n_words)
