"""topica's LDA, GSDMM, STM and keyATM (a Rust core), with its own defaults and one thread.

The corpora have no covariate but their labels, which judge the topics, and no keywords. So STM gets an intercept alone,
which makes it a correlated topic model, and keyATM is its own keyword-free variant (`KeyATM.weighted_lda`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import topica

from peers.documents import theta_of, words_of

TOP_WORDS = 25


def fit(
    fitted: Callable[[list[list[str]], int, int], Any],
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_used), beta and transform; order is not used.

    GSDMM empties topics: then there are fewer than `n_topics`.
    """
    words = words_of(counts, documents, vocabulary)
    model = fitted([each for each in words if each], n_topics, seed)  # topica drops empty documents
    n_used = len(model.topic_word)
    column = {word: i for i, word in enumerate(vocabulary)}
    beta = np.zeros((n_used, len(vocabulary)))
    beta[:, [column[word] for word in model.vocabulary]] = model.topic_word

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        return theta_of(words_of(counts, documents, vocabulary), n_used, partial(inferred, model, seed))

    return {
        "topics": model.top_words(TOP_WORDS),
        "theta": theta_of(words, n_used, lambda documents: model.doc_topic),
        "beta": beta,
        "transform": transform,
    }


def inferred(model: Any, seed: int, documents: list[list[str]]) -> np.ndarray:
    """Theta of new documents. Gibbs samplers take a seed here, the other models none."""
    options = {"seed": seed} if isinstance(model, topica.LDA | topica.KeyATM) else {}
    return np.asarray(model.transform(documents, **options))


def fitted_lda(documents: list[list[str]], n_topics: int, seed: int) -> Any:
    return topica.LDA(n_topics, seed=seed).fit(documents)


def fitted_gsdmm(documents: list[list[str]], n_topics: int, seed: int) -> Any:
    return topica.GSDMM(n_topics, seed=seed).fit(documents)


def fitted_stm(documents: list[list[str]], n_topics: int, seed: int) -> Any:
    """STM's start is not random, so all seeds give one result."""
    return topica.CTM(n_topics, seed=seed).fit(documents, num_threads=1)


def fitted_keyatm(documents: list[list[str]], n_topics: int, seed: int) -> Any:
    return topica.KeyATM.weighted_lda(n_topics, seed=seed).fit(documents)


lda, gsdmm, stm, keyatm = (partial(fit, each) for each in (fitted_lda, fitted_gsdmm, fitted_stm, fitted_keyatm))
