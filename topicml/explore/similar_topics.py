"""Groups of similar topics, to merge."""

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.preprocessing import normalize

from topicml.explore.base import BaseView


def similar_topics(view: BaseView, n_groups: int | None = None, *, min_similarity: float = 0.7) -> list[list[int]]:
    """Group the shown topics by the words that their documents use, as BERTopic does.

    A topic's vector is the c-TF-IDF of its words: of all documents, each word counts for a topic by the topic's
    proportion in the document. Not the topic's row of beta: its words are chosen so that topics differ, and topics that
    share documents can have no first word in common. The clustering is Ward's, which prefers groups of similar size:
    the proportions of merged topics add up, so with average linkage one group attracts most documents.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    n_groups : int, optional
        Number of groups, at least 1. By default a group's topics have a mean similarity of `min_similarity`.
    min_similarity : float
        Smallest mean cosine of the vectors of two groups that are joined, if `n_groups` is not given.

    Returns
    -------
    groups : list of list of int
        Every shown topic is in one group. Groups are in the order of their first topic.

    Raises
    ------
    InputError
        If the view has no documents.

    References
    ----------
    Grootendorst 2022, equation 1; Ward 1963.
    """
    view.require_documents("Finding similar topics")
    shown = np.array(view.shown)
    if len(shown) <= (n_groups or 1):
        return [[k] for k in shown.tolist()]
    vectors = _class_tfidf(view)[shown]
    if n_groups is not None:
        clusters = AgglomerativeClustering(n_groups, linkage="ward").fit_predict(vectors)
    else:
        distances = np.clip(1 - vectors @ vectors.T, 0, None)
        clusters = AgglomerativeClustering(
            None, distance_threshold=1 - min_similarity, metric="precomputed", linkage="average"
        ).fit_predict(distances)
    groups = [shown[clusters == cluster].tolist() for cluster in np.unique(clusters)]
    return sorted(groups)


def _class_tfidf(view: BaseView) -> np.ndarray:
    """The c-TF-IDF of each topic as a vector of length 1, (n_topics, n_words); 0 for a topic without any word."""
    used = np.asarray(view.counts.T @ view.theta, dtype=np.float64).T  # tokens of each word in each topic
    total = used.sum(axis=0)
    frequency = used / np.maximum(used.sum(axis=1, keepdims=True), 1e-300)
    weight = np.log1p(total.sum() / len(used) / np.maximum(total, 1e-300))
    vectors: np.ndarray = normalize(frequency * np.where(total > 0, weight, 0))
    return vectors
