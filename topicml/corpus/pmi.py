"""How much more often words occur together than chance would have it: positive pointwise mutual information."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus.corpus import Corpus
from topicml.errors import InputError


def positive_pmi(
    documents: Corpus | sp.csr_matrix,
    *,
    window: int | None = None,
    shift: float = 0.0,
    smoothing: float = 0.75,
    min_count: int = 1,
    max_contexts: int = 10_000,
    max_pairs: float = 4e8,
    block: int = 200,
) -> sp.csr_matrix:
    """Positive pointwise mutual information of words and context words.

    ``max(0, log(c_ij / (c_i p_j)) - shift)``, where c_ij counts how often word i and context word j occur together,
    ``c_i = sum_j c_ij`` and ``p_j = c_j ** smoothing / sum_j' c_j' ** smoothing``. A word is no context of itself.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        A matrix holds word counts.
    window : int, optional
        None: c_ij is the number of documents that hold both words. Else the number of pairs of tokens at most `window`
        apart in a document.
    shift : float
        log k corresponds to k negative samples in skip-gram.
    smoothing : float
        Below 1 rare context words count less.
    min_count : int
        Pairs that occur together less often are left out (the sums c_i and c_j hold them).
    max_contexts : int
        Only the most frequent words are contexts. With `block` it bounds memory: at most 8 bytes times the words times
        the contexts, and far less in practice, since rare words have few pairs.
    max_pairs : float
        Of a corpus with more pairs, evenly spaced documents with about so many are read: bounds time.
    block : int
        Words worked on at a time.

    Returns
    -------
    csr_matrix, float32, (n_words, n_contexts)
        Contexts in vocabulary order.

    Raises
    ------
    InputError
        If a number is out of range, or there is a window and the corpus has no word order.
    """
    for name, value in (("window", window), ("min_count", min_count), ("max_contexts", max_contexts)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1; received {value!r}.")
    if shift < 0 or not 0 < smoothing <= 1:
        raise InputError(f"shift must be 0 or more and smoothing in (0, 1]; received {shift!r} and {smoothing!r}.")
    counts = documents.counts if isinstance(documents, Corpus) else sp.csr_matrix(documents)
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])  # documents that hold the word
    contexts = np.sort(np.argsort(-frequency, kind="stable")[:max_contexts])
    if window is None:
        blocks = _by_document(counts, contexts, max_pairs, block)
    else:
        blocks = _by_window(documents, contexts, window, max_pairs, block)
    return _positive_pmi(blocks, contexts, shift, smoothing, min_count)


class _Blocks:
    """Co-occurrences of words and contexts, some words at a time, with their sums."""

    def __init__(self, by_word: np.ndarray, by_context: np.ndarray, blocks: Iterator[sp.csr_matrix]) -> None:
        self.by_word, self.by_context, self.blocks = by_word, by_context, blocks


def _by_document(counts: sp.csr_matrix, contexts: np.ndarray, max_pairs: float, block: int) -> _Blocks:
    sizes = np.diff(counts.indptr).astype(np.float64)
    step = max(1, int(np.ceil((sizes**2).sum() / max_pairs)))
    if step > 1:
        counts = counts[::step]
    present = sp.csr_matrix((np.ones(counts.nnz, np.float32), counts.indices, counts.indptr), shape=counts.shape)
    among = present[:, contexts]
    by_word = present.T.tocsr()
    itself = np.zeros(present.shape[1], dtype=np.float64)  # a context word's pairs with itself, which do not count
    itself[contexts] = np.asarray(among.sum(axis=0)).ravel()
    row_sums = by_word @ np.diff(among.indptr).astype(np.float64) - itself
    column_sums = among.T @ np.diff(present.indptr).astype(np.float64) - itself[contexts]
    starts = range(0, present.shape[1], block)
    return _Blocks(row_sums, column_sums, (by_word[start : start + block] @ among for start in starts))


def _by_window(documents: Any, contexts: np.ndarray, window: int, max_pairs: float, block: int) -> _Blocks:
    if not isinstance(documents, Corpus):
        raise InputError(
            "window needs the order of the words, and a matrix of counts has none. Give a Corpus of texts."
        )
    documents.require_order("window")
    corpus = documents[:: max(1, int(np.ceil(documents.n_tokens * window / max_pairs)))]
    tokens, offsets = corpus.tokens, corpus.offsets
    assert tokens is not None and offsets is not None
    column = np.full(corpus.n_words, -1)
    column[contexts] = np.arange(len(contexts))
    pairs = sp.csr_matrix((corpus.n_words, len(contexts)), dtype=np.float32)
    chunk = 2_000_000
    for begin in range(0, len(tokens), chunk):
        # A pair belongs to the chunk in which its first token stands.
        ids = np.asarray(tokens[begin : begin + chunk + window], dtype=np.int64)
        document = np.searchsorted(offsets, begin + np.arange(len(ids)), side="right")
        for distance in range(1, min(window, len(ids) - 1) + 1):
            together = document[distance:] == document[:-distance]
            together[chunk:] = False
            left, right = ids[:-distance][together], ids[distance:][together]
            words, others = np.concatenate([left, right]), column[np.concatenate([right, left])]
            kept = (others >= 0) & (contexts[others] != words)
            ones = np.ones(kept.sum(), dtype=np.float32)
            pairs = pairs + sp.csr_matrix((ones, (words[kept], others[kept])), shape=pairs.shape)
    row_sums = np.asarray(pairs.sum(axis=1, dtype=np.float64)).ravel()
    column_sums = np.asarray(pairs.sum(axis=0, dtype=np.float64)).ravel()
    return _Blocks(row_sums, column_sums, (pairs[start : start + block] for start in range(0, pairs.shape[0], block)))


def _positive_pmi(
    pairs: _Blocks, contexts: np.ndarray, shift: float, smoothing: float, min_count: int
) -> sp.csr_matrix:
    smoothed = pairs.by_context**smoothing
    with np.errstate(divide="ignore", invalid="ignore"):  # words and contexts without pairs, which no entry reads
        log_word = np.log(pairs.by_word)
        log_context = np.log(smoothed) - np.log(smoothed.sum())
    parts, start = [], 0
    for together in pairs.blocks:
        entries = together.tocoo()
        kept = (entries.data >= min_count) & (contexts[entries.col] != entries.row + start)
        i, j = entries.row[kept], entries.col[kept]
        value = np.log(entries.data[kept].astype(np.float64)) - log_word[start + i] - log_context[j] - shift
        positive = value > 0
        kept_values = value[positive].astype(np.float32)
        parts.append(sp.csr_matrix((kept_values, (i[positive], j[positive])), shape=together.shape))
        start += together.shape[0]
    return sp.vstack(parts, format="csr", dtype=np.float32)
