"""TSCTM: recovery of topics of short texts, the estimator contract, storage, views, and invalid arguments."""

from copy import deepcopy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import topicml
import topicml.nn
from topicml import Corpus
from topicml.corpus import synthetic
from topicml.errors import InputError
from topicml.nn.encoder import BagEncoder
from topicml.objectives.contrast import InfoNCE
from topicml.stories.tsctm import TSCTM, TSCTMStory

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "random_state": 0}
SMALL = {"n_topics": 5, "max_epochs": 30, "hidden": 50, "random_state": 0}


@pytest.fixture(scope="module")
def truth():
    return synthetic.short_text(1000, 5, 200, random_state=0)


@pytest.fixture(scope="module")
def model(truth):
    return TSCTM(**SMALL).fit(truth.corpus)


@parametrize_with_checks([TSCTM(**FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "options", [{"max_epochs": 40}, {"init": "random", "max_epochs": 80, "patience": 80, "dropout": 0.2}], ids=str
)
def test_topics_of_a_planted_corpus_are_recovered(planted, options):
    corpus = Corpus.from_tokens(planted[0])
    fitted = TSCTM(n_topics=4, hidden=50, random_state=0, **options).fit(corpus)
    roots = [{word.rstrip("0123456789") for word in words} for words in fitted.topics(6)]
    assert sorted(map(sorted, roots)) == [["apple"], ["boat"], ["cloud"], ["drum"]]
    assert normalized_mutual_info_score(planted[1], fitted.transform(corpus).argmax(axis=1)) > 0.9


def test_topics_of_synthetic_short_texts_are_recovered(truth):
    options = {**SMALL, "max_epochs": 60, "topic_rate": 1.0, "learning_rate": 0.02}
    model = TSCTM(**options).fit(truth.corpus)
    with torch.no_grad():  # word distributions of the codewords
        words = model.network_.cpu().decoder(model.network_.quantiser.codebook).word_log_prob().exp().numpy()
    estimated = words / np.linalg.norm(words, axis=1, keepdims=True)
    true = truth.beta / np.linalg.norm(truth.beta, axis=1, keepdims=True)
    rows, columns = linear_sum_assignment(-estimated @ true.T)
    assert (estimated @ true.T)[rows, columns].min() > 0.9
    labels = truth.theta.argmax(axis=1)
    assert normalized_mutual_info_score(labels, model.transform(truth.corpus).argmax(axis=1)) > 0.9


def test_proportions_are_the_softmax_of_the_posterior_mean_with_the_evidence_of_words(truth, model):
    theta = model.transform(truth.corpus)
    np.testing.assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    batch = topicml.nn.Batch.from_counts(truth.corpus.counts, np.arange(50))
    with torch.no_grad():
        network = deepcopy(model.network_).cpu()
        expected = (network.encoder(batch).loc + network.evidence(batch)).softmax(dim=-1).numpy()
    np.testing.assert_allclose(theta[:50], expected, rtol=1e-4, atol=1e-7)


def test_a_document_without_known_words_gets_equal_proportions(model):
    theta = model.transform(sp.csr_matrix((1, 200), dtype=np.int32))
    np.testing.assert_allclose(theta, 0.2)


def test_the_history_has_all_losses_and_the_number_of_codes_in_use(model):
    record = model.history_[-1]
    assert {"elbo", "reconstruction", "quantisation", "topic_semantic", "codes", "held_out"} <= record.keys()
    assert record["codes"] == pytest.approx(5, abs=0.5)
    assert record["reconstruction"] == pytest.approx(record["elbo"], rel=1e-5)


@pytest.mark.parametrize("length", [2, 100])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_codes_do_not_depend_on_the_length_of_the_text(length):
    drawn = synthetic.short_text(600, 5, 200, min_length=length, max_length=length, random_state=1)
    fitted = TSCTM(**SMALL).fit(drawn.corpus)
    theta = fitted.transform(drawn.corpus)
    assert len(np.unique(theta.argmax(axis=1))) == 5
    assert normalized_mutual_info_score(drawn.theta.argmax(axis=1), theta.argmax(axis=1)) > (
        0.5 if length == 2 else 0.9
    )


def test_the_same_seed_gives_the_same_bits(truth, model):
    again = TSCTM(**SMALL).fit(truth.corpus)
    np.testing.assert_array_equal(again.components_, model.components_)
    np.testing.assert_array_equal(again.transform(truth.corpus), model.transform(truth.corpus))


def test_a_saved_model_is_loaded_with_the_same_results(truth, model, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert isinstance(loaded, TSCTM)
    assert loaded.get_params()["semantic_weight"] == model.semantic_weight
    np.testing.assert_array_equal(loaded.transform(truth.corpus), model.transform(truth.corpus))
    np.testing.assert_array_equal(loaded.components_, model.components_)
    assert loaded.score(truth.corpus) == pytest.approx(model.score(truth.corpus), rel=1e-6)


def test_partial_fit_continues_training(truth):
    fitted = TSCTM(**SMALL)
    for _ in range(3):
        fitted.partial_fit(truth.corpus)
    assert [record["epoch"] for record in fitted.history_] == [1, 2, 3]
    assert fitted.history_[-1]["elbo"] < fitted.history_[0]["elbo"]


def test_another_contrast_can_be_added(truth):
    fitted = TSCTM(**SMALL, contrast=InfoNCE(view="halves")).fit(truth.corpus)
    assert {"contrast", "topic_semantic"} <= fitted.history_[-1].keys()
    assert normalized_mutual_info_score(truth.theta.argmax(axis=1), fitted.transform(truth.corpus).argmax(axis=1)) > 0.9


def test_views_in_other_words_train_the_encoder_for_these_words(truth):
    counts, nothing = truth.corpus.counts, sp.csr_matrix(truth.corpus.counts.shape, dtype=np.int32)
    originals, translations = sp.hstack([counts, nothing]).tocsr(), sp.hstack([nothing, counts]).tocsr()
    labels = truth.theta.argmax(axis=1)
    options = {**SMALL, "init": "nmf"}
    without_views = TSCTM(**options).fit(originals)
    with_views = TSCTM(**options).fit(originals, views=[translations])
    assert normalized_mutual_info_score(labels, with_views.transform(originals).argmax(axis=1)) > 0.9
    assert (
        with_views.transform(originals).argmax(axis=1) == with_views.transform(translations).argmax(axis=1)
    ).mean() > 0.9
    assert (
        without_views.transform(originals).argmax(axis=1) == without_views.transform(translations).argmax(axis=1)
    ).mean() < 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "warm"}, r"init='warm' is unknown. Choose one of npmi, nmf, random"),
        ({"commitment": -1.0}, r"commitment must be at least 0; received -1\.0"),
        ({"temperature": 0.0}, r"temperature must be .*positive; received 0\.0"),
        ({"semantic_weight": -2.0}, r"semantic_weight must be .*at least 0; received -2\.0"),
        ({"same_weight": -0.1}, r"same_weight must be at least 0; received -0\.1"),
        ({"topic_rate": -0.1}, r"topic_rate must be at least 0; received -0\.1"),
        ({"exclusivity": "much"}, r"exclusivity must be 'auto' or a number of at least 0; received 'much'"),
        ({"exclusivity": -1.0}, r"exclusivity must be 'auto' or a number of at least 0; received -1\.0"),
        ({"n_topics": 1}, r"n_topics must be at least 2; received 1"),
    ],
)
def test_invalid_arguments_are_refused(counts, options, message):
    with pytest.raises(InputError, match=message):
        TSCTM(**options).fit(counts)


def test_the_encoder_of_many_topics_starts_as_with_few_because_its_posterior_has_no_noise():
    encoder = TSCTMStory(n_topics=80, hidden=7, dropout=0.3).network(beta=np.ones((80, 90))).encoder
    expected = BagEncoder(90, 80, hidden=7, dropout=0.3, few_topics=80)
    assert encoder.log_variance_norm.bias.tolist() == [0] * 80 and encoder.loc_norm.eps == expected.loc_norm.eps
    assert {name: each.shape for name, each in encoder.state_dict().items()} == {
        name: each.shape for name, each in expected.state_dict().items()
    }
    assert encoder.dropout.p == 0.3
