"""The words of topics in a slice of time, or in a level: by the documents of the group that each topic leads."""

import json
import pickle
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix

import topicml
from topicml import Corpus
from topicml.corpus.covariates import Covariates
from topicml.errors import InputError
from topicml.models import WordRanking
from topicml.models.group_words import led_by_group, led_in_group
from topicml.models.inference import infer_theta
from topicml.starting import Start
from topicml.stories.prodlda import ProdLDAStory

WORDS = [*(f"apple{i}" for i in range(8)), *(f"boat{i}" for i in range(8)), "virus"]
SMALL = {"n_topics": 2, "hidden": 8, "batch_size": 32, "learning_rate": 0.02, "random_state": 0, "max_epochs": 10}
YEARS = 4


@pytest.fixture(scope="module")
def corpus():
    """Documents of two topics. All documents of boats have the virus in the last year, and one in the first."""
    rng = np.random.default_rng(0)
    years, are_boats = np.arange(320) % YEARS, rng.random(320) < 0.5
    documents = [[WORDS[8 * boat + i] for i in rng.integers(8, size=6)] for boat in are_boats]
    for words, year, boat in zip(documents, years, are_boats, strict=True):
        words += ["virus"] * bool(boat and year == YEARS - 1)
    documents[int(np.flatnonzero(are_boats & (years == 0))[0])] += ["virus"]
    years = [None if i == 5 else 2000 + int(year) for i, year in enumerate(years)]
    return Corpus.from_tokens(documents, fields={"year": years, "kind": ["a" if i % 2 else "b" for i in range(320)]})


