"""gensim's LDA (online variational Bayes): 20 passes, its default priors."""

from itertools import pairwise

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
) -> tuple[list[list[str]], np.ndarray]:
    """Return the 25 words of each topic, and theta of shape (n_docs, n_topics); word order is not used."""
    spans = [slice(begin, end) for begin, end in pairwise(counts.indptr)]
    bags = [list(zip(counts.indices[span].tolist(), counts.data[span].tolist(), strict=True)) for span in spans]
    model = LdaModel(bags, n_topics, id2word=dict(enumerate(vocabulary)), passes=passes, random_state=seed)
    gamma, _ = model.inference(bags)
    topics = [[vocabulary[i] for i, _ in model.get_topic_terms(k, topn=TOP_WORDS)] for k in range(n_topics)]
    return topics, gamma / gamma.sum(axis=1, keepdims=True)
