"""Whether topics group documents as known labels do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.labels import numbered_labels
from topicml.metrics.leading import leading_topics
from topicml.metrics.result import Score


@dataclass(frozen=True)
class Clustering:
    """Agreement of topics with labels; each number is a `Score`.

    Attributes
    ----------
    purity : Score
        Share of documents whose label is the most frequent one of their topic. ``per_topic``: of each topic's
        documents; NaN for a topic that is no document's largest.
    nmi : Score
        Normalised mutual information (arithmetic mean), from 0 to 1.
    ari : Score
        Adjusted Rand index: 0 by chance, 1 for the same grouping.
    ami : Score
        Mutual information adjusted for chance (arithmetic mean): 0 by chance, 1 for the same grouping.
    protocol : dict
        Documents that count, documents without a label, topics used, version.
    """

    purity: Score
    nmi: Score
    ari: Score
    ami: Score
    protocol: dict[str, Any]

    def score(self, measure: str) -> Score:
        """One of purity, nmi, ari and ami."""
        found: Score = getattr(self, measure)
        return found

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {name: getattr(self, name).mean for name in ("purity", "nmi", "ari", "ami")} | self.protocol


def clustering(theta: Any, labels: Any) -> Clustering:
    """Compare each document's largest topic with its label.

    Parameters
    ----------
    theta : array, (n_docs, n_topics) or (n_docs,), or mapping
        Topic proportions, or each document's topic; OCTIS's model output is taken, too.
    labels : sequence of n_docs labels
        Anything hashable; documents whose label is None, NaN or "" are left out, and counted in `protocol`.

    Raises
    ------
    InputError
        If the lengths differ, or fewer than two documents or labels are left.

    References
    ----------
    Manning, Raghavan & Schuetze 2008, section 16.3 (purity, NMI); Hubert & Arabie 1985 (ARI); Vinh et al. 2010 (AMI).
    """
    theta = document_weights(theta) if isinstance(theta, Mapping) else np.asarray(theta)
    if theta.ndim not in (1, 2) or not np.issubdtype(theta.dtype, np.number) or np.isnan(theta).any():
        raise InputError("theta must be numbers without NaN: (n_docs, n_topics), or (n_docs,) of topics.")
    topics = leading_topics(theta) if theta.ndim == 2 else theta
    present, truth, names = numbered_labels(labels, len(topics))
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    used, found = np.unique(topics[present], return_inverse=True)
    table = contingency_matrix(truth, found)
    protocol = {
        "documents": int(present.sum()),
        "unlabelled": int((~present).sum()),
        "labels": len(names),
        "topics_used": table.shape[1],
        "version": __version__,
    }
    largest = table.max(axis=0)
    pure = largest / table.sum(axis=0)
    if theta.ndim == 2:  # topics have numbers, and some may have no document
        of_used, pure = pure, np.full(theta.shape[1], np.nan)
        pure[used] = of_used
    return Clustering(
        purity=Score("purity", float(largest.sum() / table.sum()), pure, protocol),
        nmi=Score("nmi", float(normalized_mutual_info_score(truth, found)), None, protocol),
        ari=Score("ari", float(adjusted_rand_score(truth, found)), None, protocol),
        ami=Score("ami", float(adjusted_mutual_info_score(truth, found)), None, protocol),
        protocol=protocol,
    )
