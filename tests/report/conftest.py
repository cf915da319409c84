"""Views for reports, made without a fit."""

from types import SimpleNamespace

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.explore import TopicView

WORDS = ["rocket", "orbit", "moon", "oven", "butter", "flour", "goal", "match", "team", "coach"]
THEMES = {"space": [0, 1, 2], "kitchen": [3, 4, 5], "sport": [6, 7, 8, 9]}


def make_view(n_docs=60, *, texts=None, fields=None, seed=0, n_topics=3):
    """A view with clear topics: document i has theme i % 3, and by default a text of its words."""
    rng = np.random.default_rng(seed)
    names = list(THEMES)
    documents = [rng.choice(THEMES[names[i % 3]], 12).tolist() for i in range(n_docs)]
    tokens = [[WORDS[j] for j in row] for row in documents]
    texts = [" ".join(row) for row in tokens] if texts is None else texts
    corpus = Corpus.from_tokens(
        tokens,
        vocabulary=WORDS,
        fields={"text": texts, "label": [names[i % 3] for i in range(n_docs)], **(fields or {})},
    )
    beta = np.full((n_topics, 10), 0.01)
    for k in range(n_topics):
        beta[k, THEMES[names[k % 3]]] += 1 + 0.1 * np.arange(len(THEMES[names[k % 3]]))
    beta /= beta.sum(axis=1, keepdims=True)
    theta = np.full((n_docs, n_topics), 0.2 / max(n_topics - 1, 1))
    theta[np.arange(n_docs), np.arange(n_docs) % min(3, n_topics)] = 0.8
    theta /= theta.sum(axis=1, keepdims=True)
    model = SimpleNamespace(
        components_=beta,
        vocabulary_=tuple(WORDS),
        transform=lambda X: theta,
        history_=[{"epoch": e, "elbo": 9.0 - e, "kl": 1.0 + e, "seconds": 0.5} for e in range(1, 6)],
    )
    return TopicView.of(model, corpus)


@pytest.fixture(scope="session")
def view_of_themes():
    """`view_of_themes(n_docs, texts=, fields=, n_topics=)` makes a view."""
    return make_view
