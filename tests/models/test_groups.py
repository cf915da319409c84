"""Models whose topics differ over time, or by the levels of a field."""

import importlib
import pickle
import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import topicml
from topicml import Corpus, explore
from topicml.corpus.covariates import Covariates
from topicml.corpus.fields import Fields
from topicml.corpus.grouping import Levels
from topicml.errors import InputError, TopicWarning
from topicml.models.composition import Composition
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.nn import Batch
from topicml.objectives import ELBO, IWAE
from topicml.objectives.deviations import DeviationPenalty

SMALL = {"n_topics": 2, "hidden": 8, "batch_size": 32, "learning_rate": 0.02, "random_state": 0}
WORDS = [*(f"apple{i}" for i in range(8)), *(f"boat{i}" for i in range(8)), "old", "new"]
YEARS = 4


@pytest.fixture(scope="module")
def corpus():
    """Documents of two topics. That of apples says "old" at first, and "new" later; boats become frequent."""
    rng = np.random.default_rng(0)
    year = rng.integers(YEARS, size=320)
    is_boat = rng.random(320) < 0.2 + 0.2 * year
    documents = []
    for late, boat in zip(year >= YEARS // 2, is_boat, strict=True):
        words = [WORDS[8 * boat + i] for i in rng.integers(8, size=6)]
        documents.append(words if boat else [*words, "new" if late else "old"])
    fields = {"year": (2000 + year).tolist(), "kind": np.where(year >= 2, "b", "a").tolist()}
    return Corpus.from_tokens(documents, fields=fields)


def quietly(call, *arguments, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments, **keywords)


def fit(corpus, name="ProdLDA", **parameters):
    return quietly(getattr(topicml, name)(**{**SMALL, "max_epochs": 20, **parameters}).fit, corpus)


MODELS = [("ProdLDA", {}), ("ProdLDA", {"decoder": "mixture"}), ("ETM", {})]


@pytest.fixture(scope="module", params=MODELS, ids=["ProdLDA", "mixture", "ETM"])
def moving(request, corpus):
    name, parameters = request.param
    return fit(corpus, name, time="year", **parameters)


@pytest.fixture(scope="module")
def prodlda(corpus):
    return fit(corpus, time="year", max_epochs=10)


@pytest.fixture(scope="module")
def levels(corpus):
    return fit(corpus, content="kind", max_epochs=10)


def weight(model, group, word):
    """Of a word in the topic of apples."""
    vocabulary = list(model.vocabulary_)
    apples = np.argmax(model.components_[:, vocabulary.index("apple0")])
    return model.components_at(group)[apples, vocabulary.index(word)]


def test_planted_words_come_and_go(moving, corpus):
    assert moving.groups_.names == ("2000", "2001", "2002", "2003")
    assert weight(moving, "2003", "new") > 3 * weight(moving, "2003", "old")
    assert weight(moving, "2000", "old") > 3 * weight(moving, "2000", "new")


def test_a_planted_rise_of_a_topic_moves_its_prior(moving):
    boats = 1 - np.argmax(moving.components_[:, list(moving.vocabulary_).index("apple0")])
    shares = moving.network_.deviations.shares.detach().numpy()
    rise = shares[:, boats] - shares[:, 1 - boats]
    assert rise[-1] > rise[0]


def test_the_bound_and_perplexity_read_the_time(moving, corpus):
    shifted = corpus.replaced(fields=Fields.of({"year": [2003 - int(y) % 4 for y in corpus.fields["year"]]}, 320))
    assert moving.score(corpus) > moving.score(shifted)
    assert moving.perplexity(corpus) < moving.perplexity(shifted)


def test_content(corpus):
    model = fit(corpus, content="kind")
    assert model.groups_ == Levels("kind", ("a", "b"))
    assert weight(model, "b", "new") > 3 * weight(model, "b", "old")
    assert weight(model, "a", "old") > 3 * weight(model, "a", "new")
    assert "shares" not in dict(model.network_.deviations.named_parameters())


@pytest.mark.parametrize("name", ["ProdLDA", "ETM"])
def test_switched_off_is_the_same_fit(corpus, name):
    plain = fit(corpus, name, max_epochs=2)
    without = fit(corpus.replaced(fields=Fields.of({}, corpus.n_docs)), name, max_epochs=2, deviation=2.0)
    np.testing.assert_array_equal(plain.components_, without.components_)
    assert plain.network_.deviations is None
    assert plain.groups_ is None
    assert "deviations" not in plain.history_[0]


def test_the_bound_is_that_of_the_topics_and_the_prior_of_the_slice(prodlda, corpus):
    batch = Batch.from_counts(corpus.counts, np.arange(5)).with_covariates(Covariates(groups=np.full(5, 2)))
    network, unknown = prodlda.network_, replace(batch, groups=None)
    deviations = network.deviations
    torch.testing.assert_close(network.prior_mean(batch), (network.prior_loc + deviations.shares[2]).expand(5, -1))
    moved = torch.sigmoid(deviations.share_of_posterior) * deviations.shares[2]
    torch.testing.assert_close(network.encode(batch).loc, network.encode(unknown).loc + moved)
    with torch.no_grad():
        for bound in (ELBO(), IWAE(k=2)):
            posterior = network.encode(batch)
            torch.manual_seed(0)
            found = bound(batch, posterior, network).value
            torch.manual_seed(0)
            assert not torch.equal(found, bound(unknown, posterior, network).value)


def test_documents_without_a_group_are_those_of_the_plain_network(prodlda, corpus):
    batch = Batch.from_counts(corpus.counts, np.arange(5))
    unknown = batch.with_covariates(Covariates(groups=np.full(5, -1)))
    theta = torch.full((5, 2), 0.5)
    network = prodlda.network_
    torch.testing.assert_close(network.words(theta, unknown).logits, network.words(theta).logits)
    torch.testing.assert_close(network.encode(unknown).loc, network.encode(batch).loc)


def test_the_penalty_is_the_prior_per_document(prodlda, corpus):
    documents, network = documents_to_fit(topicml.ProdLDA(), corpus, None), prodlda.network_
    penalty = DeviationPenalty()
    with pytest.raises(InputError, match="prepare"):
        penalty(None, None, network)
    penalty.prepare(documents, network, batch_size=32)
    found = penalty(None, None, network).value.item()
    assert found == pytest.approx(network.deviations.penalty().item() / corpus.n_docs)
    assert prodlda.history_[-1]["deviations"] > 0


def test_the_strength_of_the_prior(corpus):
    still = fit(corpus, time="year", max_epochs=5, deviation=0.001).network_.deviations
    free = fit(corpus, time="year", max_epochs=5, deviation=1.0).network_.deviations
    assert still.common.diff(dim=0).abs().mean() < free.common.diff(dim=0).abs().mean() / 3
    assert free.deviation == 1.0


@pytest.mark.parametrize("fixture", ["prodlda", "levels"])
def test_saved_and_loaded(fixture, corpus, tmp_path, request):
    model = request.getfixturevalue(fixture)
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.groups_ == model.groups_
    assert loaded.network_.deviations.deviation == model.network_.deviations.deviation
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    np.testing.assert_array_equal(loaded.components_at(1), model.components_at(1))
    assert loaded.score(corpus) == model.score(corpus)


def test_words_of_a_group(prodlda, levels):
    assert prodlda.topics_at("2001", 4) == prodlda.topics_at(1, 4)
    assert prodlda.topics_at(-1, 4) == prodlda.topics_at("2003", 4)
    assert [len(words) for words in prodlda.topics_at(0, 3)] == [3, 3]
    np.testing.assert_allclose(prodlda.components_at(0).sum(axis=1), 1)
    assert not any("new" in words for words in prodlda.topics_at("2000", 18))  # no document of 2000 has it
    assert levels.topics_at("a", 3) == levels.topics_at(0, 3)


@pytest.mark.parametrize(
    ("group", "n", "message"), [("1999", 5, "2000, 2001, 2002, 2003"), (4, 5, "are 2000, 2001"), (0, 0, "least 1")]
)
def test_words_of_no_group(prodlda, group, n, message):
    with pytest.raises(InputError, match=message):
        prodlda.topics_at(group, n)


def test_a_model_without_groups_has_no_words_of_a_group(corpus):
    with pytest.raises(InputError, match="with time=… or content=…"):
        fit(corpus, max_epochs=1).topics_at(0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"time": "year", "content": "kind"}, "leave one out"),
        ({"by": "year"}, "there is none: set time="),
        ({"time": "year", "by": "hour"}, "by must be one of year"),
        ({"time": "year", "by": 1}, "by must be one of year"),
        ({"time": "year", "deviation": 0.0}, "deviation must be positive"),
        ({"time": "yaer"}, "Did you mean 'year'"),
        ({"content": "kid"}, "Did you mean 'kind'"),
        ({"time": "kind"}, "'.' .*is not a time"),
    ],
)
def test_settings_that_cannot_be_used(corpus, parameters, message):
    with pytest.raises(InputError, match=message):
        fit(corpus, **parameters)


