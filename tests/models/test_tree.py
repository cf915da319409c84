"""Models whose topics have parents."""

import json
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch

import topicml
from topicml import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.models.ranking import WordRanking
from topicml.models.tree import words_of_cut
from topicml.nn import Batch
from topicml.nn.tree import merges_of
from topicml.objectives import TreeTerm

SMALL = {"n_topics": 6, "hidden": 16, "max_epochs": 15, "batch_size": 64, "learning_rate": 0.02, "random_state": 0}
SUBJECTS = {"sport": ("ball", "ski", "swim"), "food": ("bread", "soup", "cake")}
WORDS = [f"{name}{i}" for narrow in SUBJECTS.values() for name in narrow for i in range(6)]


@pytest.fixture(scope="module")
def corpus():
    """Six narrow topics of two subjects: a document has words of a narrow topic, of its subject, and one sibling's."""
    rng = np.random.default_rng(0)
    documents, narrow_labels, broad_labels = [], [], []
    for _ in range(600):
        broad = rng.choice([*SUBJECTS])
        narrow, sibling = rng.permutation(SUBJECTS[broad])[:2]
        words = [f"{narrow}{i}" for i in rng.integers(6, size=6)]
        words += [f"{sibling}{rng.integers(6)}"] + [f"{broad}{i}" for i in rng.integers(6, size=5)]
        documents.append(words)
        narrow_labels.append(str(narrow))
        broad_labels.append(str(broad))
    return Corpus.from_tokens(documents, fields={"narrow": narrow_labels, "broad": broad_labels})


