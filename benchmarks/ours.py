"""topicml's models behind the same signature as the peers' adapters."""

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.models import ProdLDA

TOP_WORDS = 25


def prodlda(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
) -> tuple[list[list[str]], np.ndarray]:
    """Fit ProdLDA with its defaults; return the 25 words of each topic, and theta of shape (n_docs, n_topics)."""
    known = documents is not None
    corpus = Corpus.from_tokens(documents, vocabulary) if known else Corpus.from_counts(counts, vocabulary)
    model = ProdLDA(n_topics=n_topics, random_state=seed).fit(corpus)
    return model.topics(TOP_WORDS), model.transform(corpus)
