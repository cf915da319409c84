"""scikit-learn's NMF of the tf-idf matrix, started from NNDSVD."""

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
) -> tuple[list[list[str]], np.ndarray]:
    """Return the 25 words of each topic, and theta of shape (n_docs, n_topics); word order is not used.

    theta is NMF's weights, scaled to sum to 1; a document without any weight gets the uniform distribution.
    """
    model = NMF(n_components=n_topics, init="nndsvd", random_state=seed)
    weights = model.fit_transform(TfidfTransformer().fit_transform(counts)).astype(np.float64)
    sums = weights.sum(axis=1, keepdims=True)
    theta = np.where(sums > 0, weights / np.where(sums > 0, sums, 1), 1 / n_topics)
    top = np.argsort(-model.components_, axis=1, kind="stable")[:, :TOP_WORDS]
    return [[vocabulary[i] for i in row] for row in top], theta
