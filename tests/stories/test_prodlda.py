import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.feature_extraction.text import TfidfTransformer

import topicml
from topicml import ECRTM, ETM, TSCTM, Corpus, LDA2Vec, ProdLDA
from topicml.errors import InputError, TopicWarning
from topicml.models.inference import infer_theta
from topicml.objectives import IWAE


@pytest.fixture(scope="module")
def corpus(planted):
    return Corpus.from_tokens(planted[0])


@pytest.fixture(scope="module")
def model(corpus):
    return ProdLDA(n_topics=4, random_state=0).fit(corpus)


def purity(theta, truth):
    leading = theta.argmax(axis=1)
    return sum(np.bincount(truth[leading == k]).max() for k in np.unique(leading)) / len(truth)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "nmf"},
        {"decoder": "mixture"},
        {"bound": "iwae"},
        {"bound": IWAE(k=2)},
        {"init": "random", "max_epochs": 150, "kl_warmup": 0.5, "patience": 150},
        {"free_bits": 0.1, "theta_dropout": 0.1},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_topics_of_a_planted_corpus_are_recovered(corpus, planted, options):
    fitted = ProdLDA(n_topics=4, random_state=1, **options).fit(corpus)
    roots = [{word.rstrip("0123456789") for word in words} for words in fitted.topics(6)]
    assert sorted(map(sorted, roots)) == [["apple"], ["boat"], ["cloud"], ["drum"]]
    assert purity(fitted.transform(corpus), planted[1]) > 0.95


def test_topics_of_a_corpus_from_lda_are_recovered():
    rng = np.random.default_rng(0)
    beta = rng.dirichlet(np.full(200, 0.05), size=5)
    theta = rng.dirichlet(np.full(5, 0.1), size=1500)
    counts = np.array([rng.multinomial(60, row) for row in theta @ beta])
    words = [f"w{i}" for i in range(200)]
    fitted = ProdLDA(n_topics=5, decoder="mixture", ranking="decoder", random_state=0, max_epochs=60).fit(
        Corpus.from_counts(sp.csr_matrix(counts), words)
    )
    unit = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (beta, fitted.components_)]
    cosine = unit[0] @ unit[1].T
    assert cosine[linear_sum_assignment(-cosine)].min() > 0.9


def test_components_are_distributions_in_vocabulary_order(model, corpus):
    assert model.components_.shape == (4, corpus.n_words)
    np.testing.assert_allclose(model.components_.sum(axis=1), 1)
    assert (model.components_ > 0).all()
    best = [corpus.vocabulary[i] for i in model.components_.argmax(axis=1)]
    assert [words[0] for words in model.topics(3)] == best