def test_other_decoders_are_refused(corpus):
    with pytest.raises(InputError, match="Use ProdLDA or ETM"):
        fit(corpus, "ECRTM", time="year", max_epochs=1)


def test_topics_over_time_cannot_grow(corpus):
    model = quietly(topicml.ProdLDA(time="year", **SMALL).partial_fit, corpus)
    with pytest.raises(InputError, match="differ over time"):
        quietly(model.partial_fit, corpus, grow=True)


def test_levels_that_the_fit_did_not_see(levels):
    new = Corpus.from_tokens([["apple0"]] * 2, vocabulary=list(levels.vocabulary_), fields={"kind": ["a", "c"]})
    with pytest.warns(TopicWarning, match="did not see: c"):
        levels.transform(new)


def test_the_identity_of_a_fit_has_the_field(corpus):
    model = topicml.ProdLDA(time="year", **SMALL)
    other = corpus.replaced(fields=Fields.of({"year": corpus.fields["year"] + 1}, corpus.n_docs))
    first, second = (model_identity(model, documents_to_fit(model, each, None)) for each in (corpus, other))
    assert first != second


def test_with_seeds_prevalence_and_a_contrast(corpus, tmp_path):
    pytest.importorskip("formulaic")
    seeds = {"boats": ["boat0", "boat1"]}
    model = fit(corpus, time="year", seeds=seeds, prevalence="~ kind", contrast="set", max_epochs=3)
    assert model.topics(3)[0][0].startswith("boat")
    assert model.network_.covariates.gamma.abs().min() > 0
    assert model.network_.deviations.topics.abs().max() > 0
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(topicml.load(tmp_path / "model").transform(corpus), model.transform(corpus))


