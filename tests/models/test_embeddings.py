"""Models of documents with embeddings: what reads them, what remembers them, and what does not depend on them."""

import numpy as np
import pytest

import topicml
from topicml.explore import TopicView
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.notebook import fitted_html
from topicml.pareto.defaults import length_preference
from topicml.report.overview import model_facts

N_DOCS = 80
OPTIONS = {"n_topics": 3, "max_epochs": 2, "batch_size": 20, "hidden": 16, "random_state": 0}


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    words = [[f"w{j % 4 + 4 * (i % 3)}" for j in rng.integers(0, 40, 8)] for i in range(N_DOCS)]
    vectors = np.eye(3)[np.arange(N_DOCS) % 3] + 0.1 * rng.normal(size=(N_DOCS, 3))
    return topicml.Corpus.from_tokens(words).with_embeddings(vectors)


@pytest.fixture(scope="module")
def model(corpus):
    return topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus)


def weights_of(model):
    return np.concatenate([each.detach().numpy().ravel() for each in model.network_.parameters()])


def test_the_embeddings_reach_the_fit(corpus, model):
    """The same words with vectors in another order train another encoder; other models do not read them."""
    other = corpus.with_embeddings(corpus.embeddings.take(np.random.default_rng(1).permutation(N_DOCS))[:])
    assert not np.array_equal(
        weights_of(model), weights_of(topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(other))
    )
    sets = [weights_of(topicml.ProdLDA(contrast="set", **OPTIONS).fit(each)) for each in (corpus, other)]
    assert np.array_equal(*sets)


def test_transform_needs_words_alone(corpus, model):
    bare = topicml.Corpus.from_tokens(list(corpus), corpus.vocabulary)
    assert np.array_equal(model.transform(bare), model.transform(corpus))
    assert np.array_equal(model.transform(bare.counts), model.transform(corpus))


def test_a_model_remembers_outside_knowledge(corpus, model, tmp_path):
    assert model.outside_knowledge_ == "array"
    model.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").outside_knowledge_ == "array"
    without = [
        topicml.ProdLDA(contrast="set", **OPTIONS).fit(corpus),
        topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(
            corpus.with_embeddings(corpus.embeddings[:], outside_knowledge=False)
        ),
        topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus.counts),
    ]
    assert [each.outside_knowledge_ for each in without] == [None] * 3
    assert model.fit(corpus.counts).outside_knowledge_ is None  # of an earlier fit


def test_pages_mark_outside_knowledge(corpus, model):
    fitted = topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus)
    assert "† Knows more than its documents: array" in fitted_html(fitted)
    assert ("Outside knowledge †", "array") in model_facts(TopicView.of(fitted))
    of_words = topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus.counts)
    of_words.vocabulary_ = tuple(corpus.vocabulary)
    assert "†" not in fitted_html(of_words) and "†" not in str(model_facts(TopicView.of(of_words)))


def test_a_saved_model_of_an_earlier_version_has_no_outside_knowledge(model, tmp_path):
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    import json

    header = json.loads(path.read_text())
    del header["outside_knowledge"]
    path.write_text(json.dumps(header))
    assert topicml.load(tmp_path / "model").outside_knowledge_ is None


def test_partial_fit_remembers_what_any_call_was_given(corpus):
    model = topicml.ProdLDA(contrast="neighbours", **OPTIONS)
    model.partial_fit(corpus[:40]).partial_fit(corpus[40:])
    assert model.outside_knowledge_ == "array"


def test_the_identity_of_a_fit_has_the_embeddings_that_it_reads(corpus):
    def identity(contrast, documents):
        estimator = topicml.ProdLDA(contrast=contrast, **OPTIONS)
        return model_identity(estimator, documents_to_fit(estimator, documents, None))

    other = corpus.with_embeddings(corpus.embeddings[:][::-1])
    assert identity("neighbours", corpus) != identity("neighbours", other)
    assert identity("neighbours", corpus)["embeddings"] == corpus.embeddings.fingerprint
    assert identity("set", corpus) == identity("set", other)


def test_the_preference_of_neighbours_is_twice_that_of_sets(monkeypatch, corpus):
    seen = []
    from topicml.pareto import Balance

    original = Balance.for_length
    monkeypatch.setattr(Balance, "for_length", lambda self, length: seen.append(length) or original(self, length))
    for contrast in ("set", "neighbours"):
        topicml.ProdLDA(contrast=contrast, **OPTIONS).fit(corpus)
    assert [length_preference(each) for each in seen] == [1.5 / 8, 0.3]
    assert length_preference(100 / 2) == 2 * length_preference(100)


def test_the_same_seed_gives_the_same_bits(corpus):
    fits = [weights_of(topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus.counts)) for _ in range(2)]
    assert np.array_equal(*fits)


def test_an_interrupted_fit_continues_to_the_same_bits(corpus, model, tmp_path):
    class Killed(Exception):
        pass

    def kill(record):
        raise Killed

    whole = topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus)
    with pytest.raises(Killed):
        topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(
            corpus, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[kill]
        )
    again = topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(corpus, checkpoint=tmp_path)
    assert np.array_equal(weights_of(whole), weights_of(again))
    with pytest.raises(topicml.errors.InputError, match="embeddings"):
        topicml.ProdLDA(contrast="neighbours", **OPTIONS).fit(
            corpus.with_embeddings(corpus.embeddings[:][::-1]), checkpoint=tmp_path
        )
