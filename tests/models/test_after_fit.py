"""A fitted model whose parameters change, and partial_fit of documents without known words."""

import json
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

import topicml
from topicml.errors import InputError, TopicWarning
from topicml.models import TopicModel
from topicml.models.composition import Composition
from topicml.models.diagnostics import Diagnostics
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import Training

NAMED = [topicml.ProdLDA, topicml.ETM, topicml.ECRTM, topicml.TSCTM, topicml.LDA2Vec, topicml.DocNADE]
FAST = {"n_topics": 4, "hidden": 16, "max_epochs": 1, "random_state": 0}
TEXTS = ["a rocket flies in orbit", "the butter is sweet flour"] * 4

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def corpus(planted):
    return topicml.Corpus.from_tokens(planted[0][:80])


@pytest.mark.parametrize("model", NAMED)
def test_parameters_set_after_a_fit_apply_at_the_next_fit(model, corpus, tmp_path):
    fitted = model(**FAST).fit(corpus)
    theta, score = fitted.transform(corpus), fitted.score(corpus)
    fitted.set_params(n_topics=6, hidden=8)
    fitted.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    for each in (fitted, loaded, pickle.loads(pickle.dumps(fitted))):
        assert_array_equal(each.transform(corpus), theta)
        assert each.score(corpus) == score
        assert len(each.get_feature_names_out()) == len(each.topics(3)) == 4
    assert loaded.n_topics == 4
    fitted.partial_fit(corpus)
    assert fitted.components_.shape[0] == 4
    assert fitted.fit(corpus).transform(corpus).shape == (80, 6)
    fitted.save(tmp_path / "again")
    assert topicml.load(tmp_path / "again").n_topics == 6


def test_an_alpha_for_other_topics_set_after_a_fit_does_not_break_the_model(corpus):
    model = topicml.ProdLDA(**FAST, alpha=[0.1, 0.2, 0.3, 0.4]).fit(corpus)
    score = model.score(corpus)
    assert model.set_params(n_topics=6).score(corpus) == score


def test_a_story_set_after_a_fit_applies_at_the_next_fit(corpus, tmp_path):
    training = Training(max_epochs=1)
    model = TopicModel(ProdLDAStory(n_topics=4, hidden=16), training=training, random_state=0).fit(corpus)
    theta = model.transform(corpus)
    model.set_params(story=ProdLDAStory(n_topics=7))
    model.save(tmp_path / "model")
    assert_array_equal(topicml.load(tmp_path / "model").transform(corpus), theta)
    assert model.fit(corpus).transform(corpus).shape == (80, 7)


@pytest.mark.parametrize("model", NAMED)
def test_partial_fit_without_known_words_leaves_the_model_as_it_is(model, tmp_path):
    fitted = model(n_topics=2, hidden=16, random_state=0).partial_fit(TEXTS)
    components, diagnostics, history = fitted.components_.copy(), fitted.diagnostics_, list(fitted.history_)
    for batch in (["zzz yyy", "xxx"], [""], np.zeros((2, fitted.n_features_in_))):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert fitted.partial_fit(batch) is fitted
        assert [each.category for each in told] == [TopicWarning]
    assert_array_equal(fitted.components_, components)
    assert fitted.diagnostics_ == diagnostics and fitted.history_ == history
    fitted.save(tmp_path / "model")

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    json.loads((tmp_path / "model" / "model.json").read_text("utf-8"), parse_constant=refuse)


@pytest.mark.parametrize(
    ("model", "parameters", "advised", "not_advised"),
    [
        (topicml.ProdLDA, {}, "a longer kl_warmup", "init="),
        (topicml.ProdLDA, {"init": "random"}, "init='npmi', a longer kl_warmup", "other"),
        (topicml.ProdLDA, {"bound": "iwae"}, "a lower learning_rate", "kl_warmup"),
        (topicml.TSCTM, {}, "a lower learning_rate", "kl_warmup"),
    ],
)
def test_the_advice_against_a_collapse_is_of_what_the_model_has(
    corpus, monkeypatch, model, parameters, advised, not_advised
):
    monkeypatch.setattr("topicml.models.topic_model.diagnose", lambda *_: Diagnostics(0.0, [], [], 4))
    with pytest.warns(TopicWarning, match="collapsed") as told:
        model(**FAST | parameters).fit(corpus)
    assert advised in str(told[0].message) and not_advised not in str(told[0].message)


def test_duplicates_of_a_matrix_count_in_every_method():
    """300 entries of uint8 in one cell are 300 words, not 44."""
    counts = np.zeros((8, 6))
    counts[np.arange(8), np.arange(8) % 6] = 300
    counts[:, 5] += 1
    rows, columns = (np.repeat(each, counts[counts > 0].astype(int)) for each in counts.nonzero())
    narrow = sp.coo_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=counts.shape)
    wide = sp.csr_matrix(counts)
    model, same = (topicml.ProdLDA(**FAST).fit(each, views=[each]) for each in (narrow, wide))
    assert_array_equal(model.components_, same.components_)
    assert_array_equal(model.transform(narrow), model.transform(wide))
    assert model.score(narrow) == model.score(wide) and model.perplexity(narrow) == model.perplexity(wide)
    assert topicml.metrics.perplexity(model, narrow).mean == topicml.metrics.perplexity(model, wide).mean
    assert_array_equal(
        topicml.explore.TopicView.of(model, narrow).theta, topicml.explore.TopicView.of(model, wide).theta
    )


@pytest.mark.parametrize("model", NAMED)
def test_transform_has_the_same_bits_whatever_the_other_documents_are(model):
    rng = np.random.default_rng(0)
    corpus = topicml.Corpus.from_counts(rng.poisson(0.3, size=(600, 80)), [f"word{i}" for i in range(80)])
    fitted = model(**FAST | {"hidden": 200, "n_topics": 7}).fit(corpus)
    theta = fitted.transform(corpus)
    parts = [[row] for row in range(0, 600, 40)] + [range(3, 20), range(100, 420), rng.permutation(600)]
    for rows in map(np.array, parts):
        assert_array_equal(fitted.transform(corpus[rows]), theta[rows])


def test_counts_that_are_too_large_are_named():
    counts = np.random.default_rng(0).poisson(1.0, (20, 6)) + 1.0
    model = topicml.ProdLDA(**FAST).fit(counts)
    counts[3, 1] = 1e30
    for method in (model.transform, model.perplexity, model.score, model.partial_fit, model.fit):
        with pytest.raises(InputError, match=r"row 3, column 1 is more than 9,007,199,254,740,992 \(2\^53\)"):
            method(counts)


def no_batches(*_, **__):
    raise InputError("no batches")


def test_a_first_part_that_fails_leaves_the_model_untrained(corpus, monkeypatch):
    model = topicml.ProdLDA(n_topics=3, max_epochs=1, random_state=0)
    with monkeypatch.context() as patch:
        patch.setattr(Composition, "sampler", no_batches)
        with pytest.raises(InputError, match="no batches"):
            model.partial_fit(corpus)
    assert not hasattr(model, "network_")
    assert model.partial_fit(corpus).transform(corpus).shape == (corpus.n_docs, 3)
