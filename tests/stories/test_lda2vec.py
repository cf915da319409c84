import math
from copy import deepcopy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.utils.estimator_checks import parametrize_with_checks

import topicml
from topicml.corpus import Corpus, synthetic
from topicml.errors import InputError, TopicWarning
from topicml.metrics import clustering, coherence
from topicml.nn.windows import OrderedBatch
from topicml.stories.lda2vec import DirichletSparsity, LDA2Vec, OrderedSampler

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "random_state": 0}
SMALL = {"n_topics": 4, "max_epochs": 40, "hidden": 50, "pairs": 5, "noise_words": 20, "random_state": 0}


@pytest.fixture(scope="module")
def corpus(planted):
    return Corpus.from_tokens(planted[0])


@pytest.fixture(scope="module")
def model(corpus):
    return LDA2Vec(**SMALL).fit(corpus)


def purity(theta, truth):
    leading = theta.argmax(axis=1)
    return sum(np.bincount(truth[leading == k]).max() for k in np.unique(leading)) / len(truth)


@parametrize_with_checks([LDA2Vec(pairs=2, noise_words=10, **FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vectors": "random", "max_epochs": 100},
        {"vectors": "word2vec", "vector_size": 20},
        {"train_vectors": False},
        {"pivot_dropout": 1.0},
        {"pivot_dropout": 0.0},
        {"sparsity": 0.0, "kl_warmup": 0.5},
        {"bound": "iwae", "max_epochs": 20},
        {"vector_size": 3},
        {"contrast": "set"},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_topics_of_a_planted_corpus_are_recovered(corpus, planted, options):
    fitted = LDA2Vec(**{**SMALL, **options}).fit(corpus)
    roots = sorted(sorted({word.rstrip("0123456789") for word in words}) for words in fitted.topics(6))
    assert roots == [["apple"], ["boat"], ["cloud"], ["drum"]]
    assert purity(fitted.transform(corpus), planted[1]) > 0.95


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_random_initial_topics_do_not_collapse(corpus, planted):
    fitted = LDA2Vec(**{**SMALL, "n_topics": 10, "init": "random"}).fit(corpus)
    assert purity(fitted.transform(corpus), planted[1]) > 0.9


def test_counts_without_word_order_can_be_fitted(counts, planted):
    fitted = LDA2Vec(**SMALL).fit(counts)
    assert purity(fitted.transform(counts), planted[1]) > 0.95


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_nearby_words_get_similar_vectors_if_the_order_of_words_is_available():
    """Each document has all words equally often, those of a letter one after the other: only the order tells letters.

    Measured with seeds 0 to 3: the difference is 1.06 to 1.17 with the order of the words, and up to 0.1 without.
    """
    rng = np.random.default_rng(0)
    texts = [[f"{'abcd'[k]}{i}" for k in rng.permutation(4) for i in rng.integers(6, size=20)] for _ in range(60)]
    ordered = Corpus.from_tokens(texts)
    options = {"vectors": "random", "vector_size": 8, "init": "random", "pivot_dropout": 0.0, "hidden": 16}
    training = {
        "max_epochs": 60,
        "validation_fraction": 0.0,
        "batch_size": 30,
        "learning_rate": 0.02,
        "random_state": 0,
    }

    def difference(corpus):
        """Mean cosine of vectors of words with the same letter, less that of others."""
        words = LDA2Vec(n_topics=4, **options, **training).fit(corpus).network_.cpu().decoder.words.detach().numpy()
        words /= np.linalg.norm(words, axis=1, keepdims=True)
        letters = np.array([word[0] for word in ordered.vocabulary])
        same = letters[:, None] == letters
        cosine = words @ words.T
        return cosine[same & ~np.eye(len(words), dtype=bool)].mean() - cosine[~same].mean()

    assert difference(ordered) > 0.8
    assert abs(difference(Corpus.from_counts(ordered.counts, ordered.vocabulary))) < 0.3


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_topics_of_a_corpus_from_lda_are_recovered(seed):
    """Measured with seeds 0 to 4: mean cosine 0.975 and more; 0.949 and less without the decoder's bias."""
    truth = synthetic.lda(n_docs=1000, n_topics=5, n_words=200, mean_length=60, random_state=2)
    fitted = LDA2Vec(**{**SMALL, "n_topics": 5, "topic_rate": 1.0, "random_state": seed}).fit(truth.corpus)
    # components_ rank words by p(word | topic) / p(word) to some power; the decoder has the probabilities.
    with torch.no_grad():
        words = fitted.network_.cpu().decoder(torch.eye(5)).word_log_prob().exp().numpy()
    unit = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (truth.beta, words)]
    cosine = unit[0] @ unit[1].T
    matched = cosine[linear_sum_assignment(-cosine)]
    assert matched.min() > 0.92
    assert matched.mean() > 0.965


def test_components_are_the_nearest_words(model, corpus):
    decoder = model.network_.decoder
    scores = (decoder.topics @ decoder.words.T).detach().cpu().numpy()
    assert model.components_.shape == (4, corpus.n_words)
    np.testing.assert_allclose(model.components_.sum(axis=1), 1)
    first = deepcopy(model).rank_words("decoder").components_.argmax(axis=1)
    np.testing.assert_array_equal(first, scores.argmax(axis=1))


@pytest.mark.filterwarnings("ignore:The topics collapsed")
@pytest.mark.parametrize("ordered", [True, False])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(corpus, counts, ordered):
    weights = [
        LDA2Vec(**{**SMALL, "max_epochs": 3, "random_state": seed})
        .fit(corpus if ordered else counts)
        .network_.state_dict()
        for seed in (3, 3, 4)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


class Stopped(Exception):
    """Simulates a killed process."""


def test_an_interrupted_run_ends_with_the_same_bits(corpus, tmp_path):
    def stop(record):
        if record["epoch"] == 3:
            raise Stopped

    options = {**SMALL, "max_epochs": 6, "batch_size": 100}
    whole = LDA2Vec(**options).fit(corpus)
    with pytest.raises(Stopped):
        LDA2Vec(**options).fit(corpus, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[stop])
    resumed = LDA2Vec(**options).fit(corpus, checkpoint=tmp_path, checkpoint_seconds=0)
    expected, actual = whole.network_.state_dict(), resumed.network_.state_dict()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_save_load_transform_are_equal(model, corpus, tmp_path):
    model.save(tmp_path / "m")
    loaded = topicml.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    np.testing.assert_array_equal(loaded.components_, model.components_)
    assert loaded.get_params() == model.get_params()
    assert loaded.score(corpus) == model.score(corpus)
    assert loaded.perplexity(corpus) == model.perplexity(corpus)


@pytest.mark.filterwarnings("ignore:The topics collapsed")
def test_a_model_with_an_array_of_vectors_can_be_saved(counts, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(48, 7))
    fitted = LDA2Vec(vectors=vectors, **FAST).fit(counts)
    assert fitted.network_.decoder.words.shape == (48, 7)
    fitted.save(tmp_path / "m")
    np.testing.assert_array_equal(topicml.load(tmp_path / "m").components_, fitted.components_)


@pytest.mark.filterwarnings("ignore:The topics collapsed")
@pytest.mark.parametrize("kind", ["txt", "bin", "object"])
def test_keyed_vectors_are_sorted_like_the_vocabulary(corpus, tmp_path, kind):
    from gensim.models import KeyedVectors

    rng = np.random.default_rng(0)
    words = [word for word in reversed(corpus.vocabulary) if word != "boat3"]
    keyed = KeyedVectors(vector_size=6)
    keyed.add_vectors(words, rng.normal(size=(len(words), 6)).astype(np.float32))
    path = tmp_path / f"vectors.{kind}"
    keyed.save_word2vec_format(str(path), binary=kind == "bin")
    options = {**FAST, "train_vectors": False, "frequency_power": 0.0}
    with pytest.warns(TopicWarning, match="1 of 48 words have no vector"):
        fitted = LDA2Vec(vectors=keyed if kind == "object" else path, **options).fit(corpus)
    learned = fitted.network_.cpu().decoder.words.detach().numpy()
    for i, word in enumerate(corpus.vocabulary):
        if word in keyed:
            unit = keyed[word] / np.linalg.norm(keyed[word])
            np.testing.assert_allclose(learned[i], unit, atol=1e-4)


@pytest.mark.filterwarnings("ignore:The topics collapsed")
def test_lengths_of_word_vectors_are_a_power_of_the_document_frequency(counts):
    vectors = np.random.default_rng(0).normal(size=(48, 5))
    fitted = LDA2Vec(vectors=vectors, train_vectors=False, frequency_power=0.5, **FAST).fit(counts)
    squared = (fitted.network_.cpu().decoder.words ** 2).sum(dim=1).detach().numpy()
    trained_on = counts[np.setdiff1d(np.arange(counts.shape[0]), fitted.validation_rows_)]
    frequency = np.bincount(trained_on.indices, minlength=48)
    np.testing.assert_allclose(squared, frequency / frequency.mean(), rtol=1e-4)


def test_training_reads_windows_only_from_its_corpus(corpus, monkeypatch):
    seen = []
    batch = OrderedSampler.batch
    monkeypatch.setattr(OrderedSampler, "batch", lambda self, *at: seen.append(batch(self, *at)) or seen[-1])
    estimator = LDA2Vec(**SMALL)
    halves = (corpus[:300], Corpus.from_tokens(list(corpus[300:]), vocabulary=list(corpus.vocabulary)[::-1]))
    for half in halves:
        seen.clear()
        estimator.partial_fit(half)
        assert seen
        for each in seen:
            assert isinstance(each, OrderedBatch)
            for i, row in enumerate(each.rows.tolist()):
                ids = each.tokens[each.token_offsets[i] : each.token_offsets[i + 1]].tolist()
                assert [estimator.vocabulary_[j] for j in ids] == half.document(row)


def test_partial_fit_learns_batch_by_batch(corpus, planted):
    estimator = LDA2Vec(**SMALL)
    for _ in range(15):
        for part in (corpus[:300], corpus[300:]):
            estimator.partial_fit(part)
    assert estimator.history_[-1]["elbo"] < estimator.history_[0]["elbo"]
    assert purity(estimator.transform(corpus), planted[1]) > 0.95


def test_score_is_higher_for_the_training_documents_and_needs_no_word_order(model, corpus):
    rng = np.random.default_rng(1)
    noise = sp.csr_matrix(rng.multinomial(9, np.full(48, 1 / 48), size=100))
    assert model.score(corpus) == model.score(corpus)
    assert model.score(corpus) == model.score(corpus.counts)
    assert model.score(corpus) > model.score(noise)


def test_perplexity_comes_from_a_normalised_distribution(model, corpus):
    with torch.no_grad():
        decoder = deepcopy(model.network_).cpu().decoder
        words = decoder(torch.tensor(model.transform(corpus[:5]))).word_log_prob().exp()
    np.testing.assert_allclose(words.sum(dim=1), 1, rtol=1e-5)
    assert 5 < model.perplexity(corpus) < 25  # a topic has twelve words; chance is 48


@pytest.mark.filterwarnings("ignore:.* share most of their words")
def test_with_sparsity_documents_have_fewer_topics(corpus):
    largest = [
        LDA2Vec(**{**SMALL, "n_topics": 8, "sparsity": sparsity}).fit(corpus).transform(corpus).max(axis=1).mean()
        for sparsity in (0.0, 1.0)
    ]
    assert largest[1] > largest[0]


def test_dirichlet_sparsity_is_the_negative_log_density_with_a_floor():
    from scipy.stats import dirichlet

    from topicml.nn.posterior import Posterior

    loc = torch.tensor([[0.3, -1.0, 2.0, 0.1], [0.0, 1.0, 0.0, -2.0]])
    posterior = Posterior(loc, torch.ones_like(loc))
    loss = DirichletSparsity(weight=3.0, ramp=0.5)
    value = loss(None, posterior, None).value.item()
    theta = torch.softmax(loc.double(), dim=-1).numpy()
    alpha = np.full(4, 0.25)
    constant = 4 * math.lgamma(0.25) - math.lgamma(1)
    expected = -3 * np.mean([dirichlet.logpdf(row / row.sum(), alpha) + constant for row in theta])
    assert value == pytest.approx(expected, rel=1e-5)
    assert loss(None, posterior, None, progress=0.25).value.item() == pytest.approx(value / 2, rel=1e-5)
    sharp = Posterior(torch.tensor([[0.0, -500.0, -500.0, -500.0]]), torch.ones(1, 4))
    assert loss(None, sharp, None).value.item() == pytest.approx(3 * 0.75 * 3 * math.log(1e-6), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"vectors": np.ones((7, 5))}, r"shape \(7, 5\); the vocabulary holds 48"),
        ({"vectors": np.ones(48)}, r"shape \(48,\)"),
        ({"vectors": np.full((48, 5), np.nan)}, "not finite"),
        ({"vectors": "glove"}, "'glove' is neither one of corpus, word2vec, random nor a file"),
        ({"vectors": 3}, "a int. Choose one of corpus"),
        ({"vectors": "word2vec"}, "needs word order"),
        ({"vector_size": 0}, "vector_size must be at least 1; received 0"),
        ({"window": 0}, "window"),
        ({"negatives": 0}, "negatives"),
        ({"pairs": 0}, "pairs"),
        ({"pivot_dropout": 1.5}, "pivot_dropout must be a probability"),
        ({"sparsity": -1}, "sparsity"),
        ({"init": "svd"}, "npmi, nmf, random"),
        ({"bound": "vae"}, "elbo, iwae"),
    ],
    ids=str,
)
def test_invalid_arguments_are_refused_with_a_reason(counts, options, match):
    with pytest.raises(InputError, match=match):
        LDA2Vec(**{**FAST, **options}).fit(counts)


