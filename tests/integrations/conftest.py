import numpy as np
import pytest

from topicml import Corpus, ProdLDA

KINDS = ("apple", "boat", "cloud")
WORDS = [f"{kind}{i}" for kind in KINDS for i in range(8)]


@pytest.fixture(scope="session")
def planted():
    """A corpus of 240 documents of three topics, eight words each; document 5 is empty."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=240)
    tokens = [[WORDS[8 * kind + i] for i in rng.integers(8, size=9)] + [WORDS[rng.integers(24)]] for kind in kinds]
    tokens[5] = []
    parts = rng.choice(["train", "val", "test"], size=240, p=[0.6, 0.1, 0.3])
    fields = {"partition": parts, "label": [KINDS[kind] for kind in kinds], "text": [" ".join(row) for row in tokens]}
    return Corpus.from_tokens(tokens, WORDS, fields)


@pytest.fixture(scope="session")
def model(planted):
    """ProdLDA fitted on the planted corpus."""
    return ProdLDA(3, max_epochs=15, batch_size=24, hidden=32, dropout=0.0, random_state=0).fit(planted)


def assert_planted(topics):
    """Each topic has words of one kind, and each kind has a topic."""
    result = [{word.rstrip("0123456789") for word in topic} for topic in topics]
    assert sorted(kind for kinds in result for kind in kinds) == sorted(KINDS)


def assert_rows(theta, corpus):
    """Documents of one kind share their largest topic: at least nine of ten, row by row."""
    assert theta.shape[0] == corpus.n_docs
    np.testing.assert_allclose(theta.sum(axis=1), 1, atol=1e-5)
    labels = corpus.fields["label"]
    best = theta.argmax(axis=1)
    for kind in KINDS:
        counts = np.bincount(best[(labels == kind) & (corpus.lengths > 0)])
        assert counts.max() >= 0.9 * counts.sum()
