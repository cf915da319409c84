"""The evidence of words against scikit-learn's naive Bayes, and its way into transform."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.naive_bayes import MultinomialNB

import topicml
from topicml.corpus import synthetic
from topicml.errors import InputError
from topicml.explore.uncertainty import theta_samples
from topicml.models.inference import infer_theta
from topicml.nn import Batch
from topicml.nn.evidence import WordEvidence

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
CORPUS = synthetic.short_text(300, 6, 200, random_state=0).corpus
ROWS = np.arange(CORPUS.n_docs)
SMALL = {"n_topics": 6, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def model():
    return topicml.ProdLDA(**SMALL).fit(CORPUS)


def batch_of(counts):
    return Batch.from_counts(csr_matrix(counts), np.arange(len(counts)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), prior=st.floats(0.1, 3))
def test_it_is_the_likelihood_of_naive_bayes(seed, prior):
    rng = np.random.default_rng(seed)
    documents_led = rng.poisson(1.0, size=(4, 9)) + np.eye(4, 9) + 1
    counts = rng.poisson(0.7, size=(12, 9)).astype(np.float64)
    oracle = MultinomialNB(alpha=prior, fit_prior=False).fit(documents_led, np.arange(4))
    evidence = WordEvidence(documents_led, max_words=1e6, prior=prior)(batch_of(counts)).numpy()
    np.testing.assert_allclose(softmax(evidence, axis=1), oracle.predict_proba(counts), atol=1e-5)


def test_a_word_without_training_documents_says_nothing():
    documents_led = np.array([[9, 5, 0], [1, 0, 0]])  # the second topic has fewer documents
    evidence = WordEvidence(documents_led, max_words=100)(batch_of(np.array([[1, 0, 0], [1, 0, 7]]))).numpy()
    np.testing.assert_array_equal(evidence[0], evidence[1])


def test_a_long_document_counts_as_max_words():
    documents_led = np.random.default_rng(0).poisson(1.0, size=(3, 5))
    counts = np.array([[1, 0, 2, 0, 0], [2, 0, 4, 0, 0], [10, 0, 20, 0, 0], [0, 0, 0, 0, 0]])
    short, exact, long, empty = WordEvidence(documents_led, max_words=6)(batch_of(counts)).numpy()
    np.testing.assert_allclose(exact, 2 * short, rtol=1e-6)
    np.testing.assert_allclose(long, exact, rtol=1e-6)
    assert (empty == 0).all()


def test_transform_adds_it_to_the_mean_of_the_encoder(model):
    encoder = infer_theta(model.network_, CORPUS.counts, ROWS, evidence=False)
    led = model._documents_led.astype(np.float64) + 1
    is_known = led.sum(axis=0) > 6
    likelihood = CORPUS.counts @ (np.log(led / led.sum(axis=1, keepdims=True)) * is_known).T
    weight = np.minimum(1, 5 / np.maximum(CORPUS.counts.sum(axis=1), 1))
    expected = softmax(np.log(encoder) + likelihood * np.asarray(weight).reshape(-1, 1), axis=1)
    np.testing.assert_allclose(model.transform(CORPUS), expected, atol=1e-5)


def test_0_words_are_the_encoder_alone(model):
    alone = topicml.ProdLDA(**SMALL, evidence_words=0).fit(CORPUS)
    encoder = infer_theta(model.network_, CORPUS.counts, ROWS, evidence=False)
    np.testing.assert_array_equal(alone.transform(CORPUS), encoder)
    assert alone.network_.evidence is None
    assert (alone.components_ == model.components_).all()


def test_training_does_not_read_it(model):
    again = topicml.ProdLDA(**SMALL, evidence_words=50).fit(CORPUS)
    assert again.history_[-1]["elbo"] == model.history_[-1]["elbo"]
    assert (again._documents_led == model._documents_led).all()


@pytest.mark.parametrize("kind", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"])
def test_a_saved_model_has_it_with_the_same_bits(kind, tmp_path):
    fitted = getattr(topicml, kind)(**SMALL, evidence_words=3).fit(CORPUS)
    assert (fitted.transform(CORPUS) != infer_theta(fitted.network_, CORPUS.counts, ROWS, evidence=False)).any()
    fitted.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert (loaded.transform(CORPUS) == fitted.transform(CORPUS)).all()
    assert loaded.network_.evidence.max_words == 3


def test_set_params_after_a_fit_applies_at_the_next_fit(model, tmp_path):
    changed = topicml.ProdLDA(**SMALL).fit(CORPUS)
    theta = changed.transform(CORPUS)
    changed.set_params(evidence_words=0).save(tmp_path / "model")
    assert (topicml.load(tmp_path / "model").transform(CORPUS) == theta).all()


def test_documents_without_words_have_the_prior_mean(model):
    theta = model.transform(csr_matrix((2, CORPUS.n_words)))
    np.testing.assert_allclose(theta[0], torch.softmax(model.network_.prior_loc, -1).numpy(), rtol=1e-6)


def test_samples_of_the_posterior_have_the_evidence(model):
    view = topicml.explore.TopicView.of(model, CORPUS)
    mean = np.log(theta_samples(view, rows=range(20), n_samples=400)).mean(axis=0)
    theta = np.log(model.transform(CORPUS)[:20])
    centred = [each - each.mean(axis=1, keepdims=True) for each in (mean, theta)]
    assert np.abs(centred[0] - centred[1]).max() < 0.5
    assert (centred[0].argmax(axis=1) == centred[1].argmax(axis=1)).mean() > 0.9


@pytest.mark.parametrize("value", [-1, float("inf"), float("nan")])
def test_a_wrong_number_of_words_is_refused(value):
    with pytest.raises(InputError, match="evidence_words must be"):
        topicml.ProdLDA(evidence_words=value).fit(CORPUS)
