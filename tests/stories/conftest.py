import numpy as np
import pytest
import scipy.sparse as sp

WORDS = [f"{topic}{i}" for topic in ("apple", "boat", "cloud", "drum") for i in range(12)]


@pytest.fixture(scope="session")
def planted():
    """Token lists of 600 documents, each of one of four topics with twelve words each, and their topics."""
    rng = np.random.default_rng(0)
    topics = rng.integers(4, size=600)
    lists = [[WORDS[12 * topic + i] for i in rng.integers(12, size=8)] + [WORDS[rng.integers(48)]] for topic in topics]
    return lists, topics


@pytest.fixture(scope="session")
def counts(planted):
    index = {word: i for i, word in enumerate(WORDS)}
    matrix = np.zeros((len(planted[0]), len(WORDS)), dtype=np.int32)
    for row, tokens in zip(matrix, planted[0], strict=True):
        np.add.at(row, [index[token] for token in tokens], 1)
    return sp.csr_matrix(matrix)
