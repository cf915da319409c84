"""Seeded models: slots and names of topics, documents, saving, and the same bits without seeds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.models import TopicModel
from topicml.models.identity import model_identity
from topicml.models.inference import infer_theta
from topicml.models.topic_model import documents_to_fit
from topicml.nn import Batch
from topicml.objectives import SeedTerm, seeds
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import Training

MODELS = ("ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE")
SEEDS = {"clouds": ["cloud0", "cloud1"], "apples": ["apple3"]}
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
FAST = {"max_epochs": 4, "hidden": 16, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def corpus(planted):
    return Corpus.from_tokens(planted[0])


@pytest.fixture(scope="module")
def fitted(corpus):
    return topicml.ProdLDA(5, seeds=SEEDS, **FAST).fit(corpus)


@pytest.mark.parametrize("name", MODELS)
def test_seeded_topics_are_in_their_slots(name, corpus):
    model = getattr(topicml, name)(5, seeds=SEEDS, **FAST).fit(corpus)
    clouds, apples = model.topics(10)[:2]
    assert {"cloud0", "cloud1"} <= set(clouds) and "apple3" in apples
    assert sum(word.startswith("cloud") for word in clouds) >= 7
    assert model.topic_names_ == ("clouds", "apples", None, None, None)


def test_documents_of_the_subject_join_the_topic(fitted, corpus, planted):
    theta = fitted.transform(corpus)
    of_clouds = theta[planted[1] == 2].argmax(axis=1)
    assert (of_clouds == 0).mean() > 0.9
    assert (theta[planted[1] == 1].argmax(axis=1) > 1).mean() > 0.9  # boats have no seed


def test_strength_holds_documents_with_seeds(fitted, corpus):
    holds = np.asarray(corpus.counts[:, [list(corpus.vocabulary).index("cloud0")]].todense()).ravel() > 0
    weak = topicml.ProdLDA(5, seeds=SEEDS, seed_strength=0, **FAST).fit(corpus)
    rows = np.flatnonzero(holds)  # by the encoder, which the term trains
    thetas = [infer_theta(model.network_, corpus.counts, rows, evidence=False) for model in (fitted, weak)]
    shares = [theta[:, 0].mean() for theta in thetas]
    assert shares[0] > shares[1]
    assert "seeds" in fitted.history_[0] and "seeds" not in weak.history_[0]


def test_without_seeds_fits_have_the_same_bits(corpus, monkeypatch):
    plain = topicml.ProdLDA(5, **FAST).fit(corpus)
    monkeypatch.setattr(ProdLDAStory, "components", lambda self: {})
    monkeypatch.setattr(ProdLDAStory, "check_documents", lambda self, documents: None)
    np.testing.assert_array_equal(plain.components_, topicml.ProdLDA(5, **FAST).fit(corpus).components_)


def test_seeded_models_are_saved_and_loaded(fitted, corpus, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.topic_names_ == fitted.topic_names_
    np.testing.assert_array_equal(loaded.components_, fitted.components_)
    again = clone(loaded).fit(corpus)
    np.testing.assert_array_equal(again.components_, fitted.components_)


def test_a_model_keeps_the_words_of_a_file_that_changes(corpus, tmp_path):
    file = tmp_path / "seeds.toml"
    file.write_text('clouds = ["cloud0"]')
    model = topicml.ProdLDA(3, seeds=str(file), **{**FAST, "max_epochs": 1}).fit(corpus)
    file.unlink()
    assert model.topic_names_ == ("clouds", None, None)
    model.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").topic_names_ == ("clouds", None, None)


def test_composed_models_have_seeds(corpus, tmp_path):
    story = ProdLDAStory(n_topics=3, seeds=SEEDS, hidden=16)
    model = TopicModel(story, training=Training(max_epochs=1, device="cpu"), random_state=0).fit(corpus)
    model.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").topic_names_ == ("clouds", "apples", None)


def test_the_order_of_seeds_belongs_to_the_identity(corpus):
    def of(seeds):
        model = topicml.ProdLDA(5, seeds=seeds, **FAST)
        return model_identity(model, documents_to_fit(model, corpus, None))

    assert of(SEEDS) == of(dict(SEEDS)) != of(dict(reversed(SEEDS.items())))


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"n_topics": 2, "seeds": {"a": ["x"], "b": ["y"], "c": ["z"]}}, "seeds for 3 topics, and n_topics=2"),
        ({"seeds": {}}, "names no topic"),
        ({"seeds": SEEDS, "seed_strength": -1.0}, "seed_strength must be at least 0"),
        ({"seeds": {"a": ["nowhere"]}}, "No document has a seed of the topic 'a'"),
    ],
)
def test_seeds_that_do_not_fit_are_refused(parameters, message, corpus):
    with pytest.raises(InputError, match=message):
        topicml.ProdLDA(**parameters, **FAST).fit(corpus)


def test_partial_fit_with_seeds(corpus):
    model = topicml.ProdLDA(5, seeds=SEEDS, **FAST)
    for part in (corpus[:300], corpus[300:]):
        model.partial_fit(part)
    assert model.topic_names_[0] == "clouds" and "cloud0" in model.topics(10)[0]


def test_seeds_with_a_contrast(corpus):
    model = topicml.ProdLDA(5, seeds=SEEDS, contrast="set", **{**FAST, "max_epochs": 1}).fit(corpus)
    assert {"seeds", "weight_contrast"} <= set(model.history_[0])


def test_names_of_seeds_are_the_labels_of_a_view_until_they_are_renamed(fitted, corpus):
    view = TopicView.of(fitted, corpus)
    assert view.labels[:2] == ["clouds", "apples"] and "," in view.labels[2]
    assert view.rename(0, "sky").labels[0] == "sky"
    assert "," in view.rename(0, None).labels[0]


def _term(fitted, corpus, **options):
    term = SeedTerm(SEEDS, **options)
    documents = documents_to_fit(clone(fitted), corpus, None)
    term.prepare(documents, fitted.network_, batch_size=50)
    return term


@pytest.mark.parametrize("full_length", [1e6, 4.0])
def test_the_term_of_documents_equals_its_formula(fitted, corpus, full_length):
    term = _term(fitted, corpus, strength=1.0, masked=0.0, full_length=full_length)
    batch = Batch.from_counts(corpus.counts, np.arange(40))
    with torch.no_grad():
        posterior = fitted.network_.encode(batch)
        loss = term(batch, posterior, fitted.network_)
        log_theta = posterior.loc.log_softmax(-1).numpy()
        beta = fitted.network_.topic_word().numpy().astype(float)
    column = {word: i for i, word in enumerate(corpus.vocabulary)}
    use = np.log1p(corpus.counts.toarray()).sum(axis=0)
    relative = np.log(beta[:2]) - (np.log(beta[:2]) @ use / use.sum())[:, None]
    seeded, free = beta[:2].mean(axis=0), beta[2:].mean(axis=0)
    total = 0.0
    for d in range(40):
        counts = np.log1p(corpus.counts[d].toarray().ravel())
        for topic, words in enumerate(SEEDS.values()):
            total -= sum(counts[column[word]] for word in words) * log_theta[d, topic]
        odds = np.exp(relative @ counts).mean()
        share = (counts * seeded / (seeded + free)).sum() / counts.sum()
        e = odds / (1 + odds) * share * max(1, corpus.lengths[d] / full_length)
        scores = np.exp(np.log(beta[:2]) @ counts)
        total -= e * (scores / scores.sum() * log_theta[d, :2]).sum()
    share = beta / beta.sum(axis=0)
    of_words = [share[k, column[word]] for k, words in enumerate(SEEDS.values()) for word in words]
    assert loss.parts["seeds_documents"] == pytest.approx(total / 40, rel=1e-4)
    assert loss.parts["seeds_topics"] == pytest.approx(-np.log(of_words).mean(), rel=1e-4)
    assert float(loss.value) == pytest.approx(sum(loss.parts.values()), rel=1e-5)


def test_documents_about_something_else_are_not_pulled(fitted, corpus, planted):
    term = _term(fitted, corpus)
    batch = Batch.from_counts(corpus.counts, np.arange(len(planted[1])))
    pull = term._target(batch, term._tables).sum(dim=1).numpy()
    of_clouds, of_boats = (pull[planted[1] == k].mean() for k in (2, 1))
    assert of_clouds > 10 * of_boats


def test_documents_of_more_than_20_words_are_pulled_by_their_length(fitted, corpus):
    term = _term(fitted, corpus)
    batch = Batch.from_counts(corpus.counts, np.arange(3))
    pulls = [term._target(replace(batch, lengths=torch.full((3,), n)), term._tables) for n in (5.0, 20.0, 50.0)]
    np.testing.assert_array_equal(pulls[0], pulls[1])
    np.testing.assert_allclose(pulls[2], 2.5 * pulls[1], rtol=1e-6)


def test_a_length_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match="full_length must be positive"):
        SeedTerm(SEEDS, full_length=0)


def test_documents_at_equal_distances_show_the_use_of_words(corpus, monkeypatch):
    documents = documents_to_fit(topicml.ProdLDA(5), corpus, None)
    expected = np.log1p(corpus.counts[[0, (len(corpus) - 1) // 2, len(corpus) - 1]].toarray()).sum(axis=0)
    monkeypatch.setattr(seeds, "_SAMPLE", 3)
    np.testing.assert_allclose(seeds._use_of_words(documents), expected / expected.sum(), rtol=1e-5)


def test_a_model_whose_topics_all_have_seeds(corpus):
    model = topicml.ProdLDA(2, seeds=SEEDS, **{**FAST, "max_epochs": 1}).fit(corpus)
    assert np.isfinite(model.components_).all() and np.isfinite(model.history_[0]["seeds"])


def test_the_masked_part_does_not_see_the_seeds(fitted, corpus):
    term = _term(fitted, corpus, masked=1.0)
    batch = Batch.from_counts(corpus.counts, np.arange(40))
    seen = []
    hook = fitted.network_.encoder.register_forward_hook(lambda module, given, result: seen.append(given[0]))
    with torch.no_grad():
        term(batch, fitted.network_.encode(batch), fitted.network_)
    hook.remove()
    seeds = {list(corpus.vocabulary).index(word) for words in SEEDS.values() for word in words}
    assert seeds & set(seen[0].word_ids.tolist()) and not seeds & set(seen[1].word_ids.tolist())


def test_the_term_needs_its_documents(fitted, corpus):
    batch = Batch.from_counts(corpus.counts, np.arange(4))
    with pytest.raises(InputError, match="has not seen the documents"):
        SeedTerm(SEEDS)(batch, fitted.network_.encode(batch), fitted.network_)
