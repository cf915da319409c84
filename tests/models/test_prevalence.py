"""Models whose prior depends on fields of the documents."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError, TopicWarning
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.nn import Batch
from topicml.nn.prior import CovariatePrior
from topicml.objectives import ELBO, IWAE

pytest.importorskip("formulaic")

SMALL = {"n_topics": 2, "hidden": 8, "max_epochs": 12, "batch_size": 32, "learning_rate": 0.02, "random_state": 0}
WORDS = [f"{topic}{i}" for topic in ("apple", "boat") for i in range(8)]


@pytest.fixture(scope="module")
def corpus():
    """Documents of two topics; three in four of group b are of the second."""
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=160)
    topic = np.where(rng.random(160) < 0.75, group, 1 - group)
    documents = [[WORDS[8 * k + i] for i in rng.integers(8, size=6)] for k in topic]
    fields = {"group": np.where(group == 1, "b", "a").tolist(), "x": rng.normal(size=160).tolist()}
    return Corpus.from_tokens(documents, fields=fields)


def fit(corpus, name="ProdLDA", **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(topicml, name)(**{**SMALL, **parameters}).fit(corpus)


@pytest.fixture(scope="module", params=["ProdLDA", "ETM"])
def model(request, corpus):
    return fit(corpus, request.param, prevalence="~ group + x")


@pytest.fixture(scope="module")
def prodlda(corpus):
    return fit(corpus, prevalence="~ group + x")


def alike(corpus, **fields):
    """Documents with one word of each topic, with these fields."""
    n_docs = len(next(iter(fields.values()), "ab"))
    return Corpus.from_tokens([["apple0", "boat0"]] * n_docs, vocabulary=list(corpus.vocabulary), fields=fields)


def with_fields(corpus, **fields):
    return corpus.replaced(fields=Fields.of(fields, corpus.n_docs))


def topic_of(model, word):
    return int(np.argmax(model.network_.topic_word()[:, model.vocabulary_.index(word)].detach()))


def test_the_prior_learns_which_group_has_which_topic(model, corpus):
    theta = model.transform(alike(corpus, group=["a", "b"], x=[0.0, 0.0]))
    boat = topic_of(model, "boat0")
    assert theta[1, boat] > theta[0, boat] + 0.01
    batch = Batch.from_counts(corpus.counts, np.arange(corpus.n_docs))
    prior = model.network_.prior_mean(batch.with_covariates(model.model_matrix_.matrix(corpus)[0]))
    is_b = torch.from_numpy(np.array(corpus.fields["group"]) == "b")
    assert prior[is_b, boat].mean() > 0 > prior[~is_b, boat].mean()


def test_words_count_more_than_the_group(model, corpus):
    fields = {"group": ["a", "a"], "x": [0.0, 0.0]}
    new = Corpus.from_tokens([WORDS[:8], WORDS[8:]], vocabulary=list(corpus.vocabulary), fields=fields)
    assert model.transform(new).argmax(axis=1).tolist() == [topic_of(model, "apple0"), topic_of(model, "boat0")]


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "LDA2Vec", "ECRTM"])
def test_every_story_with_a_normal_prior_learns_gamma(name, corpus):
    fitted = fit(corpus, name, prevalence="~ group", max_epochs=1)
    assert fitted.network_.covariates.gamma.abs().min() > 0


def test_a_formula_whose_gamma_is_zero_changes_no_bit(corpus):
    plain, other = fit(corpus), fit(corpus, prevalence="~ group")
    with torch.no_grad():
        other.network_.covariates.gamma.zero_()
    without = plain.network_.state_dict()
    other.network_.load_state_dict({**other.network_.state_dict(), **without})
    other.network_.evidence = plain.network_.evidence
    np.testing.assert_array_equal(other.transform(corpus), plain.transform(corpus))


def test_the_kl_is_that_to_the_prior_of_each_document(prodlda, corpus):
    network = prodlda.network_
    covariates, _ = prodlda.model_matrix_.matrix(corpus)
    batch = Batch.from_counts(corpus.counts, np.arange(5)).with_covariates(covariates)
    posterior = network.encode(batch)
    x = (batch.covariates - torch.tensor(prodlda.model_matrix_.means)) / torch.tensor(prodlda.model_matrix_.scales)
    prior = torch.distributions.Normal(network.prior_loc + x.float() @ network.covariates.gamma.T, network.prior_scale)
    expected = torch.distributions.kl_divergence(torch.distributions.Normal(posterior.loc, posterior.scale), prior)
    loss = ELBO()(batch, posterior, network)
    assert loss.parts["kl"] == pytest.approx(float(expected.sum(dim=1).mean().detach()), rel=1e-5)
    assert torch.isfinite(IWAE(k=3)(batch, posterior, network).value)


def test_documents_without_fields_have_the_mean_prior_and_it_is_said_once(prodlda, corpus):
    plain = alike(corpus)
    with pytest.warns(
        TopicWarning, match=r"do not have the fields of the formula '~ group \+ x' \(group, x\)"
    ) as record:
        theta = prodlda.transform(plain)
    assert len([each for each in record if "fields of the formula" in str(each.message)]) == 1
    covariates = torch.tensor([prodlda.model_matrix_.means] * 2, dtype=torch.float32)
    batch = replace(Batch.from_counts(plain.counts, np.arange(2)), covariates=covariates)
    same = prodlda.network_.infer(batch.padded(256)).theta_mean[:2]
    np.testing.assert_allclose(theta, same.detach(), atol=1e-6)


def test_unknown_levels_have_the_mean_prior_and_are_named(prodlda, corpus):
    new = alike(corpus, group=["a", "c", None], x=[0.0, 0.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        without = prodlda.transform(alike(corpus))
    with pytest.warns(TopicWarning, match=r"Rows 1, 2 .* have no value.*group=c"):
        theta = prodlda.transform(new)
    np.testing.assert_allclose(theta[1:], without[[0, 0]], atol=1e-6)
    assert abs(theta[0, 0] - without[0, 0]) > 0.001


def test_saved_and_loaded_it_gives_the_same_theta(model, corpus, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    assert loaded.perplexity(corpus) == model.perplexity(corpus)
    assert loaded.score(corpus) == model.score(corpus)


def test_a_damaged_model_matrix_is_refused(prodlda, tmp_path):
    prodlda.save(tmp_path / "model")
    file = tmp_path / "model" / "model.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"scales"', '"scale"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"damaged.*model matrix"):
        topicml.load(tmp_path / "model")


def test_score_and_perplexity_read_the_fields(prodlda, corpus):
    swapped = with_fields(
        corpus, group=["b" if g == "a" else "a" for g in corpus.fields["group"]], x=corpus.fields["x"]
    )
    assert prodlda.score(corpus) > prodlda.score(swapped)
    assert prodlda.perplexity(corpus) != prodlda.perplexity(swapped)


def test_partial_fit_moves_gamma(corpus):
    model = topicml.ProdLDA(**SMALL, prevalence="~ group").partial_fit(corpus)
    before = model.network_.covariates.gamma.detach().clone()
    model.partial_fit(corpus)
    assert not torch.equal(before, model.network_.covariates.gamma)


def test_the_penalty_shrinks_gamma(corpus):
    weak, strong = (
        fit(corpus, prevalence="~ group", prevalence_penalty=penalty, max_epochs=20)
        .network_.covariates.gamma.abs()
        .max()
        for penalty in (0.0, 3000.0)
    )
    assert strong < weak / 2


def test_other_values_of_a_field_are_another_fit(corpus):
    model = topicml.ProdLDA(**SMALL, prevalence="~ group")
    other = with_fields(corpus, group=["a", "b"] * 80, x=corpus.fields["x"])
    identities = [model_identity(model, documents_to_fit(model, each, None)) for each in (corpus, other)]
    assert identities[0] != identities[1]
    without = topicml.ProdLDA(**SMALL)
    identities = [model_identity(without, documents_to_fit(without, each, None)) for each in (corpus, other)]
    assert identities[0] == identities[1]


def test_wrong_formulas_are_refused_before_documents_are_read():
    with pytest.raises(InputError, match="no field besides the intercept"):
        topicml.ProdLDA(2, prevalence="~ 1").fit(["not", "read"])
    with pytest.raises(InputError, match="prevalence_penalty"):
        topicml.ProdLDA(2, prevalence_penalty=-1).fit(["not", "read"])


def test_texts_without_fields_are_refused():
    with pytest.raises(InputError, match=r"no field 'group'|needs fields of the documents \(group\)"):
        topicml.ProdLDA(2, prevalence="~ group").fit(["apple boat tree", "apple boat tree"] * 5)


def test_covariates_follow_their_documents(corpus):
    covariates = fit(corpus, prevalence="~ group + x", max_epochs=1).model_matrix_.matrix(corpus)[0]
    batch = Batch.from_counts(corpus.counts, np.array([4, 2])).with_covariates(covariates)
    expected = covariates[[4, 2]].toarray().astype(np.float32)
    kept = batch.with_counts(batch.counts)
    for each in (batch, batch.to("cpu"), kept):
        np.testing.assert_array_equal(each.covariates, expected)
    np.testing.assert_array_equal(batch.padded(4).covariates, np.concatenate([expected, np.zeros((2, 2))]))


def test_the_mean_over_the_documents_has_no_effect():
    prior = CovariatePrior(3, means=[2.0, 5.0], scales=[1.0, 2.0])
    with torch.no_grad():
        prior.gamma.normal_()
    assert torch.equal(prior(torch.tensor([[2.0, 5.0]])), torch.zeros(1, 3))
    torch.testing.assert_close(prior(torch.tensor([[3.0, 5.0]]))[0], prior.gamma[:, 0])
