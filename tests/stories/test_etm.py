"""ETM: recovery of topics, sources of embeddings, storage, and invalid arguments."""

import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from gensim.models import KeyedVectors
from scipy.optimize import linear_sum_assignment
from sklearn.utils.estimator_checks import parametrize_with_checks

import topicml
from topicml.corpus import Corpus, synthetic
from topicml.errors import InputError, TopicWarning
from topicml.starting import word_vectors
from topicml.stories.etm import ETM

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "embedding_size": 8, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:The topics collapsed")


@parametrize_with_checks([ETM(**FAST), ETM(embeddings="random", train_embeddings=True, init="random", **FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def matched_cosines(estimated, true):
    """Cosines of the best one-to-one matching of topics."""
    estimated = estimated / np.linalg.norm(estimated, axis=1, keepdims=True)
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    similarity = estimated @ true.T
    return similarity[linear_sum_assignment(-similarity)]


def test_topics_of_a_synthetic_corpus_are_recovered():
    truth = synthetic.lda(1500, n_topics=6, n_words=150, random_state=1)
    model = ETM(n_topics=6, random_state=0, train_embeddings=True, embedding_rate=1.0, topic_rate=1.0, max_epochs=25)
    model.fit(truth.corpus)
    with torch.no_grad():
        pure = deepcopy(model.network_).cpu().decoder(torch.eye(6))
        words = pure.word_log_prob().exp().numpy()
    assert matched_cosines(words, truth.beta).mean() > 0.9
    theta = model.transform(truth.corpus)
    assert matched_cosines(theta.T, truth.theta.T).mean() > 0.9


def test_topics_of_short_texts_are_recovered_with_fixed_embeddings_of_the_corpus(planted):
    corpus = Corpus.from_tokens(planted[0])
    model = ETM(n_topics=4, random_state=0).fit(corpus)
    for topic in model.topics(10):
        assert len({word[0] for word in topic}) == 1
    leading = model.transform(corpus).argmax(axis=1)
    assert sum(np.bincount(planted[1][leading == k]).max() for k in np.unique(leading)) / 600 > 0.95
    trained_on = corpus[np.setdiff1d(np.arange(600), model.validation_rows_)]
    np.testing.assert_allclose(
        model.network_.cpu().decoder.words.detach().numpy(), word_vectors(trained_on, dimension=48), atol=1e-6
    )


def test_topics_are_softmax_of_inner_products(counts):
    model = ETM(**FAST, ranking="decoder").fit(counts)
    decoder = model.network_.cpu().decoder
    scores = decoder.topics.detach().double().numpy() @ decoder.words.detach().double().numpy().T
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.components_, expected, rtol=1e-4)


@pytest.mark.parametrize("embeddings", ["corpus", "word2vec", "random", "array", "keyed", "path"])
def test_models_with_every_source_of_embeddings_are_saved_and_loaded_with_the_same_bits(embeddings, planted, tmp_path):
    corpus = Corpus.from_tokens(planted[0])
    source = embeddings
    rows = np.random.default_rng(0).normal(size=(corpus.n_words, 7)).astype(np.float32)
    if embeddings == "array":
        source = rows
    elif embeddings in ("keyed", "path"):
        source = KeyedVectors(7)
        source.add_vectors(list(corpus.vocabulary), rows)
        if embeddings == "path":
            source.save_word2vec_format(tmp_path / "vectors.txt")
            source = str(tmp_path / "vectors.txt")
    model = ETM(**FAST, embeddings=source, train_embeddings=embeddings == "random").fit(corpus)
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.components_, model.components_)
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    assert loaded.network_.decoder.topics.shape == (3, 7 if embeddings in ("array", "keyed", "path") else 8)
    assert json.loads((tmp_path / "model" / "model.json").read_text())["model"] == "ETM"


def test_embeddings_change_only_if_train_embeddings_is_set(counts):
    model = ETM(**FAST).fit(counts)
    rows = np.setdiff1d(np.arange(counts.shape[0]), model.validation_rows_)
    start = word_vectors(counts[rows], dimension=8)
    fixed = model.network_.cpu().decoder.words.detach().numpy()
    trained = ETM(**FAST, train_embeddings=True).fit(counts).network_.cpu().decoder.words.detach().numpy()
    np.testing.assert_allclose(fixed, start, atol=1e-6)
    assert np.abs(trained - start).max() > 1e-4


def test_a_word_without_an_embedding_is_reported(planted):
    corpus = Corpus.from_tokens(planted[0])
    keyed = KeyedVectors(5)
    keyed.add_vectors(list(corpus.vocabulary)[:-1], np.random.default_rng(0).normal(size=(corpus.n_words - 1, 5)))
    with pytest.warns(TopicWarning, match="1 of 48 words have no vector"):
        ETM(**FAST, embeddings=keyed).fit(corpus)


def test_the_same_seed_gives_the_same_bits(counts):
    first, again = (ETM(**FAST).fit(counts).components_ for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_partial_fit_lowers_the_loss(counts):
    model = ETM(**FAST)
    for _ in range(3):
        model.partial_fit(counts)
    assert len(model.history_) == 3
    assert model.history_[-1]["elbo"] < model.history_[0]["elbo"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embeddings": "glove"}, "neither one of corpus, word2vec, random nor a file"),
        ({"embeddings": 3}, "Choose one of corpus, word2vec, random"),
        ({"embeddings": np.ones((3, 5))}, r"has shape \(3, 5\); the vocabulary holds 48 words"),
        ({"embeddings": np.full((48, 5), np.nan)}, "not finite"),
        ({"embeddings": "word2vec"}, "needs word order"),
        ({"embeddings": "random"}, "set train_embeddings=True"),
        ({"embedding_size": 0}, "embedding_size must be at least 1"),
        ({"init": "pca"}, "Choose one of npmi, nmf, random"),
        ({"bound": "vlb"}, "bound must be one of elbo, iwae"),
    ],
)
def test_invalid_arguments_are_refused(options, message, counts):
    with pytest.raises(InputError, match=message):
        ETM(**{**FAST, **options}).fit(counts)


def test_keyed_vectors_need_a_vocabulary(counts):
    keyed = KeyedVectors(5)
    keyed.add_vectors(["a"], np.ones((1, 5)))
    with pytest.raises(InputError, match="need the words' names"):
        ETM(**FAST, embeddings=keyed).fit(counts)
