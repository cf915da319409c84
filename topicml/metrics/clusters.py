"""Agreement of topics with the labels of documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from topicml import __version__
from topicml.corpus.mapped import release
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.labels import check_number_of_labels, numbered_labels
from topicml.metrics.leading import leading_topics, rows_with_words
from topicml.metrics.result import Score

NO_TOPIC = -1
"""The topic of a document that has none, in a list of the topics of documents."""

_CHUNK = 65_536  # documents at a time


@dataclass(frozen=True)
class Clustering:
    """Agreement of topics with labels; each number is a `Score`.

    Attributes
    ----------
    purity : Score
        Share of documents whose label is the most frequent label of their topic. ``per_topic``: the share among each
        topic's documents; NaN for a topic that leads no document.
    nmi : Score
        Normalised mutual information (arithmetic mean), from 0 to 1.
    ari : Score
        Adjusted Rand index: 0 by chance, 1 if topics and labels group documents in the same way.
    ami : Score
        Mutual information adjusted for chance (arithmetic mean): 0 by chance, 1 if topics and labels group documents
        in the same way.
    protocol : dict
        Number of documents with and without a label, and without a topic; of labels and of topics in use; version.
    """

    purity: Score
    nmi: Score
    ari: Score
    ami: Score
    protocol: dict[str, Any]

    def score(self, measure: str) -> Score:
        """Return the score with this name: purity, nmi, ari or ami."""
        score: Score = getattr(self, measure)
        return score

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dict of all means and the protocol."""
        return {name: getattr(self, name).mean for name in ("purity", "nmi", "ari", "ami")} | self.protocol


def clustering(theta: Any, labels: Any, *, has_words: Any = None) -> Clustering:
    """Compare the leading topic of each document with its label.

    Parameters
    ----------
    theta : array, (n_docs, n_topics) or (n_docs,), or mapping
        Topic proportions, or the topic of each document, or OCTIS's model output. Documents with topic -1 have no topic
        and are left out.
    labels : sequence of n_docs labels
        Labels of any hashable type. Documents whose label is None, NaN or "" are left out and counted in `protocol`.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows. The others have no topic, whatever their theta, and are left out.

    Returns
    -------
    result : Clustering
        Purity, NMI, ARI and AMI.

    Raises
    ------
    InputError
        If the lengths differ, theta contains NaN, or fewer than two labelled documents or two labels remain.

    References
    ----------
    Manning, Raghavan & Schuetze 2008, section 16.3 (purity, NMI); Hubert & Arabie 1985 (ARI); Vinh et al. 2010 (AMI).
    """
    theta = document_weights(theta) if isinstance(theta, Mapping) else np.asarray(theta)
    if theta.ndim not in (1, 2) or not np.issubdtype(theta.dtype, np.number) or _has_nan(theta):
        raise InputError("theta must be numbers without NaN: proportions (n_docs, n_topics), or topic ids (n_docs,).")
    topics = leading_topics(theta) if theta.ndim == 2 else theta
    with_topic = rows_with_words(has_words, len(topics))
    if theta.ndim == 1:
        with_topic = with_topic & (topics != NO_TOPIC)
    labels = labels if isinstance(labels, np.ndarray) else list(labels)  # a list of numbers takes five times as much
    check_number_of_labels(labels, len(topics))
    labels = labels[with_topic] if isinstance(labels, np.ndarray) else list(compress(labels, with_topic))
    present, truth, names = numbered_labels(labels, len(labels))
    del labels  # memory that the comparison can have
    topics = topics[with_topic][present]
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    used = np.unique(topics)
    clusters = np.searchsorted(used, topics)  # np.unique takes twice the memory for these
    table = contingency_matrix(truth, clusters)
    protocol = {
        "documents": int(present.sum()),
        "unlabelled": int((~present).sum()),
        "without_topic": int((~with_topic).sum()),
        "labels": len(names),
        "topics_used": table.shape[1],
        "version": __version__,
    }
    largest = table.max(axis=0)
    per_topic = largest / table.sum(axis=0)
    if theta.ndim == 2:  # one value per column of theta, also for topics that lead no document
        of_used, per_topic = per_topic, np.full(theta.shape[1], np.nan)
        per_topic[used] = of_used
    return Clustering(
        purity=Score("purity", float(largest.sum() / table.sum()), per_topic, protocol),
        nmi=Score("nmi", float(normalized_mutual_info_score(truth, clusters)), None, protocol),
        ari=Score("ari", float(adjusted_rand_score(truth, clusters)), None, protocol),
        ami=Score("ami", float(adjusted_mutual_info_score(truth, clusters)), None, protocol),
        protocol=protocol,
    )


def _has_nan(theta: np.ndarray) -> bool:
    """Whether a value is NaN; in blocks, as theta may be in a file."""
    for begin in range(0, len(theta), _CHUNK):
        if np.isnan(theta[begin : begin + _CHUNK]).any():
            return True
        release(theta)
    return False
