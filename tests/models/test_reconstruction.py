"""Models that reconstruct targets: the likelihood, what reads the targets, and what does not."""

import json

import numpy as np
import pyro
import pytest
import scipy.sparse as sp
import torch
from pyro import poutine
from scipy.special import log_softmax

import topicml
from topicml.explore import TopicView
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.notebook import fitted_html
from topicml.nn.batch import Batch
from topicml.objectives import ELBO
from topicml.report.overview import model_facts
from topicml.stories.docnade import DocNADEStory
from topicml.stories.lda2vec import LDA2VecStory

N_DOCS, N_WORDS = 80, 12
OPTIONS = {"n_topics": 3, "max_epochs": 2, "batch_size": 20, "hidden": 16, "random_state": 0}
MODELS = [topicml.ProdLDA, topicml.ETM, topicml.ECRTM, topicml.TSCTM]


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    words = [[f"w{j % 4 + 4 * (i % 3):02}" for j in rng.integers(0, 40, 4 + i % 9)] for i in range(N_DOCS)]
    fields = {"year": np.arange(N_DOCS) % 4, "kind": ["a", "b"] * (N_DOCS // 2)}
    return topicml.Corpus.from_tokens(words, fields=fields)


@pytest.fixture(scope="module")
def targets(corpus):
    """Counts of other documents beside those of each, in other proportions."""
    return sp.csr_matrix(0.3 * corpus.counts + 0.1 * corpus.counts[::-1])


@pytest.fixture(scope="module")
def model(corpus, targets):
    return topicml.ProdLDA(reconstruct="targets", **OPTIONS).fit(corpus.with_targets(targets))


def weights_of(model):
    return np.concatenate([each.detach().numpy().ravel() for each in model.network_.state_dict().values()])


@pytest.mark.parametrize("kind", MODELS)
def test_the_likelihood_is_that_of_the_scaled_targets(kind, corpus, targets):
    network = kind(**OPTIONS).fit(corpus).network_
    rows = np.array([3, 5, 41])
    batch = Batch.from_counts(corpus.counts, rows).with_targets(targets)
    pyro.set_rng_seed(0)
    with torch.no_grad():
        posterior = network.encode(batch)
        guide = poutine.trace(network.guide).get_trace(batch, posterior)
        trace = poutine.trace(poutine.replay(network.model, guide)).get_trace(batch, posterior)
        logits = trace.nodes["words"]["fn"].word_log_prob().numpy().astype(np.float64)
        pyro.set_rng_seed(0)
        recorded = ELBO()(batch, posterior, network).parts["reconstruction"]
    dense = targets[rows].toarray()
    lengths = corpus.counts[rows].toarray().sum(axis=1, keepdims=True)
    scaled = dense / dense.sum(axis=1, keepdims=True) * lengths
    expected = (scaled * log_softmax(logits, axis=1)).sum(axis=1)
    np.testing.assert_allclose(trace.nodes["words"]["fn"].log_prob(batch.reconstructed), expected, rtol=1e-5)
    assert recorded == pytest.approx(-expected.mean(), rel=1e-5)


def test_the_encoder_reads_the_counts(corpus, targets):
    network = topicml.ProdLDA(**OPTIONS).fit(corpus).network_
    batch = Batch.from_counts(corpus.counts, np.arange(5))
    with torch.no_grad():
        assert torch.equal(network.encode(batch).loc, network.encode(batch.with_targets(targets)).loc)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *[(kind, {}) for kind in MODELS],
        (topicml.ProdLDA, {"bound": "iwae"}),
        (topicml.ProdLDA, {"sampled_words": 5}),
        (topicml.ProdLDA, {"contrast": "set"}),
        (topicml.ProdLDA, {"time": "year"}),
        (topicml.ETM, {"content": "kind"}),
        (topicml.ProdLDA, {"prevalence": "~ kind", "response": "kind"}),
        (topicml.ProdLDA, {"parents": 2}),
    ],
)
def test_targets_that_are_the_counts_give_the_bits_of_a_fit_without(kind, options, corpus):
    options = OPTIONS | {"validation_fraction": 0.3} | options
    of_counts = kind(**options).fit(corpus)
    of_targets = kind(**options, reconstruct="targets").fit(corpus.with_targets(corpus.counts))
    assert np.array_equal(weights_of(of_counts), weights_of(of_targets))
    assert [each["held_out"] for each in of_counts.history_] == [each["held_out"] for each in of_targets.history_]


