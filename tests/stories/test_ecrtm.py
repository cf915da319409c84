"""ECRTM: recovery of topics, effect of the clustering, storage and resumption, and invalid arguments."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.utils.estimator_checks import parametrize_with_checks

import topicml
from topicml.corpus import Corpus, synthetic
from topicml.errors import InputError
from topicml.stories.ecrtm import ECRTM, EmbeddingClustering

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "embedding_size": 8, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:The topics collapsed")


@parametrize_with_checks([ECRTM(**FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_topics_of_a_synthetic_corpus_are_recovered():
    truth = synthetic.short_text(3000, n_topics=8, n_words=200, random_state=0)
    model = ECRTM(n_topics=8, random_state=0, max_epochs=10).fit(truth.corpus)
    # Columns of beta are p(topic | word), so the true topics are converted to it.
    true = truth.beta / np.maximum(truth.beta.sum(axis=0), 1e-12)
    shares = model.components_ / model.components_.sum(axis=0)
    frequent = truth.corpus.counts.sum(axis=0).A1 > 5
    a, b = (x[:, frequent] / np.linalg.norm(x[:, frequent], axis=1, keepdims=True) for x in (shares, true))
    similarity = a @ b.T
    matching = linear_sum_assignment(-similarity)
    assert similarity[matching].mean() > 0.9
    leading = model.transform(truth.corpus).argmax(axis=1)
    topic = np.empty(8, dtype=int)
    topic[matching[0]] = matching[1]
    assert (topic[leading] == truth.theta.argmax(axis=1)).mean() > 0.9


def test_topics_of_a_planted_corpus_are_recovered(planted):
    corpus = Corpus.from_tokens(planted[0])
    model = ECRTM(n_topics=4, random_state=0, train_embeddings=True, max_epochs=20).fit(corpus)
    assert {frozenset(word[0] for word in topic) for topic in model.topics(10)} == {frozenset(c) for c in "abcd"}
    assert "clustering" in model.history_[0]


def test_with_clustering_topics_have_more_equal_numbers_of_words(planted):
    corpus = Corpus.from_tokens(planted[0])
    options = {"n_topics": 12, "random_state": 0, "init": "random", "max_epochs": 20, "topic_rate": 1.0}

    def spread(model):
        nearest = model.fit(corpus).network_.cpu().decoder.distances().argmin(dim=0)
        return np.bincount(nearest, minlength=12).std()

    assert spread(ECRTM(**options)) < 0.8 * spread(ECRTM(**options, clustering=0.0))


def test_components_are_shares_of_words(counts):
    model = ECRTM(**FAST, temperature=0.5, ranking="decoder").fit(counts)
    decoder = model.network_.cpu().decoder
    topics, words = (x.detach().double().numpy() for x in (decoder.topics, decoder.words))
    shares = np.exp(-((topics[:, None] - words[None]) ** 2).sum(axis=2) / 0.5)
    shares /= shares.sum(axis=0)
    np.testing.assert_allclose(model.components_, shares / shares.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-7)


def test_a_saved_model_is_loaded_with_the_same_bits(planted, tmp_path):
    corpus = Corpus.from_tokens(planted[0])
    model = ECRTM(**FAST, embeddings=np.random.default_rng(0).normal(size=(corpus.n_words, 7))).fit(corpus)
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.components_, model.components_)
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))


def test_resumed_training_ends_with_the_same_bits(counts, tmp_path, monkeypatch):
    """Each transport starts from the potential of the last, so the checkpoint must have it."""
    options = {**FAST, "max_epochs": 6, "batch_size": 50}
    whole = ECRTM(**options).fit(counts)

    class Stop(Exception):
        pass

    original, calls = EmbeddingClustering.__call__, []

    def stopping(*arguments):
        calls.append(None)
        if len(calls) == 20:
            raise Stop
        return original(*arguments)

    (tmp_path / "run").mkdir()
    checkpoint = {"checkpoint": tmp_path / "run", "checkpoint_seconds": 0}
    monkeypatch.setattr(EmbeddingClustering, "__call__", stopping)
    with pytest.raises(Stop):
        ECRTM(**options).fit(counts, **checkpoint)
    resumed = ECRTM(**options).fit(counts, **checkpoint)
    assert len(calls) > 20
    np.testing.assert_array_equal(resumed.components_, whole.components_)


def test_the_same_seed_gives_the_same_bits(counts):
    first, again = (ECRTM(**FAST).fit(counts).components_ for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature must be positive"),
        ({"sharpness": -1.0}, "sharpness must be positive"),
        ({"clustering": -1.0}, "clustering must be 0 or positive"),
        ({"clustering": float("nan")}, "clustering must be a finite number"),
        ({"embeddings": "random"}, "set train_embeddings=True"),
    ],
)
def test_invalid_arguments_are_refused(options, message, counts):
    with pytest.raises(InputError, match=message):
        ECRTM(**{**FAST, **options}).fit(counts)
