"""Prediction of held-out words: smoothing with the words of all documents, and where its one number comes from."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import topicml
from topicml.models import prediction
from topicml.models.prediction import Completion, Smoothing, completions, infer_perplexity, log_shares, smoothing_of

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def corpus():
    """Short documents of one topic, in which every other word is of no topic."""
    rng = np.random.default_rng(0)
    n = 1500
    of_topic = 15 * rng.integers(4, size=(n, 1)) + rng.integers(15, size=(n, 8))
    words = np.where(rng.random((n, 8)) < 0.5, of_topic, rng.integers(60, size=(n, 8)))
    return topicml.Corpus.from_tokens(
        [[f"w{word}" for word in document[: 2 + i % 7]] for i, document in enumerate(words)]
    )


@pytest.fixture(scope="module")
def model(corpus):
    return topicml.ProdLDA(4, max_epochs=4, random_state=0).fit(corpus)


def smoothed(model, words):
    return lambda each: each.smoothed(log_shares(model._documents_led), words)


def test_smoothing_is_that_of_dirichlet():
    given_words = Completion(np.log([0.5, 0.01]), np.ones(2), np.array([2, 0]), np.array([1.0, 3.0]), 2)
    found = given_words.smoothed(np.log([0.2, 0.3, 0.5]), 2.0)
    np.testing.assert_allclose(np.exp(found), [(1 * 0.5 + 2 * 0.5) / 3, (3 * 0.01 + 2 * 0.2) / 5])


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=8), st.floats(1e-3, 1e3), st.integers(1, 50))
def test_smoothed_probabilities_sum_to_one(logits, words, observed):
    log_prob = torch.tensor(logits, dtype=torch.float64).log_softmax(-1).numpy()
    size = len(logits)
    shares = log_shares(np.arange(2 * size).reshape(2, size))
    of_all = Completion(log_prob, np.ones(size), np.arange(size), np.full(size, float(observed)), 1)
    assert np.exp(of_all.smoothed(shares, words)).sum() == pytest.approx(1)


def test_the_words_of_all_documents_have_the_number_of_documents_that_contain_them():
    led = np.array([[3, 0, 1], [1, 0, 0]])
    np.testing.assert_allclose(np.exp(log_shares(led)), np.array([5, 1, 2]) / 8)
    np.testing.assert_allclose(np.exp(log_shares(led, [slice(0, 2), slice(2, 3)])), [5 / 6, 1 / 6, 1])


def test_a_fit_finds_the_number_of_words_that_predicts_validation_documents_best(model, corpus):
    held_out = corpus.counts[np.sort(model.validation_rows_)]
    assert model.smoothing_.held_out == model.smoothing_.documents <= len(model.validation_rows_) == 75
    best = infer_perplexity(model.network_, held_out, smoothed=smoothed(model, model.smoothing_.words))
    for factor in (0.5, 0.9, 1.1, 2):
        words = factor * model.smoothing_.words
        assert best < infer_perplexity(model.network_, held_out, smoothed=smoothed(model, words))
    assert best < infer_perplexity(model.network_, held_out)


def test_perplexity_of_a_model_is_smoothed(model, corpus):
    expected = infer_perplexity(model.network_, corpus.counts, smoothed=smoothed(model, model.smoothing_.words))
    assert model.perplexity(corpus) == pytest.approx(expected)
    assert model.perplexity(corpus) != pytest.approx(infer_perplexity(model.network_, corpus.counts), rel=1e-3)


def test_documents_of_training_are_used_if_too_few_are_held_out(corpus):
    model = topicml.ProdLDA(4, max_epochs=2, random_state=0, validation_fraction=0.03).fit(corpus)
    assert len(model.validation_rows_) == 45
    assert model.smoothing_.held_out == 0
    assert 400 < model.smoothing_.documents <= prediction.MAX_DOCUMENTS  # some cannot be split
    model.fit(corpus[:48])
    assert model.smoothing_ is None
    assert model.perplexity(corpus) == infer_perplexity(model.network_, corpus.counts)


def test_held_out_documents_are_not_among_those_of_training(model, corpus, monkeypatch):
    seen = []
    counted = completions

    def spy(network, counts, rows, **options):
        seen.append(rows)
        return counted(network, counts, rows, **options)

    monkeypatch.setattr(prediction, "completions", spy)
    shares = log_shares(model._documents_led)
    documents = topicml.models.documents.documents_to_fit(model, corpus, None)
    held_out = np.arange(0, 1500, 2)
    smoothing_of(model.network_, documents, held_out, shares)
    smoothing_of(model.network_, documents, held_out[:20], shares)
    assert set(seen[0]) <= set(held_out.tolist())
    assert not set(seen[1]) & set(held_out[:20].tolist())


def test_documents_keep_their_rows_in_all_blocks(model, corpus, monkeypatch):
    rows = []
    predictive = type(model.network_).predictive

    def spy(network, batch, **options):
        rows.append(batch.rows)
        return predictive(network, batch, **options)

    monkeypatch.setattr(type(model.network_), "predictive", spy)
    monkeypatch.setattr(prediction, "_MAX_NUMBERS", 60 * 7)
    wanted = np.arange(1499, 0, -1)
    blocks = list(completions(model.network_, corpus.counts, wanted, seed=5))
    assert max(map(len, rows)) == 7
    found = torch.cat(rows).numpy()
    assert np.all(np.diff(found) < 0)
    assert sum(each.n_docs for each in blocks) == len(found)
    monkeypatch.undo()
    for name in ("log_prob", "words", "observed"):
        whole = np.concatenate([getattr(e, name) for e in completions(model.network_, corpus.counts, wanted, seed=5)])
        np.testing.assert_allclose(np.concatenate([getattr(e, name) for e in blocks]), whole, rtol=1e-4)


def test_it_is_saved_and_older_models_load_without(model, corpus, tmp_path):
    model.save(tmp_path / "m")
    loaded = topicml.load(tmp_path / "m")
    assert loaded.smoothing_ == model.smoothing_
    assert loaded.perplexity(corpus) == pytest.approx(model.perplexity(corpus))
    header = json.loads((tmp_path / "m" / "model.json").read_text())
    older = {name: value for name, value in header.items() if name != "smoothing"}
    (tmp_path / "m" / "model.json").write_text(json.dumps(older))
    loaded = topicml.load(tmp_path / "m")
    assert loaded.smoothing_ is None
    assert loaded.perplexity(corpus) == pytest.approx(infer_perplexity(model.network_, corpus.counts))


@pytest.mark.parametrize("words", [0.0, -1.0, float("inf"), float("nan")])
def test_a_damaged_number_of_words_is_refused(words):
    with pytest.raises(ValueError, match="not a number above 0"):
        Smoothing.from_dict({"words": words, "documents": 60, "held_out": 60})


def test_partial_fit_sets_it_at_the_first_documents(corpus):
    model = topicml.ProdLDA(4, random_state=0).partial_fit(corpus[:300])
    first = model.smoothing_
    assert first.held_out == 0
    model.partial_fit(corpus[300:600])
    assert model.smoothing_ is first


def test_a_model_whose_encoder_reads_embeddings_has_none(corpus):
    vectors = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)
    model = topicml.ProdLDA(4, max_epochs=2, random_state=0, encoder_input="both")
    assert model.fit(corpus.with_embeddings(vectors)).smoothing_ is None
