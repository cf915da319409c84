"""Positive pointwise mutual information: how much more often words occur together than by chance."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import csr, index_dtype
from topicml.corpus.tokens import offsets_of
from topicml.corpus.word_pairs import document_pairs, presence, window_pairs
from topicml.errors import InputError
from topicml.starting.vector_start import DEFAULT_VECTORS, VectorStart


def positive_pmi(
    documents: Corpus | sp.csr_matrix, *, window: int | None = None, start: VectorStart = DEFAULT_VECTORS
) -> sp.csr_matrix:
    """Positive pointwise mutual information of words and context words.

    ``max(0, log(c_ij / (c_i p_j)) - shift)``, where c_ij counts how often word i and context word j occur together,
    ``c_i = sum_j c_ij`` and ``p_j = c_j ** smoothing / sum_j' c_j' ** smoothing``. A word is not its own context.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        A matrix contains word counts.
    window : int, optional
        By default c_ij is the number of documents that contain both words. With a window it is the number of pairs of
        tokens at most `window` apart in a document.
    start : VectorStart
        Its `shift`, `smoothing`, `min_count`, `max_contexts`, `max_pairs`, `block` and `chunk`. Pairs below `min_count`
        are left out of the result, but count in c_i and c_j.

    Returns
    -------
    csr_matrix, float32, (n_words, n_contexts)
        Contexts in vocabulary order.

    Raises
    ------
    InputError
        If `window` is below 1, or a window is given for documents without word order.
    """
    if window is not None and window < 1:
        raise InputError(f"window must be at least 1; received {window!r}.")
    counts = documents.counts if isinstance(documents, Corpus) else sp.csr_matrix(documents)
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])  # documents that contain the word
    contexts = np.sort(np.argsort(-frequency, kind="stable")[: start.max_contexts])
    if window is None:
        pairs = _by_document(counts, contexts, start)
    elif isinstance(documents, Corpus):
        pairs = _by_window(documents, contexts, window, start)
    else:
        raise InputError("window needs word order, which a matrix of counts does not have. Pass a Corpus of texts.")
    return _positive_pmi(pairs, contexts, start)


@dataclass
class _Pairs:
    """Co-occurrences of words and contexts in blocks of words, and their sums."""

    by_word: np.ndarray  # (n_words,)
    by_context: np.ndarray  # (n_contexts,)
    blocks: Iterator[sp.csr_matrix]


def _by_document(counts: sp.csr_matrix, contexts: np.ndarray, start: VectorStart) -> _Pairs:
    sizes = np.diff(counts.indptr).astype(np.float64)
    step = max(1, int(np.ceil((sizes**2).sum() / start.max_pairs)))
    if step > 1:
        counts = counts[::step]
    words = presence(counts)
    among = words[:, contexts]
    itself = np.zeros(words.shape[1], dtype=np.float64)  # pairs of a context word with itself, which do not count
    itself[contexts] = np.asarray(among.sum(axis=0)).ravel()
    by_word = words.T @ np.diff(among.indptr).astype(np.float64) - itself
    by_context = among.T @ np.diff(words.indptr).astype(np.float64) - itself[contexts]
    return _Pairs(by_word, by_context, document_pairs(words, among, block=start.block))


def _by_window(corpus: Corpus, contexts: np.ndarray, window: int, start: VectorStart) -> _Pairs:
    corpus.require_order("window")
    sample = corpus[:: max(1, int(np.ceil(corpus.n_tokens * window / start.max_pairs)))]
    pairs = window_pairs(sample, contexts, window, chunk=start.chunk)
    by_word = np.asarray(pairs.sum(axis=1, dtype=np.float64)).ravel()
    by_context = np.asarray(pairs.sum(axis=0, dtype=np.float64)).ravel()
    firsts = range(0, pairs.shape[0], start.block)
    return _Pairs(by_word, by_context, (pairs[first : first + start.block] for first in firsts))


def _positive_pmi(pairs: _Pairs, contexts: np.ndarray, start: VectorStart) -> sp.csr_matrix:
    smoothed = pairs.by_context**start.smoothing
    with np.errstate(divide="ignore", invalid="ignore"):  # words and contexts without pairs, which no entry reads
        log_word = np.log(pairs.by_word)
        log_context = np.log(smoothed) - np.log(smoothed.sum())
    # They grow in place: lists of parts would be joined in a second copy.
    columns, values, lengths, first = array("i"), array("f"), [], 0
    for block in pairs.blocks:
        entries = block.tocoo()
        is_valid = (entries.data >= start.min_count) & (contexts[entries.col] != entries.row + first)
        i, j = entries.row[is_valid], entries.col[is_valid]
        value = np.log(entries.data[is_valid].astype(np.float64)) - log_word[first + i] - log_context[j] - start.shift
        positive = value > 0
        part = sp.csr_matrix((value[positive].astype(np.float32), (i[positive], j[positive])), shape=block.shape)
        columns.frombytes(part.indices.astype(np.int32, copy=False).tobytes())
        values.frombytes(part.data.tobytes())
        lengths.append(np.diff(part.indptr))
        first += block.shape[0]
    kind = index_dtype(len(columns))
    indptr = offsets_of(np.concatenate(lengths)).astype(kind, copy=False)
    indices = np.frombuffer(columns, np.int32).astype(kind, copy=False)
    return csr(np.frombuffer(values, np.float32), indices, indptr, (first, len(contexts)))
