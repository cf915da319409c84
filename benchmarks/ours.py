"""topicml's models behind the same signature as the peers' adapters."""

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.models import ECRTM, ETM, TSCTM, LDA2Vec, ProdLDA

TOP_WORDS = 25


def fit(
    kind: type,
    settings: dict[str, Any],
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
) -> tuple[list[list[str]], np.ndarray]:
    """Fit with defaults but for `settings`; return the 25 words of each topic, and theta, (n_docs, n_topics)."""
    known = documents is not None
    corpus = Corpus.from_tokens(documents, vocabulary) if known else Corpus.from_counts(counts, vocabulary)
    model = kind(n_topics=n_topics, random_state=seed, **settings).fit(corpus)
    return model.topics(TOP_WORDS), model.transform(corpus)


prodlda, etm, ecrtm, lda2vec, tsctm = (partial(fit, kind, {}) for kind in (ProdLDA, ETM, ECRTM, LDA2Vec, TSCTM))
prodlda_set, tsctm_set = (partial(fit, kind, {"contrast": "set"}) for kind in (ProdLDA, TSCTM))
