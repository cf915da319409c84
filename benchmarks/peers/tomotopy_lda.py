"""tomotopy's LDA (collapsed Gibbs sampling): 1,000 iterations, two workers, its default priors."""

from typing import Any

import numpy as np
import scipy.sparse as sp
import tomotopy

from peers.documents import bags, theta_of

ITERATIONS = 1000
WORKERS = 2
TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    iterations: int = ITERATIONS,
    workers: int = WORKERS,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), beta and transform; order is not used.

    With two workers the result differs from run to run even with one seed.
    """
    words = np.array(vocabulary, dtype=object)
    model = tomotopy.LDAModel(k=n_topics, seed=seed)
    trained = list(bags(counts, words))
    for bag in filter(None, trained):  # tomotopy refuses empty documents
        model.add_doc(bag)
    model.train(iterations, workers=workers)

    def inferred(documents: list[list[str]]) -> list[np.ndarray]:
        made = [model.make_doc(bag) for bag in documents]
        model.infer(made, workers=workers)
        return [document.get_topic_dist() for document in made]

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        return theta_of(list(bags(counts, words)), n_topics, inferred)

    column = {word: i for i, word in enumerate(vocabulary)}
    beta = np.zeros((n_topics, len(vocabulary)))
    beta[:, [column[word] for word in model.used_vocabs]] = [model.get_topic_word_dist(k) for k in range(n_topics)]
    return {
        "topics": [[word for word, _ in model.get_topic_words(k, top_n=TOP_WORDS)] for k in range(n_topics)],
        "theta": theta_of(trained, n_topics, lambda _: [document.get_topic_dist() for document in model.docs]),
        "beta": beta,
        "transform": transform,
    }