def test_unusable_vector_files_are_refused(counts, corpus, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("2 3\nhund 1 2 3\nkatze 3 2 1\n")
    with pytest.raises(InputError, match="the matrix has no names"):
        LDA2Vec(vectors=path, **FAST).fit(counts)
    with pytest.raises(InputError, match="None of the 48 words of the vocabulary"):
        LDA2Vec(vectors=path, **FAST).fit(corpus)
    path.write_text("no vectors at all")
    with pytest.raises(InputError, match="cannot be read as word vectors"):
        LDA2Vec(vectors=str(path), **FAST).fit(corpus)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_there_may_be_more_topics_than_dimensions(corpus):
    fitted = LDA2Vec(n_topics=8, vector_size=3, random_state=0, max_epochs=2).fit(corpus)
    assert fitted.transform(corpus).shape == (600, 8)


def test_topics_of_real_texts_are_coherent_and_match_the_labels(shared_corpora):
    if not (shared_corpora / "BBC_News").is_dir():
        pytest.skip("BBC_News is not among the corpora")
    corpus = Corpus.read(shared_corpora / "BBC_News")
    fitted = LDA2Vec(n_topics=50, random_state=0, max_epochs=8, pairs=5).fit(corpus)
    assert coherence(fitted.topics(10), corpus, measure="c_npmi").mean > 0.1  # gensim's LDA: 0.05
    assert clustering(fitted.transform(corpus), corpus.fields["label"]).nmi > 0.46
