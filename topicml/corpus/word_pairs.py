"""How often two words occur together: in the same documents, or within a window of tokens."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from topicml.corpus.corpus import Corpus


def presence(counts: sp.csr_matrix, words: np.ndarray | None = None) -> sp.csr_matrix:
    """Which documents contain which words.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts without stored zeros.
    words : ndarray of int, optional
        The columns to return; all by default.

    Returns
    -------
    csr_matrix, (n_docs, n_selected_words)
        1 where a document contains a word. float32, or float64 if there are so many documents that float32 could not
        count them exactly.
    """
    kind = np.float32 if counts.shape[0] < 2**24 else np.float64
    present = sp.csr_matrix((np.ones(counts.nnz, kind), counts.indices, counts.indptr), shape=counts.shape)
    return present if words is None else present[:, words]


def document_pairs(
    words: sp.csr_matrix, contexts: sp.csr_matrix, *, block: int = 200, upper: bool = False
) -> Iterator[sp.csr_matrix]:
    """Count the documents that contain a word and a context word, in blocks of words.

    Parameters
    ----------
    words : csr_matrix, (n_docs, n_words)
        As `presence` returns it.
    contexts : csr_matrix, (n_docs, n_contexts)
        As `presence` returns it; or complex, to sum a weight of the documents by the same product: 1 as the real part,
        the document's weight as the imaginary part.
    block : int
        Words in a block; bounds the memory.
    upper : bool
        If `words` and `contexts` have the same columns, leave out the part that symmetry gives: a block then begins
        with the context of its first word.

    Yields
    ------
    csr_matrix, (block, n_contexts), or (block, n_contexts - first word of the block) with `upper`
    """
    by_word = words.T.tocsr()
    for start in range(0, words.shape[1], block):
        yield by_word[start : start + block] @ (contexts[:, start:] if upper else contexts)


def shared_documents(counts: sp.csr_matrix, words: np.ndarray) -> np.ndarray:
    """Count the documents that contain each two of a few words.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts without stored zeros.
    words : ndarray of int, (n,)
        Columns of `counts`.

    Returns
    -------
    ndarray, float64, (n, n)
        Symmetric; the diagonal counts the documents that contain the word.
    """
    present = presence(counts, words)
    shared = np.zeros((len(words), len(words)))
    start = 0
    for pairs in document_pairs(present, present):
        shared[start : start + pairs.shape[0]] = pairs.toarray()
        start += pairs.shape[0]
    return shared


def window_pairs(corpus: Corpus, contexts: np.ndarray, window: int, *, chunk: int = 2_000_000) -> sp.csr_matrix:
    """Count the pairs of different tokens that are at most `window` apart in a document.

    Parameters
    ----------
    corpus : Corpus
        Documents with word order.
    contexts : ndarray of int, (n_contexts,)
        Ids of the context words.
    window : int
        Largest distance, in tokens.
    chunk : int
        Tokens read at a time; bounds the memory.

    Returns
    -------
    csr_matrix, float32, (n_words, n_contexts)

    Raises
    ------
    InputError
        If the corpus has no word order.
    """
    corpus.require_order("window")
    tokens, offsets = corpus.tokens, corpus.offsets
    assert tokens is not None and offsets is not None
    column = np.full(corpus.n_words, -1)
    column[contexts] = np.arange(len(contexts))
    pairs = sp.csr_matrix((corpus.n_words, len(contexts)), dtype=np.float32)
    for begin in range(0, len(tokens), chunk):
        # A pair belongs to the chunk of its first token.
        ids = np.asarray(tokens[begin : begin + chunk + window], dtype=np.int64)
        document = np.searchsorted(offsets, begin + np.arange(len(ids)), side="right")
        for distance in range(1, min(window, len(ids) - 1) + 1):
            same_document = document[distance:] == document[:-distance]
            same_document[chunk:] = False
            left, right = ids[:-distance][same_document], ids[distance:][same_document]
            words, others = np.concatenate([left, right]), column[np.concatenate([right, left])]
            is_valid = (others >= 0) & (contexts[others] != words)
            ones = np.ones(is_valid.sum(), dtype=np.float32)
            pairs = pairs + sp.csr_matrix((ones, (words[is_valid], others[is_valid])), shape=pairs.shape)
    return pairs
