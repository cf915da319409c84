"""The topics that training starts from."""

import numpy as np

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.starting.clusters import DocumentClusters, document_clusters
from topicml.starting.passages import passage_counts
from topicml.starting.seeded import with_seeds_first
from topicml.starting.seeds import Seeds
from topicml.starting.spectral import random_topics, spectral_topics
from topicml.starting.start import DEFAULT_START, Start
from topicml.starting.topic_arrays import topic_weights


def starting_topics(
    documents: Documents,
    n_topics: int,
    start: Start = DEFAULT_START,
    *,
    seed: int,
    seeds: Seeds | None = None,
    clusters: DocumentClusters | None = None,
) -> np.ndarray:
    """Estimate the topics that training starts from.

    With `start.method` "npmi" and documents with word order, the estimate is made from passages.

    Parameters
    ----------
    documents : Documents
        Their counts, and their corpus for the word order.
    n_topics : int
        Number of topics, K.
    start : Start
        The method and its options.
    seed : int
        Seed of every random choice.
    seeds : Seeds, optional
        Words of the first topics, which then start from these and the words that occur with them. Topics that
        `start.method` gives as an array stay as they are.
    clusters : DocumentClusters, optional
        The clusters of the method "clusters", one per topic; by default they are computed.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
        Log-weights of the words; each row has mean 0 (but for random topics).

    Raises
    ------
    InputError
        If `start.method` is an array of another shape than (n_topics, n_words).
    """
    counts = documents.counts
    if not isinstance(start.method, str):
        return _log_weights(topic_weights(start.method), n_topics, counts.shape[1], start.floor)
    seeded = [] if seeds is None else seeds.ids(documents)
    if start.is_random:
        topics = random_topics(n_topics, counts.shape[1], start, np.random.default_rng(seed))
        return with_seeds_first(topics, seeded, floor=start.floor)
    if start.is_from_clusters:
        if seeded:
            raise InputError(
                "init='clusters' makes every topic from a cluster of documents, so seeds have no topic to start. With "
                "seeds, choose another init, such as npmi."
            )
        if clusters is None:
            clusters = document_clusters(documents, n_topics, seed=seed, word_weight=start.word_weight)
        weights = clusters.topic_weights(documents)
        return _log_weights(weights, n_topics, counts.shape[1], start.floor)
    corpus = documents.corpus
    if start.method == "npmi" and corpus is not None and corpus.has_order:
        counts = passage_counts(corpus, start)
    topics = spectral_topics(counts, n_topics, start, seed=seed, seeded=seeded)
    return with_seeds_first(topics, seeded, floor=start.floor)


def _log_weights(weights: np.ndarray, n_topics: int, n_words: int, floor: float) -> np.ndarray:
    """Centred log of the weights relative to their row's mean, with a floor as in a spectral start."""
    if weights.shape != (n_topics, n_words):
        raise InputError(
            f"The starting topics have shape {weights.shape}; {n_topics} topics of {n_words} words need "
            f"({n_topics}, {n_words}): a row for each topic, a column for each word in vocabulary order."
        )
    log = np.log(weights / weights.mean(axis=1, keepdims=True) + floor)
    return (log - log.mean(axis=1, keepdims=True)).astype(np.float32)
