"""Whether topics group documents as known labels do."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError


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
    """

    purity: float
    nmi: float
    ari: float
    protocol: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {"purity": self.purity, "nmi": self.nmi, "ari": self.ari, **self.protocol}


def clustering(theta: Any, labels: Any) -> Clustering:
    """Compare each document's largest topic with its label.

    Parameters
    ----------
    theta : array, (n_docs, n_topics) or (n_docs,)
        Topic proportions, or each document's topic.
    labels : sequence of n_docs labels
        Anything hashable; documents whose label is None, NaN or "" are left out, and counted in `protocol`.

    Raises
    ------
    InputError
        If the lengths differ, or fewer than two documents or labels are left.
    """
    theta = np.asarray(theta)
    if theta.ndim not in (1, 2) or not np.issubdtype(theta.dtype, np.number) or np.isnan(theta).any():
        raise InputError("theta must be numbers without NaN: (n_docs, n_topics), or (n_docs,) of topics.")
    topics = theta.argmax(axis=1) if theta.ndim == 2 else theta
    values = list(labels)
    if len(topics) != len(values):
        raise InputError(f"There are {len(topics)} documents in theta and {len(values)} labels.")
    present = np.array([not _missing(value) for value in values], dtype=bool)
    if present.sum() < 2:
        raise InputError(f"Only {present.sum()} of {len(values)} documents have a label.")
    names: dict[Any, int] = {}
    truth = np.array([names.setdefault(value, len(names)) for value in values if not _missing(value)])
    if len(names) < 2:
        raise InputError(f"All labels are {next(iter(names))!r}; agreement needs at least two different ones.")
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    found = topics[present]
    table = contingency_matrix(truth, found)
    protocol = {
        "documents": int(present.sum()),
        "unlabelled": int((~present).sum()),
        "labels": len(names),
        "topics_used": len(np.unique(found)),
        "version": __version__,
    }
    return Clustering(
        purity=float(table.max(axis=0).sum() / table.sum()),
        nmi=float(normalized_mutual_info_score(truth, found)),
        ari=float(adjusted_rand_score(truth, found)),
        protocol=protocol,
    )


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except TypeError:  # pandas' NA, which is neither
        return True