def fit(corpus, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return topicml.ProdLDA(**{**SMALL, **parameters}).fit(corpus)


@pytest.fixture(scope="module")
def model(corpus):
    return fit(corpus, time="year")


def groups_of(model, corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.groups_.codes(corpus)


def of_each_document(model, corpus, groups, rows):
    """Documents of each group, topic and word, one document after the other."""
    theta = infer_theta(
        model.network_, corpus.counts, np.arange(corpus.n_docs), covariates=Covariates(groups=groups), evidence=False
    )
    counted = np.zeros((model.groups_.n, 2, len(model.vocabulary_)))
    for row in rows[groups[rows] >= 0]:
        counted[groups[row], theta[row].argmax()] += corpus.counts[[row]].toarray()[0] > 0
    return counted.reshape(-1, len(model.vocabulary_))


@pytest.mark.parametrize("piece", [10_000, 70])
def test_the_documents_of_each_group_are_counted(model, corpus, monkeypatch, piece):
    groups = groups_of(model, corpus)
    assert groups[5] == -1
    monkeypatch.setattr("topicml.models.group_words._PIECE", piece)
    covariates = Covariates(groups=groups)
    rows = np.setdiff1d(np.arange(320), model.validation_rows_)
    found = led_by_group(model.network_, corpus.counts, rows, covariates=covariates, n_groups=YEARS)
    np.testing.assert_array_equal(found.toarray(), of_each_document(model, corpus, groups, rows))
    np.testing.assert_array_equal(model._led_by_group.toarray(), found.toarray())
    assert found.dtype == np.float32


def test_led_in_group_is_its_formula():
    rng = np.random.default_rng(0)
    led = rng.poisson(5.0, size=(3, 7)).astype(np.float32)
    in_group, present = rng.poisson(1.0, size=(3, 7)), rng.poisson(4.0, size=7)
    found = led_in_group(led, in_group, present, prior=9.0)
    for k in range(3):
        use = [(1 + present[v]) / (1 + present.sum() * led[:, v].sum() / led.sum()) for v in range(7)]
        guess = np.array([led[k, v] * use[v] for v in range(7)])
        share = (in_group[k] + 9 * guess / guess.sum()) / (in_group[k].sum() + 9)
        np.testing.assert_allclose(found[k], led[k].sum() * share * use, rtol=1e-6)


def test_a_group_that_is_like_all_documents_changes_nothing():
    led = np.random.default_rng(0).integers(100, 900, size=(3, 7)).astype(np.float32)
    np.testing.assert_allclose(led_in_group(led, led, led.sum(axis=0), prior=5.0), led, rtol=1e-6)
    assert np.isfinite(led_in_group(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(3), prior=5.0)).all()


def test_a_word_that_a_slice_hardly_uses_comes_last_in_it(model):
    boats = int(np.argmax(model.components_[:, model.vocabulary_.index("boat0")]))
    assert model.topics_at("2003", 1)[boats] == ["virus"]
    assert model.topics_at("2000", 17)[boats][-1] == "virus"
    before = model.components_at("2000")[boats, model.vocabulary_.index("virus")]
    assert before < model.components_[boats, model.vocabulary_.index("virus")] / 4


@pytest.mark.parametrize(("name", "parameters"), [("time", {"time": "year"}), ("content", {"content": "kind"})])
def test_the_ranking_of_a_group_is_that_of_its_topics_and_documents(corpus, name, parameters):
    model = fit(corpus, **parameters, ranking=WordRanking(group_prior=20))
    deviations = model.network_.deviations
    moved = (deviations.of_topics(1) if name == "time" else deviations.of(1)).detach().numpy()
    topics = np.exp(np.log(model.network_.topic_word().detach().double().numpy()) + moved)
    present = deviations.present[1].numpy()
    led = led_in_group(model._documents_led, model._led_by_group[2:4].toarray(), present, prior=20)
    ranked = WordRanking()(topics / topics.sum(axis=1, keepdims=True), model._word_vectors, led)
    ranked[:, present == 0] = 0
    np.testing.assert_allclose(model.components_at(1), ranked / ranked.sum(axis=1, keepdims=True), rtol=1e-5)


def test_the_ranking_of_the_decoder_reads_no_documents(model):
    plain = pickle.loads(pickle.dumps(model)).rank_words("decoder")
    topics = plain.network_.topic_word().log() + plain.network_.deviations.of_topics(3)
    np.testing.assert_allclose(plain.components_at(3), topics.softmax(dim=-1).detach().numpy(), rtol=1e-4)


def test_a_larger_prior_keeps_words_nearer_to_those_of_all_documents():
    led = np.array([[50.0, 50, 50], [1, 2, 3]])
    near, far = (
        led_in_group(led, np.array([[0, 9, 0], [0, 0, 0]]), np.array([30, 30, 30]), prior=prior)[0]
        for prior in (900, 1)
    )
    assert far[1] / far[0] > 2 * near[1] / near[0]
    with pytest.raises(InputError, match="group_prior must be positive"):
        WordRanking(group_prior=0)


def test_without_groups_nothing_is_counted(corpus):
    assert fit(corpus, max_epochs=1)._led_by_group is None


def test_partial_fit_adds_the_documents_of_its_slices(corpus):
    early = np.flatnonzero([year is not None and year < 2003 for year in corpus.fields["year"].tolist()])
    late = np.flatnonzero([year == 2003 for year in corpus.fields["year"].tolist()])
    model = fit(corpus[early], time="year")
    before = model._led_by_group
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.partial_fit(corpus[late])
        assert (model._led_by_group[:6] != before).nnz == 0
        assert model._led_by_group[6:].sum() == corpus[late].counts.sign().sum()
        present = model.network_.deviations.present.clone()
        model.partial_fit(corpus[early[:50]])
    assert model._led_by_group[:6].sum() == before.sum() + corpus[early[:50]].counts.sign().sum()
    added = np.zeros(present.shape)
    groups = groups_of(model, corpus)
    for row in early[:50]:
        added[groups[row]] += corpus.counts[[row]].sign().toarray()[0]
    np.testing.assert_array_equal(model.network_.deviations.present - present, added)


def test_documents_of_earlier_slices_that_filtering_does_not_read_are_not_counted(corpus):
    years = np.array([year or 0 for year in corpus.fields["year"].tolist()])
    model = fit(corpus[np.flatnonzero((years > 0) & (years < 2003))], time="year", max_epochs=1)
    before = model.network_.deviations.present.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.partial_fit(corpus[np.flatnonzero(years >= 2002)])
    present = model.network_.deviations.present
    assert torch.equal(present[:3], before)
    np.testing.assert_array_equal(present[3], corpus.counts[years == 2003].sign().sum(axis=0).A1)


def test_all_training_documents_are_counted_if_the_start_reads_a_part(monkeypatch):
    both = Corpus.from_tokens(
        [*([WORDS[i] for i in row] for row in [[0, 1]] * 40), *([WORDS[i] for i in row] for row in [[8, 9]] * 40)],
        fields={"kind": ["a", "b"] * 40},
    )
    monkeypatch.setattr(ProdLDAStory, "start", Start(max_tokens=40))
    model = fit(both, content="kind", max_epochs=1)
    rows = np.setdiff1d(np.arange(80), model.validation_rows_)
    assert model.network_.deviations.present.sum() == both.counts[rows].sign().sum()


def test_saved_and_of_an_earlier_version(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert (loaded._led_by_group != model._led_by_group).nnz == 0
    np.testing.assert_array_equal(loaded.components_at(3), model.components_at(3))
    earlier = _rewritten(tmp_path / "model", lambda weights: [weights.pop(name) for name in _names(weights)])
    boats = int(np.argmax(model.components_[:, model.vocabulary_.index("boat0")]))
    assert earlier.topics_at("2000", 17)[boats][-1] == "virus"  # by how often the slice uses a word


@pytest.mark.parametrize(
    "damage",
    [
        lambda weights: weights["ranking.led_by_group.indices"].fill_(99),
        lambda weights: weights.update({"ranking.led_by_group.data": weights["ranking.led_by_group.data"].int()}),
        lambda weights: weights.pop("ranking.led_by_group.indptr"),
        lambda weights: weights.update(
            {"ranking.led_by_group.indptr": weights["ranking.led_by_group.indptr"][:-1].contiguous()}
        ),
    ],
)
def test_damaged_counts_are_refused(model, tmp_path, damage):
    model.save(tmp_path / "model")
    with pytest.raises(InputError, match="is damaged"):
        _rewritten(tmp_path / "model", damage)


def _names(weights):
    return [name for name in weights if name.startswith("ranking.led_by_group.")]


def _rewritten(folder, change):
    """The model in the folder, loaded after a change of its weights."""
    weights = load_file(folder / "weights.safetensors")
    assert len(_names(weights)) == 3
    change(weights)
    save_file(weights, folder / "weights.safetensors")
    header = json.loads((folder / "model.json").read_text())
    del header["weights_sha256"]
    (folder / "model.json").write_text(json.dumps(header))
    return topicml.load(folder)


def test_the_sum_over_ranks(monkeypatch):
    from topicml.nn import ranks

    one = csr_matrix(np.eye(3, dtype=np.float32))
    assert ranks.summed_sparse(one) is one
    monkeypatch.setattr(ranks, "n_ranks", lambda: 2)
    monkeypatch.setattr(ranks, "_gathered", lambda value: [value, 2 * value])
    np.testing.assert_array_equal(ranks.summed_sparse(one).toarray(), 3 * np.eye(3))
