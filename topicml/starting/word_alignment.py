"""Learn which words translate each other, from documents and their translations."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.sparse import bmat, csr_matrix, hstack

from topicml.starting.dictionary import block_of, shares_in_blocks


def learned_dictionary(
    counts: csr_matrix,
    links: csr_matrix,
    blocks: Sequence[slice],
    *,
    words: int = 3,
    min_count: int = 2,
    least: float = 0.05,
    iterations: int = 8,
    max_pairs: float = 1e7,
) -> csr_matrix:
    """Learn which words translate each other from documents and their translations.

    The score of words i and j of two languages is ``sqrt(p(j | i) p(i | j))``, with `translation_probabilities` in both
    directions. A word keeps the `words` best words of each other language, as far as these have at least half of the
    largest score.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    links : csr_matrix, (n_docs, n_docs)
        Positive for the translations of a document (`topicml.starting.translations`).
    blocks : sequence of slice
        The words of each language.
    words : int
        Words to keep.
    min_count : int
        Pairs of a document and a translation that must have both words.
    least : float
        Smallest score.
    iterations : int
        Steps of `translation_probabilities`.
    max_pairs : float
        Approximate number of pairs of words of documents and translations in two languages; more documents are sampled
        evenly.

    Returns
    -------
    csr_matrix, float32, (n_words, n_words)
        As `Dictionary.matrix`.

    References
    ----------
    Liang, Taskar & Klein, Alignment by agreement, NAACL 2006 (the product of both directions).
    """
    scores: list[list[csr_matrix | None]] = [[None] * len(blocks) for _ in blocks]
    for one, other in combinations(range(len(blocks)), 2):
        sources, targets = _pairs_of_documents(counts, links, blocks[one], blocks[other], max_pairs)
        forth = translation_probabilities(sources, targets, iterations)
        back = translation_probabilities(targets, sources, iterations)
        score = forth.multiply(back.T).sqrt()
        score = score.multiply(score >= least).multiply(sources.T @ targets >= min_count)
        scores[one][other], scores[other][one] = csr_matrix(score), csr_matrix(score.T)
    found = _strongest(csr_matrix(bmat(scores)), blocks, words)
    return shares_in_blocks(found, blocks)


def translation_probabilities(sources: csr_matrix, targets: csr_matrix, iterations: int = 8) -> csr_matrix:
    """Estimate how likely a word is translated by each word of another language.

    IBM model 1: each word j of a document's translation comes from one of its words i, or from none, all equally
    likely, with probability p(j | i). Estimated by expectation and maximisation from equal probabilities.

    Parameters
    ----------
    sources : csr_matrix of ones, (n_docs, n_words)
        The words of documents.
    targets : csr_matrix of ones, (n_docs, n_other_words)
        The words of their translations.
    iterations : int
        Number of steps.

    Returns
    -------
    csr_matrix, float64, (n_words, n_other_words)
        p(j | i). Rows sum to 1, except those of words in no document.

    References
    ----------
    Brown, Della Pietra, Della Pietra & Mercer, The mathematics of statistical machine translation: parameter
    estimation, Computational Linguistics 1993 (section 4.1).
    """
    n_docs, n_words = sources.shape
    none = csr_matrix(np.ones((n_docs, 1), dtype=np.float32))
    sources = csr_matrix(hstack([sources, none]))
    document = np.repeat(np.arange(n_docs), np.diff(sources.indptr))
    sizes = np.diff(targets.indptr)[document]  # of each word of a document: the words that may come from it
    starts = targets.indptr[document] - np.concatenate([[0], np.cumsum(sizes)[:-1]])
    target = np.repeat(starts, sizes) + np.arange(sizes.sum())
    keys = np.repeat(sources.indices.astype(np.int64), sizes) * targets.shape[1] + targets.indices[target]
    keys, pair = np.unique(keys, return_inverse=True)
    source = keys // targets.shape[1]
    probability = np.ones(len(keys))
    for _ in range(iterations):
        share = probability[pair]
        share /= np.bincount(target, share, minlength=targets.nnz)[target]
        expected = np.bincount(pair, share, minlength=len(keys))
        probability = expected / np.bincount(source, expected, minlength=n_words + 1)[source]
    is_word = source < n_words
    places = (source[is_word], keys[is_word] % targets.shape[1])
    return csr_matrix((probability[is_word], places), shape=(n_words, targets.shape[1]))


def _pairs_of_documents(
    counts: csr_matrix, links: csr_matrix, one: slice, other: slice, max_pairs: float
) -> tuple[csr_matrix, csr_matrix]:
    """The words of documents in one language, and those of their translations to the other, as ones."""
    linked = np.flatnonzero(np.diff(links.indptr))
    sources, targets = counts[linked][:, one], (links[linked] @ counts)[:, other]
    sizes = np.diff(sources.indptr).astype(np.float64) * np.diff(targets.indptr)
    rows = np.flatnonzero(sizes)
    rows = rows[:: max(1, int(np.ceil(sizes.sum() / max_pairs)))]
    return _presence(sources[rows]), _presence(targets[rows])


def _strongest(scores: csr_matrix, blocks: Sequence[slice], words: int) -> csr_matrix:
    """Keep the largest values of each row in each block of columns, as far as they are half of the largest."""
    entries = scores.tocoo()
    i, j, value = (each[entries.data > 0] for each in (entries.row, entries.col, entries.data))
    group = i.astype(np.int64) * len(blocks) + block_of(j, blocks)
    order = np.lexsort((j, -value, group))
    group, i, j, value = group[order], i[order], j[order], value[order]
    is_first = np.concatenate([[True], group[1:] != group[:-1]]) if len(group) else np.zeros(0, dtype=bool)
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
    keep = (np.arange(len(group)) - first < words) & (value >= value[first] / 2)
    return csr_matrix((value[keep], (i[keep], j[keep])), shape=scores.shape)


def _presence(counts: csr_matrix) -> csr_matrix:
    return csr_matrix((np.ones(counts.nnz, dtype=np.float32), counts.indices, counts.indptr), shape=counts.shape)