@pytest.mark.parametrize("decoder", ["product", "mixture"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(corpus, decoder):
    weights = [
        ProdLDA(n_topics=4, random_state=seed, max_epochs=3, decoder=decoder).fit(corpus).network_.state_dict()
        for seed in (3, 3, 4)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_fit_does_not_change_the_random_state_of_the_caller(corpus):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    ProdLDA(n_topics=4, random_state=0, max_epochs=2).fit(corpus)
    assert torch.equal(torch.rand(3), expected)


def test_transform_does_not_depend_on_the_batch(model, corpus):
    whole = model.transform(corpus)
    alone = np.vstack([model.transform(corpus[[i]]) for i in range(20)])
    np.testing.assert_allclose(whole[:20], alone, rtol=1e-5, atol=1e-6)
    many = Corpus.from_counts(sp.vstack([corpus.counts] * 5), corpus.vocabulary)
    np.testing.assert_allclose(model.transform(many)[-600:], whole, rtol=1e-5, atol=1e-6)


def test_transform_equals_fit_transform_and_is_deterministic(corpus):
    estimator = ProdLDA(n_topics=4, random_state=0, max_epochs=3)
    theta = estimator.fit_transform(corpus)
    np.testing.assert_array_equal(theta, estimator.transform(corpus))
    np.testing.assert_array_equal(theta, estimator.transform(corpus))
    np.testing.assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)


def test_an_empty_document_gets_the_prior_mean(corpus):
    alpha = (0.1, 0.2, 0.3, 0.4)
    fitted = ProdLDA(n_topics=4, alpha=alpha, random_state=0, max_epochs=2).fit(corpus)
    theta = fitted.transform(Corpus.from_tokens([["apple1"], []], vocabulary=corpus.vocabulary))
    np.testing.assert_allclose(theta[1], alpha, rtol=1e-5)


def test_empty_documents_do_not_change_the_fit(planted, corpus, model):
    lists = [*planted[0][:300], [], *planted[0][300:]]
    fitted = ProdLDA(n_topics=4, random_state=0).fit(Corpus.from_tokens(lists, vocabulary=corpus.vocabulary))
    assert fitted.transform(corpus).shape == (600, 4)
    assert purity(fitted.transform(corpus), planted[1]) > 0.95


def test_unknown_words_are_ignored_and_reported(model, corpus):
    without_unknown = Corpus.from_tokens([["apple1", "apple2"]])
    mixed = Corpus.from_tokens([["zebra", "apple1", "apple2"]])
    with pytest.warns(TopicWarning, match=r"1 of 3 words \(33.3%\)"):
        theta = model.transform(mixed)
    np.testing.assert_allclose(theta, model.transform(without_unknown), rtol=1e-6)


def test_a_corpus_with_its_words_in_another_order_is_aligned(model, corpus):
    shuffled = Corpus.from_counts(corpus.counts[:, ::-1], list(corpus.vocabulary)[::-1])
    np.testing.assert_allclose(model.transform(shuffled), model.transform(corpus), rtol=1e-5, atol=1e-6)


def test_fit_accepts_raw_texts_and_preprocesses_new_texts_in_the_same_way():
    texts = ["Cats chase mice.", "Dogs chase cats!", "Stocks and markets fell.", "Markets: stocks rose"] * 20
    fitted = ProdLDA(n_topics=2, random_state=0, max_epochs=5).fit(texts)
    assert fitted.preprocessor_ is not None
    theta = fitted.transform(["the CATS, chasing mice", "stocks"])
    assert theta.shape == (2, 2)
    np.testing.assert_allclose(theta[0], fitted.transform(["cat chase mouse"])[0], rtol=1e-5)


def test_save_load_transform_are_equal(model, corpus, tmp_path):
    model.save(tmp_path / "m")
    loaded = topicml.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    np.testing.assert_array_equal(loaded.components_, model.components_)
    assert loaded.topics(10) == model.topics(10)
    assert loaded.get_params() == model.get_params()
    assert loaded.history_ == model.history_
    assert loaded.diagnostics_ == model.diagnostics_


def test_the_history_has_a_record_per_epoch(model):
    assert [record["epoch"] for record in model.history_] == list(range(1, len(model.history_) + 1))
    for name in (
        "loss",
        "elbo",
        "reconstruction",
        "kl",
        "held_out",
        "seconds",
        "documents_per_second",
        "learning_rate",
    ):
        assert all(math.isfinite(record[name]) for record in model.history_), name
    assert model.history_[-1]["loss"] < model.history_[0]["loss"]


def test_perplexity_is_below_chance_and_worse_for_shuffled_words(model, corpus):
    rng = np.random.default_rng(0)
    shuffled = corpus.counts.copy()
    shuffled.indices = rng.permutation(shuffled.indices)
    shuffled.sum_duplicates()
    value = model.perplexity(corpus)
    assert value == model.perplexity(corpus)
    assert 5 < value < 25  # a topic has twelve words; chance is 48
    assert model.perplexity(Corpus.from_counts(shuffled, corpus.vocabulary)) > 2 * value


def test_perplexity_is_the_completion_likelihood(model):
    """If a document repeats one word, both halves have only this word, so the result has a closed form."""
    counts = sp.csr_matrix(([1000], ([0], [3])), shape=(1, model.n_features_in_))
    theta = torch.tensor(infer_theta(model.network_, counts, np.arange(1), evidence=False))
    log_prob = deepcopy(model.network_).cpu().decoder(theta).word_log_prob()[0, 3].item()
    assert model.perplexity(counts, steps=0) == pytest.approx(math.exp(-log_prob), rel=1e-4)


def test_score_is_the_bound_and_higher_for_the_training_documents(model, corpus, planted):
    assert model.score(corpus) == model.score(corpus)
    rng = np.random.default_rng(1)
    words = rng.integers(48, size=(100, 9))
    noise = Corpus.from_tokens([[corpus.vocabulary[i] for i in row] for row in words], vocabulary=corpus.vocabulary)
    assert model.score(corpus) > model.score(noise)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_partial_fit_of_one_document_leaves_the_model_as_it_is(corpus):
    estimator = ProdLDA(n_topics=4, random_state=0).partial_fit(corpus[:300])
    before = estimator.components_
    np.testing.assert_array_equal(estimator.partial_fit(corpus[[300]]).components_, before)
    assert len(estimator.history_) == 1


def test_partial_fit_learns_batch_by_batch(corpus, planted):
    estimator = ProdLDA(n_topics=4, random_state=0)
    for _ in range(40):
        for part in (corpus[:300], corpus[300:]):
            estimator.partial_fit(part)
    assert len(estimator.history_) == 80
    assert estimator.history_[-1]["loss"] < estimator.history_[0]["loss"]
    assert purity(estimator.transform(corpus), planted[1]) > 0.95


def test_topics_frame(model):
    frame = model.topics_frame(5)
    assert frame.columns.tolist() == ["topic", "rank", "word", "probability"]
    assert frame[frame.topic == 2].word.tolist() == model.topics(5)[2]
    assert (frame.groupby("topic").probability.apply(lambda p: p.is_monotonic_decreasing)).all()


def test_a_collapsed_model_gives_a_warning_with_advice():
    noise = sp.csr_matrix(np.random.default_rng(0).poisson(0.5, size=(400, 30)).astype(np.int32))
    with pytest.warns(TopicWarning, match="The topics collapsed"):
        ProdLDA(n_topics=20, random_state=0, alpha=50.0, max_epochs=100, init="random", learning_rate=0.01).fit(noise)


@pytest.mark.parametrize(
    ("documents", "options", "match"),
    [
        (["one text"], {}, "at least two documents; X has 1"),
        ("one string", {}, "one string"),
        (sp.csr_matrix((5, 4), dtype=np.int32), {}, "None of the 5 documents has a word"),
        (np.ones((5, 4)), {"n_topics": 1}, "n_topics"),
        (np.ones((5, 4)), {"decoder": "sum"}, "product, mixture"),
        (np.ones((5, 4)), {"init": "svd"}, "npmi, nmf, random"),
        (np.ones((5, 4)), {"bound": "vae"}, "elbo, iwae"),
        (np.ones((5, 4)), {"batch_size": 1}, "batch_size"),
        (np.ones((5, 4)), {"max_epochs": 0}, "max_epochs"),
        (np.ones((5, 4)), {"learning_rate": 0}, "learning_rate"),
        (np.ones((5, 4)), {"alpha": -1.0}, "alpha"),
        (np.ones((5, 4)), {"device": "tpu9"}, "device"),
        (np.ones((5, 4)), {"precision": "int8"}, "precision"),
        (np.ones((5, 4)), {"n_topics": "5"}, "n_topics must be a whole number; received '5'"),
        (np.ones((5, 4)), {"hidden": 2.5}, "hidden must be a whole number; received 2.5"),
        (np.ones((5, 4)), {"max_epochs": True}, "max_epochs must be None or a whole number; received True"),
        (np.ones((5, 4)), {"learning_rate": float("nan")}, "learning_rate must be a finite number"),
        (np.ones((5, 4)), {"clip": None}, "clip must be a finite number; received None"),
        (np.ones((5, 4)), {"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        (np.ones((5, 4)), {"kl_warmup": 20}, r"kl_warmup must be a fraction of training, in \[0, 1\]"),
        (np.ones((5, 4)), {"alpha": "small"}, "alpha must be a number, or one number per topic; received 'small'"),
        (np.ones((5, 4)), {"bound": 3}, "elbo, iwae"),
        (np.ones((5, 4)), {"exclusivity": None}, "'auto' or a number"),
        ([["a", "word"], ["another"]], {}, r"list of token lists.*Corpus\.from_tokens"),
        ([None, "a word"], {}, "Text 0 .*is None"),
        ({"text": ["a word", "another"]}, {}, r"dict with columns.*Corpus\.from_frame"),
        (pd.DataFrame({"n": [1, 2], "text": ["a word", "another"]}), {}, r"DataFrame with columns.*Corpus\.from_frame"),
        ((text for text in ["a word", "another"]), {}, "a generator, .* list"),
        (Path("texts.csv"), {}, r"Corpus\.read\('texts\.csv'\)"),
        (Corpus.from_tokens([[], ["a", "b"], []]), {}, "of 3 documents, only row 1 has a word"),
        (np.full((5, 4), -1), {}, "Negative values"),
        (np.full((5, 4), np.nan), {}, "NaN"),
        (np.full((5, 4), 1e30), {}, "row 0, column 0 is more than 9,007,199,254,740,992"),
    ],
)
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_invalid_input_is_refused_with_a_reason(documents, options, match):
    with pytest.raises(ValueError, match=match):
        ProdLDA(**{"n_topics": 2, **options}).fit(documents)


@pytest.mark.parametrize("kind", [ETM, ECRTM, LDA2Vec, TSCTM])
def test_every_model_checks_the_types_of_its_numeric_arguments(kind):
    with pytest.raises(InputError, match="hidden must be a whole number"):
        kind(hidden="many").check_parameters()
    kind().check_parameters()


@pytest.mark.filterwarnings("ignore:The topics collapsed")
def test_more_topics_than_words_or_documents_give_a_warning():
    counts = np.random.default_rng(0).poisson(1.0, size=(6, 5)) + 1
    with pytest.warns(TopicWarning, match="n_topics=12 is more than the 6 documents"):
        fitted = ProdLDA(n_topics=12, random_state=0, max_epochs=2).fit(counts)
    assert fitted.transform(counts).shape == (6, 12)
    with pytest.raises(InputError, match="at most 5, the number of words; received 10"):
        fitted.topics(10)


def test_counts_may_be_fractional(counts, planted):
    fitted = ProdLDA(n_topics=4, random_state=0).fit(TfidfTransformer(norm=None).fit_transform(counts))
    assert purity(fitted.transform(counts), planted[1]) > 0.95


@pytest.mark.filterwarnings("ignore:The topics collapsed")
def test_raw_text_for_a_model_of_counts_is_refused_with_advice(counts):
    fitted = ProdLDA(n_topics=4, random_state=0, max_epochs=1).fit(counts)
    with pytest.raises(InputError, match="fitted on counts or tokens"):
        fitted.transform(["some text"])
    assert fitted.topics(2)[0][0].startswith("x")
