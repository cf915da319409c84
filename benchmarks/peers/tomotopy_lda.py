"""tomotopy's LDA (collapsed Gibbs sampling): 1,000 iterations, two workers, its default priors."""

import numpy as np
import scipy.sparse as sp
import tomotopy

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
) -> tuple[list[list[str]], np.ndarray]:
    """Return the 25 words of each topic, and theta of shape (n_docs, n_topics); word order is not used.

    With two workers the result differs from run to run even with one seed.
    """
    model = tomotopy.LDAModel(k=n_topics, seed=seed)
    words = np.array(vocabulary, dtype=object)
    rows = []
    for row in range(counts.shape[0]):
        begin, end = counts.indptr[row], counts.indptr[row + 1]
        bag = np.repeat(words[counts.indices[begin:end]], counts.data[begin:end])
        if len(bag):  # tomotopy refuses empty documents
            model.add_doc(bag.tolist())
            rows.append(row)
    model.train(iterations, workers=WORKERS)
    theta = np.full((counts.shape[0], n_topics), 1 / n_topics)
    theta[rows] = [document.get_topic_dist() for document in model.docs]
    return [[word for word, _ in model.get_topic_words(k, top_n=TOP_WORDS)] for k in range(n_topics)], theta