def fit(corpus, name="ProdLDA", **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(topicml, name)(**{**SMALL, **parameters}).fit(corpus)


@pytest.fixture(scope="module", params=["ProdLDA", "ETM"])
def model(request, corpus):
    return fit(corpus, request.param, parents=2)


@pytest.fixture(scope="module")
def prodlda(corpus):
    return fit(corpus, parents=(2, 4))


def test_a_planted_tree_is_found(model, corpus):
    """Broad subjects by the parents, on the documents; all narrow topics of a subject have the same parent."""
    broad = np.array(corpus.fields["broad"]) == "food"
    parent = model.cut_theta(model.transform(corpus), 2).argmax(axis=1)
    right = max((parent == broad).mean(), (parent != broad).mean())
    assert right > 0.95
    words = model.topics(6, cut=2)
    for subject in SUBJECTS:
        assert any(sum(word.startswith(subject) for word in each) >= 4 for each in words), words


def test_shares_add_up(model, corpus):
    theta = model.transform(corpus).astype(np.float64)
    for n in range(1, 7):
        nodes = model.cut(n)
        sums = model.cut_theta(theta, n)
        want = np.stack([theta[:, nodes == node].sum(axis=1) for node in range(n)], axis=1)
        np.testing.assert_allclose(sums, want, rtol=1e-12)
        np.testing.assert_allclose(sums.sum(axis=1), theta.sum(axis=1))
    np.testing.assert_array_equal(model.parents_, model.cut(2))
    np.testing.assert_array_equal(model.cut(6), np.arange(6))


def test_off_is_the_same_bits(corpus):
    """None adds nothing; with strength 0 the tree only watches."""
    plain, watched, on = fit(corpus), fit(corpus, parents=2, parents_strength=0), fit(corpus, parents=2)
    assert plain.parents_ is None and plain.network_.tree is None and "tree" not in plain.history_[0]
    np.testing.assert_array_equal(plain.components_, watched.components_)
    np.testing.assert_array_equal(plain.transform(corpus), watched.transform(corpus))
    assert watched.parents_ is not None
    assert not np.array_equal(plain.components_, on.components_)
    assert on.history_[0]["tree"] > 0


def test_strength_scales_the_term(corpus, prodlda):
    batch = Batch.from_counts(corpus.counts, np.arange(50))
    values = []
    for strength in (1.0, 3.0):
        network = deepcopy(prodlda.network_)  # the term counts
        torch.manual_seed(0)
        values.append(float(TreeTerm(strength)(batch, network.encode(batch), network, 1.0).value.detach()))
    assert values[1] == pytest.approx(3 * values[0])
    torch.manual_seed(0)
    posterior = network.encode(batch)
    theta = posterior.theta
    parts = [-network.words(network.tree.coarse(theta, n)).log_prob(batch).sum().item() / 50 for n in (2, 4)]
    assert values[0] == pytest.approx(np.mean(parts), rel=1e-5)


def test_running_statistics_are_those_of_the_documents(corpus):
    model = fit(corpus, parents=2, max_epochs=1)
    network = model.network_.train()
    before = {name: value.clone() for name, value in network.decoder.named_buffers() if "running" in name}
    assert before
    network.words_of_view(torch.full((5, 6), 1 / 6) + torch.eye(5, 6))
    for name, value in network.decoder.named_buffers():
        if "running" in name:
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_several_levels_are_nested(prodlda):
    two, four = prodlda.cut(2), prodlda.cut(4)
    assert len({*zip(two.tolist(), four.tolist(), strict=True)}) == 4
    np.testing.assert_array_equal(prodlda.parents_, four)


def test_the_tree_stays_at_the_end(corpus, prodlda):
    """Training grows the tree eight times and then lets it be; evaluation does not count."""
    assert int(prodlda.network_.tree.rounds) == 8
    mass = prodlda.network_.tree.mass.clone()
    prodlda.score(corpus)
    prodlda.transform(corpus)
    torch.testing.assert_close(prodlda.network_.tree.mass, mass, rtol=0, atol=0)


def test_saved_and_loaded(prodlda, corpus, tmp_path):
    prodlda.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.parents == (2, 4)
    np.testing.assert_array_equal(loaded.parents_, prodlda.parents_)
    np.testing.assert_array_equal(loaded.cut(3), prodlda.cut(3))
    assert loaded.topics(5, cut=2) == prodlda.topics(5, cut=2)
    before = loaded.cut(3)
    loaded.partial_fit(corpus[:50])  # the trained tree stays
    np.testing.assert_array_equal(loaded.cut(3), before)


def test_the_tree_joins_topics_by_all_training_documents(corpus, prodlda):
    tree, rows = prodlda.network_.tree, np.setdiff1d(np.arange(corpus.n_docs), prodlda.validation_rows_)
    words = corpus.counts[rows].T @ prodlda.transform(corpus)[rows]
    np.testing.assert_allclose(tree.words.numpy(), words.T, rtol=1e-4)
    np.testing.assert_array_equal(tree.merges, merges_of(tree.words.double().numpy(), [None] * 6, 1))
    first = topicml.ProdLDA(**SMALL, parents=2).partial_fit(corpus)
    np.testing.assert_allclose(first.network_.tree.words.sum(), corpus.counts.sum(), rtol=1e-4)


def test_a_tree_of_an_earlier_version_stays_as_it_is(prodlda, tmp_path):
    from safetensors.torch import load_file, save_file

    prodlda.save(tmp_path / "model")
    file = tmp_path / "model" / "weights.safetensors"
    weights = load_file(file)
    del weights["tree.words"]
    save_file(weights | {"tree.covariance": torch.eye(6)}, file)
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    del header["weights_sha256"]
    (tmp_path / "model" / "model.json").write_text(json.dumps(header))
    np.testing.assert_array_equal(topicml.load(tmp_path / "model").network_.tree.merges, prodlda.network_.tree.merges)


def test_a_damaged_tree_is_refused(prodlda, tmp_path):
    from safetensors.torch import load_file, save_file

    prodlda.save(tmp_path / "model")
    file = tmp_path / "model" / "weights.safetensors"
    weights = load_file(file)
    weights["tree.merges"][0, 1] = 9
    save_file(weights, file)
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    del header["weights_sha256"]
    (tmp_path / "model" / "model.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match=r"damaged.*tree joins"):
        topicml.load(tmp_path / "model")


def test_resumes_with_the_same_bits(corpus, tmp_path):
    whole = fit(corpus, parents=2, max_epochs=6)
    stopped = topicml.ProdLDA(**{**SMALL, "parents": 2, "max_epochs": 6})
    stops = iter([False, False, True])

    class Stop(Exception):
        pass

    def stop(_):
        if next(stops):
            raise Stop

    with pytest.raises(Stop):
        stopped.fit(corpus, checkpoint=tmp_path / "state", checkpoint_seconds=0, callbacks=[stop])
    resumed = topicml.ProdLDA(**{**SMALL, "parents": 2, "max_epochs": 6}).fit(corpus, checkpoint=tmp_path / "state")
    np.testing.assert_array_equal(resumed.components_, whole.components_)
    np.testing.assert_array_equal(resumed.parents_, whole.parents_)


def test_with_seeds_prevalence_and_contrast(corpus, tmp_path):
    pytest.importorskip("formulaic")
    seeds = {"soups": ["soup0", "soup1"]}
    model = fit(corpus, parents=2, seeds=seeds, prevalence="~ broad", contrast="set", max_epochs=4)
    assert {"tree", "seeds", "prevalence", "contrast"} <= {*model.history_[-1]}
    assert model.topic_names_[0] == "soups"
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    np.testing.assert_array_equal(loaded.parents_, model.parents_)


# The data put balls and skis into one subject, and bread and soup into the other.
CROSSED = {"a/balls": ["ball0", "ball1"], "a/soups": ["soup0", "soup1"], "b/skis": ["ski0", "ski1"], "plain": ["cake0"]}


@pytest.mark.parametrize("parents", [2, (2, 3)])
def test_seeds_name_parents(corpus, parents, tmp_path):
    """Topics of one name have one parent, topics of two have not, whatever the documents say."""
    model = fit(corpus, parents=parents, seeds=CROSSED, max_epochs=6)
    found = model.parents_
    assert found[0] == found[1] != found[2]
    assert model.topic_names_ == ("a/balls", "a/soups", "b/skis", "plain", None, None)
    assert (model.parent_names_[found[0]], model.parent_names_[found[2]]) == ("a", "b")
    assert len(model.parent_names_) == found.max() + 1 and set(model.parent_names_) - {None} == {"a", "b"}
    assert model.cut_names(1) == (None,)  # both in one
    assert model.cut_names(6) == (None, None, "b", None, None, None)  # a is two topics there
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.parent_names_ == model.parent_names_
    np.testing.assert_array_equal(loaded.parents_, found)


def test_without_parents_the_slash_is_part_of_a_name(corpus):
    flat = fit(corpus, seeds=CROSSED, max_epochs=2)
    assert flat.topic_names_[:3] == ("a/balls", "a/soups", "b/skis") and flat.parent_names_ is None
    other = fit(corpus, seeds={name.replace("/", " "): words for name, words in CROSSED.items()}, max_epochs=2)
    np.testing.assert_array_equal(flat.components_, other.components_)


def test_names_without_a_parent_change_nothing(corpus):
    """Nothing before or after the slash: the name of a topic, and the tree is that of unnamed parents."""
    named = {"/balls": ["ball0", "ball1"], "skis/": ["ski0", "ski1"]}
    model = fit(corpus, parents=2, seeds=named, max_epochs=4)
    plain = fit(corpus, parents=2, seeds=dict(zip("xy", named.values(), strict=True)), max_epochs=4)
    assert model.parent_names_ == (None, None)
    np.testing.assert_array_equal(model.components_, plain.components_)
    np.testing.assert_array_equal(model.network_.tree.merges, plain.network_.tree.merges)


def test_more_named_parents_than_parents_are_refused(corpus):
    seeds = {f"{name}/x": [f"{name}0"] for name in ("ball", "ski", "soup")}
    with pytest.raises(InputError, match=r"name 3 parents \(ball, ski, soup\), and parents=2 is less"):
        fit(corpus, parents=2, seeds=seeds)
    assert fit(corpus, parents=3, seeds=seeds, max_epochs=1).parent_names_ == ("ball", "ski", "soup")


def test_named_parents_in_a_view(corpus):
    model = fit(corpus, parents=2, seeds=CROSSED, max_epochs=4)
    view = TopicView.of(model)
    first = model.parents_[0]
    branch = view.branches()[first]
    assert branch.name == branch.label == "a" and {0, 1} <= {*branch.topics}
    assert view.path(1) == ["a", "a/soups"]
    merged = view.cut(2)
    assert merged.labels[first] == "a" and view.given_labels[0] == "a/balls"
    named = view.rename(4, "cakes").branches(6)
    assert [each.name for each in named[3:]] == ["plain", "cakes", None]
    assert [each.name for each in view.merge([4, 5]).rename(4, "both").branches(6)][4:] == [None, None]


@pytest.mark.parametrize("name", ["ECRTM", "TSCTM", "LDA2Vec", "DocNADE"])
def test_other_models(corpus, name):
    if not hasattr(getattr(topicml, name)(), "parents"):
        with pytest.raises(TypeError, match="parents"):
            getattr(topicml, name)(parents=2)
        return
    assert len(fit(corpus, name, parents=2, max_epochs=2).parents_) == 6


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        (1, "at least 2 parents"),
        (6, "fewer parents than topics"),
        (8, "fewer parents than topics"),
        ((4, 2), "grow from the root"),
        ((3, 3), "fewer parents than topics"),
        ((), "at least 2 parents"),
        ((1, 3), "at least 2 parents"),
        (2.5, "whole number"),
        (True, "whole number"),
        (("a",), "whole number"),
    ],
)
def test_levels_that_are_refused(corpus, parents, message):
    with pytest.raises(InputError, match=message):
        fit(corpus, parents=parents)


