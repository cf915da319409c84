"""Topics of boilerplate: their words come as a block, as those of a footer or a template do."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from topicml.metrics import Reference
from topicml.metrics.documents_led import led

# Chosen on nineteen fits of nine corpora, and judged on planted cases and other corpora: benchmarks/results/flags.md.
NEARLY_ALL, HALF = 0.8, 0.5  # of the first words
LEAST_DOCUMENTS = 5  # with nearly all of the first words
LEAST_SHARE = 0.25  # of the documents of a topic that have nearly all of its first words
LEAST_BLOCK = 0.8  # of the documents with half of the words, those that have nearly all of them
LEAST_CONSTANT = 0.7  # of the counts of the words in these documents, those that are the usual count of the word


def boilerplate_shares(
    topics: Sequence[Sequence[str]],
    reference: Reference,
    theta: np.ndarray,
    topn: int = 10,
    has_words: np.ndarray | None = None,
) -> np.ndarray:
    """The share of the documents of each topic that are copies of one block of words; 0 for topics without a block.

    The words of a subject come alone or a few at a time. The words of a footer come all together or not at all, and
    each as often as in the other copies. A topic has a block if

    - at least a quarter of the documents that it leads, and five, have nearly all (80 %) of its first words;
    - of all documents with half of these words, at least 80 % have nearly all of them;
    - in these documents, 70 % of the counts of the words are the usual one of the word. In a corpus with few words,
      long documents of a subject have all its words as well, but not equally often.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first.
    reference : Reference
        The documents.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of the documents.
    topn : int
        Number of first words per topic.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with words of the model; by default those with words.

    Returns
    -------
    ndarray, (n_topics,)
    """
    rows, corpus, leading, with_words = led(topics, reference, theta, topn, has_words)
    counts = corpus.corpus.counts
    leading = np.where(with_words, leading, -1)
    by_word = counts.tocsc()
    shares = np.zeros(len(rows))
    n_led = np.bincount(leading[leading >= 0], minlength=len(rows))
    for number, ids in enumerate(corpus.ids(rows)):
        ids = ids[ids >= 0]
        documents = np.concatenate([by_word.indices[by_word.indptr[i] : by_word.indptr[i + 1]] for i in ids] or [[]])
        with_any, n_words = np.unique(documents.astype(np.int64), return_counts=True)
        copies = with_any[n_words >= np.ceil(NEARLY_ALL * topn)]
        n_copies = int((leading[copies] == number).sum())
        if n_copies < LEAST_DOCUMENTS or n_copies < LEAST_SHARE * n_led[number]:
            continue
        n_half = int((n_words >= np.ceil(HALF * topn)).sum())
        if len(copies) >= LEAST_BLOCK * n_half and _constant(counts[copies][:, ids].tocsc()) >= LEAST_CONSTANT:
            shares[number] = n_copies / n_led[number]
    return shares


def _constant(block: sp.csc_matrix) -> float:
    """Share of the counts that are the most frequent one of their word."""
    usual = 0
    for start, end in zip(block.indptr[:-1], block.indptr[1:], strict=True):
        if end > start:
            usual += int(np.unique(block.data[start:end], return_counts=True)[1].max())
    return usual / max(block.nnz, 1)