def test_interrupted_fits_continue_with_the_same_bits(corpus, tmp_path):
    def stop(record):
        """Stop in the second epoch: the checkpoint has the first."""
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    model = topicml.ProdLDA(time="year", max_epochs=3, **SMALL)
    with pytest.raises(KeyboardInterrupt):
        quietly(model.fit, corpus, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[stop])
    resumed = quietly(model.fit, corpus, checkpoint=tmp_path).network_.deviations
    whole = fit(corpus, time="year", max_epochs=3).network_.deviations
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


@pytest.fixture(scope="module", params=["ProdLDA", "ETM"])
def filtered(request, corpus):
    """A model of the first years, before and after it read the last one."""
    early = np.flatnonzero(corpus.fields["year"] < 2003)
    model = fit(corpus[early], request.param, time="year")
    last = corpus[np.flatnonzero(corpus.fields["year"] == 2003)]
    before = {
        "early": model.transform(corpus[early]),
        "score": quietly(model.score, last),
        "trained": [name for name, value in model.network_.named_parameters() if value.requires_grad],
        "weights": {name: value.clone() for name, value in model.network_.state_dict().items()},
    }
    quietly(model.partial_fit, last)
    return model, before, corpus[early], last


def test_a_new_slice_gets_a_number(filtered):
    model, _, _, last = filtered
    assert model.groups_.names[-1] == "2003"
    assert model.groups_.codes(last).tolist() == [3] * last.n_docs
    assert model.network_.deviations.present[3].sum() == last.counts.sign().sum()


def test_filtering_fits_the_new_slice(filtered):
    model, before, _, last = filtered
    assert model.score(last) > before["score"]