def test_strength_below_zero_is_refused(corpus):
    with pytest.raises(InputError, match="parents_strength"):
        fit(corpus, parents=2, parents_strength=-1)


@pytest.mark.parametrize("n", [0, 7, 2.0, True, "2"])
def test_cuts_that_do_not_exist(prodlda, n):
    with pytest.raises(InputError, match="from 1 to 6"):
        prodlda.cut(n)


def test_without_a_tree(corpus):
    plain = fit(corpus, max_epochs=1)
    for ask in (lambda: plain.cut(2), lambda: plain.topics(cut=2), lambda: TopicView.of(plain).cut(2)):
        with pytest.raises(InputError, match="without a tree"):
            ask()


def test_theta_of_another_model_is_refused(prodlda):
    with pytest.raises(InputError, match="last length must be 6"):
        prodlda.cut_theta(np.ones((2, 5)), 2)


def test_a_model_with_a_tree_does_not_grow(corpus):
    model = topicml.ProdLDA(**{**SMALL, "parents": 2}).partial_fit(corpus[:100])
    with pytest.raises(InputError, match="no parent"):
        model.partial_fit(corpus[100:], grow=True)


def test_words_of_a_cut_by_a_dense_formula():
    """Mean log-weights, summed documents, and the effective share of the children that have the word."""
    rng = np.random.default_rng(0)
    topics, led, nodes = rng.dirichlet(np.ones(7), size=5), rng.integers(0, 9, size=(5, 7)), np.array([0, 1, 0, 1, 0])
    ranking = WordRanking(diversity=None, smoothing=0.0)
    found = words_of_cut(topics, nodes, ranking, None, led)
    for node in (0, 1):
        family = np.flatnonzero(nodes == node)
        counts = led[family] + 0.05 * led.sum(axis=0) / 5
        share = counts / counts.sum(axis=0)
        spread = np.exp(-(share * np.log(share)).sum(axis=0)) / len(family)
        log = np.log(topics[family])
        mean = (log - log.mean(axis=1, keepdims=True)).mean(axis=0)
        summed = np.stack([led[nodes == each].sum(axis=0) for each in (0, 1)])
        counted = np.log(summed[node] + 0.05 * led.sum(axis=0) / 2)
        weight = np.exp((mean - mean.mean() + counted - counted.mean()) / 2)
        weight = weight / weight.sum() * spread
        np.testing.assert_allclose(found[node], weight / weight.sum())


