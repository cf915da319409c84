"""gensim's LDA (online variational Bayes): 20 passes, its default priors."""

from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from gensim.models import LdaModel

PASSES = 20
TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    passes: int = PASSES,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), beta and transform; order is not used."""
    model = LdaModel(bags(counts), n_topics, id2word=dict(enumerate(vocabulary)), passes=passes, random_state=seed)

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        gamma, _ = model.inference(bags(counts))
        return gamma / gamma.sum(axis=1, keepdims=True)

    topics = [[vocabulary[i] for i, _ in model.get_topic_terms(k, topn=TOP_WORDS)] for k in range(n_topics)]
    return {
        "topics": topics,
        "theta": transform(counts, documents),
        "beta": model.get_topics(),
        "transform": transform,
    }


def bags(counts: sp.csr_matrix) -> list[list[tuple[int, float]]]:
    """The documents as gensim takes them: pairs of column and count."""
    spans = [slice(begin, end) for begin, end in pairwise(counts.indptr)]
    return [list(zip(counts.indices[span].tolist(), counts.data[span].tolist(), strict=True)) for span in spans]