def test_a_model_of_several_languages_reconstructs_targets(corpus):
    """The words of each language are normalised apart, of targets as of counts."""
    two = topicml.Corpus.multilingual({"en": corpus[:40], "de": corpus[40:]})
    options = OPTIONS | {"languages": True}
    with pytest.warns(topicml.errors.TopicWarning):
        of_counts = topicml.ProdLDA(**options).fit(two)
        of_targets = topicml.ProdLDA(**options, reconstruct="targets").fit(two.with_targets(two.counts))
    assert np.array_equal(weights_of(of_counts), weights_of(of_targets))


@pytest.mark.parametrize("kind", MODELS)
def test_the_targets_reach_the_fit_and_only_their_proportions(kind, corpus, targets):
    fitted = {
        name: weights_of(kind(reconstruct=what, **OPTIONS).fit(corpus.with_targets(given)))
        for name, what, given in (
            ("targets", "targets", targets),
            ("in other proportions", "targets", corpus.counts[::-1] + corpus.counts),
            ("scaled by 4", "targets", targets * 4),
            ("counts", "counts", targets),
        )
    }
    assert not np.array_equal(fitted["targets"], fitted["in other proportions"])
    assert not np.array_equal(fitted["targets"], fitted["counts"])
    assert np.array_equal(fitted["targets"], fitted["scaled by 4"])
    assert np.array_equal(fitted["counts"], weights_of(kind(**OPTIONS).fit(corpus)))


def test_held_out_documents_are_judged_by_their_targets(corpus, targets):
    """The best epoch is that of the bound that is trained."""
    options = {**OPTIONS, "reconstruct": "targets", "validation_fraction": 0.3}
    first = topicml.ProdLDA(**options).fit(corpus.with_targets(targets))
    changed = targets.tolil()
    for row in first.validation_rows_:
        changed[row] = np.roll(targets[row].toarray(), 3)
    second = topicml.ProdLDA(**options).fit(corpus.with_targets(changed.tocsr()))
    for a, b in zip(first.history_, second.history_, strict=True):
        assert a["elbo"] == b["elbo"] and a["held_out"] != b["held_out"]


def test_after_the_fit_no_targets_are_needed(corpus, targets, model):
    with_targets = corpus.with_targets(targets)
    assert np.array_equal(model.transform(with_targets), model.transform(corpus.counts))
    assert model.perplexity(with_targets) == model.perplexity(corpus)
    assert model.score(with_targets) == model.score(corpus)


def test_partial_fit_reads_the_targets_of_each_part(corpus, targets):
    given = corpus.with_targets(targets)
    model = topicml.ProdLDA(reconstruct="targets", **OPTIONS).partial_fit(given[:40])
    of_targets = topicml.ProdLDA(reconstruct="targets", **OPTIONS).partial_fit(given[:40]).partial_fit(given[40:])
    other = corpus.with_targets(corpus.counts[::-1] + corpus.counts)
    assert not np.array_equal(weights_of(model.partial_fit(other[40:])), weights_of(of_targets))
    with pytest.raises(topicml.errors.InputError, match="needs a corpus with targets"):
        model.partial_fit(corpus[40:])
    with pytest.raises(topicml.errors.InputError, match="that it remembers have none"):
        model.partial_fit(given[40:], grow=True)


def test_documents_without_targets_are_refused_before_anything_is_computed(corpus, monkeypatch):
    model = topicml.ProdLDA(reconstruct="targets", **OPTIONS)
    monkeypatch.setattr(type(model.composition().story), "starting_values", None)
    for documents in (corpus, corpus.counts):
        with pytest.raises(topicml.errors.InputError, match=r"needs a corpus with targets.*--targets FILE\.npz"):
            model.fit(documents)