def test_parents_are_as_distinct_as_the_ranking_asks_for():
    """All topics prefer the same words a little, so that without exclusivity parents would share them."""
    rng = np.random.default_rng(0)
    topics = rng.dirichlet(np.full(60, 0.5), size=6) * 0.5 + np.linspace(2, 0, 60) / 120
    nodes = np.array([0, 0, 1, 1, 2, 2])
    distinct = {}
    for diversity in (0.0, 0.9):
        ranking = WordRanking(diversity=diversity, smoothing=0.0, documents=0.0, top_words=10, cut_exclusivity=0.0)
        first = np.argsort(-words_of_cut(topics, nodes, ranking, None, None), axis=1)[:, :10]
        distinct[diversity] = len(np.unique(first)) / first.size
    assert distinct[0.0] < 0.85 <= 0.9 <= distinct[0.9]


@pytest.mark.parametrize(
    ("settings", "power"), [({}, 1.0), ({"cut_exclusivity": 5.0}, 5.0), ({"min_exclusivity": 2.0}, 2.0)]
)
def test_parents_have_a_least_exclusivity(settings, power):
    rng = np.random.default_rng(0)
    topics, nodes = rng.dirichlet(np.ones(30), size=6), np.array([0, 0, 1, 1, 2, 2])
    plain = words_of_cut(topics, nodes, WordRanking(diversity=None, smoothing=0.0), None, None)
    found = words_of_cut(topics, nodes, WordRanking(diversity=0.0, smoothing=0.0, **settings), None, None)
    expected = plain * (plain / np.exp(np.log(plain).mean(axis=1, keepdims=True)) / _centred_total(plain)) ** power
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True), rtol=1e-6)


def _centred_total(weights):
    """Of each word, the sum over nodes of weights whose logarithms are centred."""
    return (weights / np.exp(np.log(weights).mean(axis=1, keepdims=True))).sum(axis=0)


@pytest.mark.parametrize("wrong", [-0.1, 1001])
def test_an_exclusivity_of_parents_out_of_range(wrong):
    with pytest.raises(InputError, match="cut_exclusivity must be from 0 to 1000"):
        WordRanking(cut_exclusivity=wrong)


def test_all_topics_as_a_cut_have_their_own_words(prodlda):
    assert prodlda.topics(5, cut=6) == prodlda.topics(5)
