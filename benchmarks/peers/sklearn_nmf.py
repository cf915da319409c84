"""scikit-learn's NMF of the tf-idf matrix, started from NNDSVD."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

from peers.documents import proportions

TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), and transform; word order is not used.

    theta is NMF's weights, scaled to sum to 1; a document without any weight gets the uniform distribution. There is no
    beta: NMF of tf-idf has no likelihood of words.
    """
    tfidf = TfidfTransformer()
    model = NMF(n_components=n_topics, init="nndsvd", random_state=seed)
    theta = proportions(model.fit_transform(tfidf.fit_transform(counts)))
    top = np.argsort(-model.components_, axis=1, kind="stable")[:, :TOP_WORDS]

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        return proportions(model.transform(tfidf.transform(counts)))

    return {"topics": [[vocabulary[i] for i in row] for row in top], "theta": theta, "transform": transform}
