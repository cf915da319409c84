"""Models with a background: salient topics, their term, saving, and the same bits without a background."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

import topicml
from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError
from topicml.models import TopicModel
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.inference import infer_theta
from topicml.nn import Batch
from topicml.objectives import SalientTerm
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import Training

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
FAST = {"max_epochs": 6, "hidden": 16, "random_state": 0, "device": "cpu"}
AGAINST = {"against": "part=old", "salient": 1}


@pytest.fixture(scope="module")
def corpus(planted):
    """Topic 3 (drums) is in the new part only; the others are in both."""
    tokens, topics = planted
    part = np.where(topics == 3, "new", np.where(np.arange(len(topics)) % 2, "new", "old"))
    return Corpus.from_tokens(tokens, fields={"part": part.tolist(), "topic": topics.tolist()})


@pytest.fixture(scope="module")
def fitted(corpus):
    return topicml.ProdLDA(4, **AGAINST, **FAST).fit(corpus)


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"])
def test_the_last_topic_is_what_the_background_has_not(name, corpus):
    model = getattr(topicml, name)(4, **AGAINST, **FAST).fit(corpus)
    assert sum(word.startswith("drum") for word in model.topics(8)[3]) >= 6
    share = model.transform(corpus)[:, 3]
    is_new = corpus.fields["topic"] == 3
    assert share[is_new].mean() > 0.5 and share[~is_new].mean() < 0.2
    assert "salient" in model.history_[0] and "salient_background" in model.history_[0]


def test_strength_keeps_salient_topics_out_of_the_background(corpus):
    # The background has the salient topic at the start, too: only the term says that it must not.
    weights = np.ones((3, corpus.n_words))
    for k, name in enumerate(("apple", "boat", "cloud")):
        weights[k, [word.startswith(name) for word in corpus.vocabulary]] = 20
    rows = np.flatnonzero(corpus.fields["part"] == "old")
    shares = []
    for strength in (0.0, 10.0):
        options = {**AGAINST, **FAST, "batch_size": 50}
        model = topicml.ProdLDA(3, init=weights, against_strength=strength, **options).fit(corpus)
        shares.append(infer_theta(model.network_, corpus.counts, rows, evidence=False)[:, 2].mean())
        assert ("salient" in model.history_[0]) == (strength > 0)
    assert shares[1] < 0.75 * shares[0]


def test_the_term_equals_its_formula(fitted, corpus):
    term = SalientTerm("part=old", salient=2, strength=3.0)
    term.prepare(documents_to_fit(clone(fitted), corpus, None), fitted.network_, batch_size=50)
    batch = Batch.from_counts(corpus.counts, np.arange(20, 60))
    with torch.no_grad():
        posterior = fitted.network_.encode(batch)
        loss = term(batch, posterior, fitted.network_)
        theta = posterior.theta_mean.numpy().astype(np.float64)
    is_old = corpus.fields["part"][20:60] == "old"
    wanted = np.mean(np.where(is_old, -np.log(theta[:, :2].sum(axis=1)), 0))
    assert float(loss.value) == pytest.approx(3 * wanted, rel=1e-4)
    assert loss.parts["salient_background"] == pytest.approx(wanted, rel=1e-4)


def test_theta_does_not_read_which_documents_are_the_background(fitted, corpus):
    same = corpus.replaced(fields=Fields.of({"part": ["old"] * corpus.n_docs}, corpus.n_docs))
    bare = corpus.replaced(fields=Fields.of({}, corpus.n_docs))
    for other in (same, bare):
        np.testing.assert_array_equal(fitted.transform(other), fitted.transform(corpus))


def test_without_a_background_fits_have_the_same_bits(corpus, monkeypatch):
    plain = topicml.ProdLDA(4, **FAST).fit(corpus)
    other = topicml.ProdLDA(4, salient=2, against_strength=3.0, **FAST).fit(corpus)
    np.testing.assert_array_equal(plain.components_, other.components_)
    assert not ProdLDAStory(n_topics=4).components() and not len(ProdLDAStory(n_topics=4).salient_topics)
    assert [*ProdLDAStory(n_topics=4, **AGAINST).salient_topics] == [3]


def test_saved_loaded_and_fitted_again(fitted, corpus, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.against == "part=old" and loaded.salient == 1
    np.testing.assert_array_equal(loaded.transform(corpus), fitted.transform(corpus))
    np.testing.assert_array_equal(clone(loaded).fit(corpus).components_, fitted.components_)


def test_composed_models_and_seeds_and_covariates_and_a_contrast(corpus):
    story = ProdLDAStory(
        n_topics=5, seeds={"apples": ["apple3"]}, prevalence="~ topic", hidden=16, against="part=old", salient=2
    )
    training = Training(max_epochs=2, device="cpu")
    model = TopicModel(story, contrast="set", training=training, random_state=0).fit(corpus)
    assert {"salient", "seeds", "prevalence", "weight_contrast"} <= set(model.history_[0])
    assert model.topic_names_ == ("apples", None, None, None, None) and "apple3" in model.topics(10)[0]
    assert any(word.startswith("drum") for word in model.topics(5)[3] + model.topics(5)[4])


def test_each_part_of_a_stream_has_its_own_background(corpus):
    model = topicml.ProdLDA(4, **AGAINST, **FAST)
    for _ in range(4):
        for part in (corpus[:300], corpus[300:]):
            model.partial_fit(part)
    share = model.transform(corpus)[:, 3]
    assert share[corpus.fields["topic"] == 3].mean() > 2 * share[corpus.fields["part"] == "old"].mean()


def test_the_field_and_its_values_belong_to_the_identity(corpus):
    def of(documents, **parameters):
        model = topicml.ProdLDA(4, **{**AGAINST, **parameters}, **FAST)
        return model_identity(model, documents_to_fit(model, documents, None))

    part = corpus.fields["part"].copy()
    part[0] = "older"
    changed = corpus.replaced(fields=Fields.of({"part": part.tolist()}, corpus.n_docs))
    assert of(corpus) == of(corpus) != of(changed)
    assert of(corpus) != of(corpus, against="part=new") != of(corpus, against="part=new", salient=2)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"against": "part"}, "names no field and value"),
        ({"salient": 4}, "leaves no common topic: salient=4"),
        ({"salient": 3, "seeds": {"a": ["apple1"], "b": ["boat1"]}}, "and 2 have seeds"),
        ({"salient": 0}, "salient must be at least 1"),
        ({"against_strength": -1.0}, "against_strength must be at least 0"),
        ({"init": "clusters"}, "init='clusters'"),
        ({"against": "part=older"}, "It has: 'old'"),
        ({"against": "week=1"}, "no field 'week'"),
    ],
)
def test_what_does_not_fit_is_refused(parameters, message, corpus):
    with pytest.raises(InputError, match=message):
        topicml.ProdLDA(4, **{**AGAINST, **parameters}, **FAST).fit(corpus)


def test_documents_without_fields_are_refused(corpus):
    with pytest.raises(InputError, match="reads a field, and these documents have no fields"):
        topicml.ProdLDA(4, **AGAINST, **FAST).fit(corpus.counts)