def test_filtering_leaves_the_past(filtered):
    model, before, *_ = filtered
    for name, value in model.network_.state_dict().items():
        old = before["weights"][name]
        assert torch.equal(value[: len(old)] if value.ndim else value, old), name
    trained = [name for name, value in model.network_.named_parameters() if value.requires_grad]
    assert sorted(trained) == sorted(before["trained"])


def test_a_filtered_model_is_saved(filtered, tmp_path):
    model, _, early, _ = filtered
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(early), model.transform(early))
    assert loaded.groups_.n == 4


def test_a_filtered_model_can_be_copied_and_trained_on(filtered):
    model, _, early, _ = filtered
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.transform(early), model.transform(early))
    quietly(copied.partial_fit, early)
    assert not torch.equal(copied.network_.deviations.common[:3], model.network_.deviations.common[:3])


def test_a_new_slice_that_fails_leaves_the_model_as_it_was(corpus, tmp_path, monkeypatch):
    model = fit(corpus, time="year", max_epochs=1)
    later = Corpus.from_tokens([list(corpus.document(0))] * 3, fields={"year": [2000 + YEARS] * 3})

    def fail(*_, **__):
        raise InputError("no batches")

    with monkeypatch.context() as patch:
        patch.setattr(Composition, "sampler", fail)
        with pytest.raises(InputError, match="no batches"):
            model.partial_fit(later)
    model.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").groups_.n == YEARS


def test_partial_fit_of_a_known_slice_trains_as_usual(corpus):
    model = fit(corpus, time="year", max_epochs=1)
    before = model.network_.deviations.common.detach().clone()
    quietly(model.partial_fit, corpus[:100])
    assert model.groups_.n == YEARS
    assert not torch.equal(before, model.network_.deviations.common)


def test_drift(moving, corpus):
    table = explore.drift(moving, corpus, n=2).set_index("topic")
    apples = int(np.argmax(moving.components_[:, list(moving.vocabulary_).index("apple0")]))
    row = table.loc[apples]
    assert row["come"].split(", ")[0] == "new"
    assert row["go"].split(", ")[0] == "old"
    assert row["first_share"] > row["last_share"]
    theta, is_first = moving.transform(corpus), corpus.fields["year"] == 2000
    assert row["first_share"] == pytest.approx(theta[is_first, apples].mean(), rel=1e-5)
    words = [
        (moving.network_.decoder.log_topics() + moving.network_.deviations.of_topics(g)).softmax(dim=-1)[apples]
        for g in range(YEARS)
    ]
    assert row["moved"] == pytest.approx((words[0] - words[3]).abs().sum().item() / 2, rel=1e-5)
    steps = [(after - before).abs().sum().item() for before, after in pairwise(words)]
    assert row["most_in"] == str(2001 + int(np.argmax(steps)))


def test_words_of_a_group_after_edits(prodlda):
    view = explore.TopicView.of(prodlda, mass=np.array([3.0, 1.0]))
    for group in (*prodlda.groups_.names, 0, -1):
        assert view.topics_at(group, 7) == prodlda.topics_at(group, 7)
    assert view.order([1, 0]).topics_at("2001", 7) == prodlda.topics_at("2001", 7)[::-1]
    weights = np.array([3, 1]) / 4 @ prodlda.components_at("2001")
    merged = [prodlda.vocabulary_[i] for i in np.argsort(-weights)[:7]]
    assert view.merge([0, 1]).topics_at("2001", 7) == [merged]
    split = view.split(1, words=["new", "old"]).topics_at("2000", 18)
    assert split[2] == ["old"]  # no document of that year has "new"
    assert split[1] == [word for word in prodlda.topics_at("2000", 18)[1] if word != "old"]
    gone = view.split(1, words=["new"]).topics_at("2000", 3)
    assert gone[2] == []
    with pytest.raises(InputError, match="n must be at least 1"):
        view.topics_at("2001", 0)


