"""Whether topics group documents as known labels do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.labels import numbered_labels
from topicml.metrics.result import Score


@dataclass(frozen=True)
class Clustering:
    """Agreement of topics with labels.

    Attributes
    ----------
    purity : float
        Share of documents whose label is the most frequent one of their topic.
    nmi : float
        Normalised mutual information (arithmetic mean), from 0 to 1.
    ari : float
        Adjusted Rand index: 0 by chance, 1 for the same grouping.
    protocol : dict
        Documents that count, documents without a label, topics used, version.
    ami : float
        Mutual information adjusted for chance (arithmetic mean): 0 by chance, 1 for the same grouping.
    """

    purity: float
    nmi: float
    ari: float
    protocol: dict[str, Any]
    ami: float = float("nan")

    def score(self, measure: str) -> Score:
        """One of purity, nmi, ari and ami with its protocol."""
        return Score(measure, getattr(self, measure), None, self.protocol)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {"purity": self.purity, "nmi": self.nmi, "ari": self.ari, "ami": self.ami, **self.protocol}


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
    topics = theta.argmax(axis=1) if theta.ndim == 2 else theta
    present, truth, names = numbered_labels(labels, len(topics))
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    found = np.unique(topics[present], return_inverse=True)[1]
    table = contingency_matrix(truth, found)
    protocol = {
        "documents": int(present.sum()),
        "unlabelled": int((~present).sum()),
        "labels": len(names),
        "topics_used": table.shape[1],
        "version": __version__,
    }
    return Clustering(
        purity=float(table.max(axis=0).sum() / table.sum()),
        nmi=float(normalized_mutual_info_score(truth, found)),
        ari=float(adjusted_rand_score(truth, found)),
        ami=float(adjusted_mutual_info_score(truth, found)),
        protocol=protocol,
    )
