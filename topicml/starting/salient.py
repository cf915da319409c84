"""Starting topics of what documents have, and their background has not."""

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.starting.against import Against
from topicml.starting.passages import passage_counts
from topicml.starting.seeds import Seeds
from topicml.starting.spectral import spectral_topics
from topicml.starting.start import DEFAULT_START, Start
from topicml.starting.topics import starting_topics

_LEAST = 1e-3  # share of a word that the background explains: what is left where it explains all words


def topics_against(
    documents: Documents,
    n_topics: int,
    n_salient: int,
    against: Against,
    start: Start = DEFAULT_START,
    *,
    seed: int,
    seeds: Seeds | None = None,
) -> np.ndarray:
    """Estimate common topics from the background, and salient topics from what it does not explain in the others.

    The salient topics are a factorisation of the graph of words that occur together in the documents that are not of
    the background. A word has the weight of its share that the background does not explain (`unexplained_share`).

    Parameters
    ----------
    documents : Documents
        With the field of `against`.
    n_topics : int
        Number of topics, K.
    n_salient : int
        How many of them are salient: the last ones.
    against : Against
        The documents of the background.
    start : Start
        The method, "npmi" or "nmf", and its options.
    seed : int
        Seed of every random choice.
    seeds : Seeds, optional
        Words of the first topics.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
        Centred log-weights.
    """
    background = against.background(documents.corpus)
    parts = [documents.with_rows(rows) for rows in (np.flatnonzero(background), np.flatnonzero(~background))]
    common = starting_topics(parts[0], n_topics - n_salient, start, seed=seed, seeds=seeds)
    corpus = parts[1].corpus
    is_cut = start.method == "npmi" and corpus is not None and corpus.has_order
    counts = passage_counts(corpus, start) if is_cut and corpus is not None else parts[1].counts
    share = unexplained_share(parts[1].counts, parts[0].counts)
    return np.concatenate([common, spectral_topics(counts, n_salient, start, seed=seed, share=share)])


def unexplained_share(counts: csr_matrix, background: csr_matrix) -> np.ndarray:
    """Estimate the share of the documents with each word that the background does not explain.

    ``max(0, n - e - 2 sqrt(e + 1)) / n``, where n is the number of documents that have the word, and e the number
    expected from the background, with half a document added: so two standard errors of chance count as explained.

    Parameters
    ----------
    counts, background : csr_matrix, (n_docs, n_words)
        Word counts.

    Returns
    -------
    ndarray, (n_words,)
        In [0.001, 1).
    """
    found, before = (np.bincount(each.indices, minlength=each.shape[1]) for each in (counts, background))
    expected = (before + 0.5) / (background.shape[0] + 1) * counts.shape[0]
    excess = found - expected - 2 * np.sqrt(expected + 1)
    share: np.ndarray = np.clip(excess / np.maximum(found, 1), _LEAST, 1)
    return share