def test_drift_has_the_edits(prodlda, corpus):
    view = explore.TopicView.of(prodlda, corpus)
    plain = explore.drift(prodlda, corpus)
    assert plain.equals(explore.drift(view)) and plain["label"].tolist() == [view.labels[k] for k in plain["topic"]]
    renamed = explore.drift(view.rename(0, "fruit").hide(1))
    assert renamed["label"].tolist() == ["fruit"] and renamed["topic"].tolist() == [0]
    merged, weights = explore.drift(view.merge([0, 1]), n=3).iloc[0], view.mass / view.mass.sum()
    first, last = (weights @ prodlda.components_at(group) for group in (0, 3))
    assert merged["come"] == ", ".join(prodlda.vocabulary_[i] for i in np.argsort(first - last)[:3])
    assert merged["words"] == ", ".join(prodlda.vocabulary_[i] for i in np.argsort(-last)[:3])
    assert merged["first_share"] == pytest.approx(1) and merged["born"] == merged["gone"] == ""
    network = prodlda.network_
    with torch.no_grad():
        ends = [
            (network.decoder.log_topics() + network.deviations.of_topics(g)).softmax(dim=-1).numpy() for g in (0, 3)
        ]
    assert merged["moved"] == pytest.approx(np.abs(weights @ ends[0] - weights @ ends[1]).sum() / 2, rel=1e-4)
    with pytest.raises(InputError, match="own documents"):
        explore.drift(view, corpus)
    with pytest.raises(InputError, match="needs documents"):
        explore.drift(explore.TopicView.of(prodlda))
    with pytest.raises(InputError, match="Give a Corpus"):
        explore.drift(prodlda, corpus.counts)


def test_a_word_comes_or_goes_only_in_topics_that_use_it(moving, corpus):
    """No document of the first year has "new", and none of the last has "old": boats hardly use either."""
    of_all = list(moving.vocabulary_)
    apples = int(np.argmax(moving.components_[:, of_all.index("apple0")]))
    table = explore.drift(moving, corpus, n=len(WORDS)).set_index("topic")
    for name, word in (("come", "new"), ("go", "old")):
        assert word in table.loc[apples, name].split(", ")
        assert word not in table.loc[1 - apples, name].split(", ")
    first, last = (moving.components_at(group) for group in (0, YEARS - 1))
    for k in range(2):
        for name, rise, weights in (("come", last - first, last), ("go", first - last, first)):
            expected = {of_all[i] for i in np.flatnonzero((rise[k] > 0) & (weights[k] >= weights.mean(axis=0)))}
            assert {*filter(None, table.loc[k, name].split(", "))} == expected
    view = explore.TopicView.of(moving, corpus)
    split = explore.drift(view.split(1, words=["new", "old"]), n=len(WORDS)).set_index("topic")
    assert split.loc[2, ["words", "come", "go"]].tolist() == ["new", "new", "old"]


def test_topics_are_born_and_gone(prodlda, corpus, monkeypatch):
    shares = np.array([[0.0, 0.9], [0.1, 0.9], [0.6, 0.1], [0.7, 0.1]])
    module = importlib.import_module("topicml.explore.drift")  # the name in the package is the function
    monkeypatch.setattr(module, "shares_by_slice", lambda *_: shares)
    table = explore.drift(prodlda, corpus).set_index("topic")
    assert (table.loc[0, "born"], table.loc[0, "gone"]) == ("2002", "")
    assert (table.loc[1, "born"], table.loc[1, "gone"]) == ("", "2002")


def test_drift_needs_slices(levels, prodlda, corpus):
    with pytest.raises(InputError, match="Fit it with time=…"):
        explore.drift(levels, corpus)
    with pytest.raises(InputError, match="no field 'year'"):
        explore.drift(prodlda, corpus.replaced(fields=Fields.of({}, corpus.n_docs)))


def test_deviations_have_a_larger_learning_rate(corpus):
    model = topicml.ETM(time="year", **SMALL)
    documents = replace(documents_to_fit(model, corpus, None), covariates=Covariates(groups=np.zeros(320, dtype=int)))
    parts = model.composition()
    network, _ = parts.network(documents, 0, grouping=parts.story.grouping(documents))
    step = parts.step(network, documents, parts.training, seed=0, device=torch.device("cpu"))
    scales = {id(p): group.get("scale", 1.0) for group in step.optimizer.param_groups for p in group["params"]}
    assert {scales[id(value)] for value in network.deviations.parameters()} == {4.0}
    assert network.deviations.vectors.shape == (len(WORDS), len(WORDS))  # at most 100
