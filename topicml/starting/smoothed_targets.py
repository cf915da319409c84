"""Targets without a language model: words of documents that are smoothed over similar documents."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from topicml.checks import require
from topicml.corpus.corpus import Corpus
from topicml.corpus.counts import checked_weights
from topicml.corpus.neighbours import nearest
from topicml.starting.mean_vectors import beside_words, document_vectors, unit_rows


def similar_document_targets(
    documents: Corpus | sp.csr_matrix, *, share: float = 0.5, n_similar: int = 15, seed: int = 0
) -> sp.csr_matrix:
    """Smooth the words of documents over similar documents, for `Corpus.with_targets`.

    ``targets_d = (1 - share) counts_d + share n_d mean_e(counts_e / n_e)``, where e are the `n_similar` nearest other
    documents, and n_d is the number of words of document d. A short text gets words that it could have had.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        A matrix contains word counts. Documents are near each other by the vectors of their words
        (`topicml.starting.document_vectors`), beside the embeddings of the corpus if it has some.
    share : float
        Share of the targets that comes from similar documents, in [0, 1].
    n_similar : int
        Number of similar documents.
    seed : int
        Seed of learned vectors.

    Returns
    -------
    csr_matrix, float32, (n_docs, n_words)
        A document without words, or without a vector, has its counts.

    Raises
    ------
    InputError
        If an argument is out of range, or `documents` is neither a corpus nor a matrix of finite, non-negative numbers.

    Examples
    --------
    >>> import topicml
    >>> from topicml.starting import similar_document_targets
    >>> corpus = topicml.Corpus.read("lee")
    >>> targets = similar_document_targets(corpus)
    >>> model = topicml.ProdLDA(10, reconstruct="targets", random_state=0, max_epochs=5)
    >>> model = model.fit(corpus.with_targets(targets, outside_knowledge=False))
    """
    require(0 <= share <= 1, "share", share, "a share, in [0, 1]")
    is_number = isinstance(n_similar, int | np.integer) and not isinstance(n_similar, bool)
    require(is_number and n_similar >= 1, "n_similar", n_similar, "a whole number, at least 1")
    given = documents.embeddings if isinstance(documents, Corpus) else None
    counts = (documents.counts if isinstance(documents, Corpus) else checked_weights(documents)).astype(np.float32)
    vectors = document_vectors(counts, seed=seed)[:]
    if given is not None:
        embeddings = np.array(given[:])  # those of a file cannot be changed
        known = embeddings.any(axis=1)
        embeddings[known] = unit_rows(unit_rows(embeddings[known]) - unit_rows(embeddings[known]).mean(axis=0))
        vectors = beside_words(embeddings, vectors)
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    rows = np.flatnonzero(vectors.any(axis=1) & (lengths > 0))
    if len(rows) < 2:
        return counts
    near = rows[nearest(vectors[rows], min(n_similar, len(rows) - 1))]  # (n_rows, n_similar)
    weights = np.full(near.shape, share / near.shape[1], dtype=np.float32) * lengths[rows][:, None] / lengths[near]
    ends = np.zeros(len(lengths) + 1, dtype=np.int64)
    ends[rows + 1] = near.shape[1]
    similar = sp.csr_matrix((weights.ravel(), near.ravel(), ends.cumsum()), shape=(len(lengths), len(lengths)))
    kept = np.ones(len(lengths), dtype=np.float32)
    kept[rows] = 1 - share
    targets = sp.csr_matrix(sp.diags(kept, dtype=np.float32) @ counts + similar @ counts, dtype=np.float32)
    targets.eliminate_zeros()
    targets.sort_indices()
    return targets