def test_documents_that_lost_the_weights_of_their_words_are_named(corpus):
    """A split removes words; a word may have had all the weight of a document."""
    rare = topicml.Corpus.from_tokens([*corpus, ["w00", "rare"]])
    column = list(rare.vocabulary).index("rare")
    targets = rare.counts.astype(float).tolil()
    targets[N_DOCS] = 0
    targets[N_DOCS, column] = 1
    given = rare.with_targets(targets)
    kept = np.delete(np.arange(rare.n_words), column)
    words = type(given.vocabulary)(rare.vocabulary[i] for i in kept)
    left = given.replaced(vocabulary=words, counts=rare.counts[:, kept])
    with pytest.raises(topicml.errors.InputError, match=f"1 documents with words .* rows {N_DOCS}. Leave"):
        topicml.ProdLDA(reconstruct="targets", **OPTIONS).fit(left)


def test_the_setting_is_one_of_two_and_some_models_have_one():
    with pytest.raises(topicml.errors.InputError, match=r"reconstruct.*counts or targets"):
        topicml.ProdLDA(reconstruct="texts").check_parameters()
    for story in (LDA2VecStory, DocNADEStory):
        name = story.__name__.removesuffix("Story")
        with pytest.raises(topicml.errors.InputError, match=f"{name} predicts words from other words"):
            story(3, reconstruct="targets")
        assert story(3).reconstruct == "counts"


def test_the_identity_of_a_fit_has_the_targets_that_it_reads(corpus, targets):
    def identity(given, **options):
        model = topicml.ProdLDA(**OPTIONS, **options)
        return model_identity(model, documents_to_fit(model, given, None))

    given = corpus.with_targets(targets)
    first = identity(given, reconstruct="targets")
    assert first["targets"] == given.targets.fingerprint
    assert first != identity(corpus.with_targets(corpus.counts), reconstruct="targets")
    assert identity(given) == identity(corpus)


def test_a_checkpoint_of_other_targets_is_refused(corpus, targets, tmp_path):
    def fit(given, **options):
        model = topicml.ProdLDA(reconstruct="targets", **OPTIONS)
        return model.fit(corpus.with_targets(given), checkpoint=tmp_path, checkpoint_seconds=0.0, **options)

    def stop(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(targets, callbacks=[stop])
    with pytest.raises(topicml.errors.InputError, match="targets"):
        fit(corpus.counts)
    whole = topicml.ProdLDA(reconstruct="targets", **OPTIONS).fit(corpus.with_targets(targets))
    assert np.array_equal(weights_of(fit(targets)), weights_of(whole))


def test_a_model_remembers_targets_that_know_more(corpus, targets, model, tmp_path):
    assert model.outside_knowledge_ == "targets of matrix"
    assert "† Knows more than its documents: targets of matrix" in fitted_html(model)
    assert ("Outside knowledge †", "targets of matrix") in model_facts(TopicView.of(model))
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.outside_knowledge_ == "targets of matrix" and loaded.reconstruct == "targets"
    assert np.array_equal(loaded.transform(corpus), model.transform(corpus))
    own = corpus.with_targets(targets, outside_knowledge=False)
    assert topicml.ProdLDA(reconstruct="targets", **OPTIONS).fit(own).outside_knowledge_ is None
    assert topicml.ProdLDA(**OPTIONS).fit(corpus.with_targets(targets)).outside_knowledge_ is None
    both = corpus.with_targets(targets).with_embeddings(np.eye(3)[np.arange(N_DOCS) % 3])
    fitted = topicml.ProdLDA(reconstruct="targets", contrast="neighbours", **OPTIONS).fit(both)
    assert fitted.outside_knowledge_ == "array"


def test_the_settings_of_a_fit_name_what_it_reconstructs(model, tmp_path):
    model.save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "model.json").read_text())["parameters"]["reconstruct"] == "targets"
