"""DocNADE: the likelihood over all orders of words, the decoder, statistics, the estimator contract, and storage."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import log_softmax
from scipy.stats import chisquare
from sklearn.metrics import normalized_mutual_info_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import topicml
from topicml import Corpus, DocNADE
from topicml.corpus import synthetic
from topicml.errors import InputError
from topicml.models.prediction import infer_perplexity
from topicml.nn import BagEncoder, BagOfWords, Batch
from topicml.nn.seeding import seeded
from topicml.stories.docnade import (
    AutoregressiveDecoder,
    AutoregressiveNetwork,
    OrderlessLikelihood,
    observed_and_others,
    or_neighbours,
)

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "units": 8, "random_state": 0}
SMALL = {"n_topics": 5, "max_epochs": 30, "hidden": 50, "units": 20, "random_state": 0}


@pytest.fixture(scope="module")
def truth():
    return synthetic.short_text(1000, 5, 200, random_state=0)


@pytest.fixture(scope="module")
def model(truth):
    return DocNADE(**SMALL).fit(truth.corpus)


@pytest.fixture
def network():
    return small_network()


def small_network(n_words=5, n_topics=3, units=4):
    with seeded(0):
        beta, background = torch.randn(n_topics, n_words).numpy(), torch.randn(n_words).numpy()
        decoder = AutoregressiveDecoder(beta, background, units=units, dropout=0.5)
        torch.nn.init.normal_(decoder.output)  # large enough that its words differ
        torch.nn.init.normal_(decoder.vectors.weight)
        torch.nn.init.normal_(decoder.hidden_bias)
        encoder = BagEncoder(n_words, n_topics, hidden=6)
        return AutoregressiveNetwork(encoder, decoder, n_topics=n_topics).eval()


def batch_of(rows):
    counts = sp.csr_matrix(np.asarray(rows, dtype=np.float32))
    return Batch.from_counts(counts, np.arange(counts.shape[0]))


@parametrize_with_checks([DocNADE(**FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def log_likelihood_over_all_orders(network, words):
    """The mean over all orders of the sum of log p(word | words before)."""
    n_words = network.decoder.beta.shape[1]

    def log_p(word, before):
        observed = np.bincount(before, minlength=n_words) if before else np.zeros(n_words)
        return float(network.predict(batch_of([observed])).word_log_prob()[0, word])

    orders = list(permutations(words))
    return sum(sum(log_p(word, order[:i]) for i, word in enumerate(order)) for order in orders) / len(orders)


@pytest.mark.parametrize("words", [(0,), (1, 1, 3), (0, 2, 2, 4)])
@torch.no_grad()
def test_the_loss_is_without_bias_the_likelihood_over_all_orders_of_words(network, words):
    n = 40_000
    batch = batch_of(np.tile(np.bincount(words, minlength=5), (n, 1)))
    with seeded(1):
        loss = OrderlessLikelihood()(batch, network.encode(batch), network).value
    assert float(loss) == pytest.approx(-log_likelihood_over_all_orders(network, words), rel=0.02)


@torch.no_grad()
def test_the_loss_is_a_mean_over_documents_and_empty_ones_add_nothing(network):
    one = batch_of([[1, 0, 0, 0, 0]])  # one word: predicted from nothing, or observed
    with seeded(0):
        losses = [float(OrderlessLikelihood()(one, network.encode(one), network).value) for _ in range(20)]
    surprise = -float(network.predict(batch_of([np.zeros(5)])).word_log_prob()[0, 0])
    assert Counter(np.round(losses, 4)).keys() == {0.0, round(2 * surprise, 4)}
    with_empty = batch_of([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    with seeded(0):
        halves = [float(OrderlessLikelihood()(with_empty, one, network).value) for _ in range(40)]
    assert max(halves) == pytest.approx(surprise, rel=1e-5)


def test_the_number_of_observed_words_is_uniform_and_the_others_are_the_rest():
    batch = batch_of(np.tile([1.0, 0, 3, 0, 2], (14_000, 1)))
    with seeded(0):
        observed, others = observed_and_others(batch)
    sizes = np.bincount(observed.lengths.long().numpy(), minlength=7)
    assert chisquare(sizes).pvalue > 0.001
    np.testing.assert_array_equal((observed.lengths + others.lengths).numpy(), 6)
    with_two = observed.lengths == 2  # of 6 words, each with the same probability: 2/6, 6/6 and 4/6 in the mean
    for word, count in ((0, 1), (2, 3), (4, 2)):
        is_word = (observed.word_ids == word) & with_two[observed.documents]
        assert float(observed.counts[is_word].sum() / with_two.sum()) == pytest.approx(2 * count / 6, abs=0.06)


@pytest.mark.parametrize("scale", [0.02, 0.5, 1.0, 2.5])
def test_with_weights_for_counts_the_loss_has_no_bias_either(scale):
    class Uniform:
        def predict(self, observed):
            return BagOfWords(torch.zeros(len(observed), 50))

    batch = batch_of(np.tile(np.repeat([scale, 0.0], [20, 30]), (4000, 1)))
    with seeded(0):
        loss = float(OrderlessLikelihood()(batch, None, Uniform()).value)
    assert loss == pytest.approx(20 * scale * np.log(50), rel=0.06)


def test_a_part_of_a_word_is_observed_or_predicted_as_a_whole():
    batch = batch_of(np.tile([1.5, 0.25], (500, 1)))
    with seeded(0):
        observed, others = observed_and_others(batch)
    assert set(observed.counts.tolist()) | set(others.counts.tolist()) == {0.25, 0.5, 1.0, 1.5}
    np.testing.assert_allclose((observed.lengths + others.lengths).numpy(), 1.75)


def test_other_words_of_a_document_or_as_many_of_its_neighbour_are_predicted():
    counts = sp.csr_matrix(np.array([[2, 0, 1, 1], [0, 4, 0, 0], [1, 1, 0, 0], [0, 0, 3, 3]], dtype=np.float32))
    batch = Batch.from_counts(counts, np.arange(3)).with_targets(counts, np.array([0, 3, 0]))
    others = batch.with_counts(torch.tensor([1.0, 0, 1, 3, 0, 0]))  # of the first: words 0 and 3; the third has none
    found = or_neighbours(others, batch)
    dense = sp.csr_matrix((found.counts, found.word_ids, found.offsets), shape=(3, 4)).toarray()
    np.testing.assert_allclose(dense, [[1, 0, 0, 1], [0, 0, 1.5, 1.5], [0, 0, 0, 0]])
    np.testing.assert_allclose(found.lengths, [2, 3, 0])
    assert or_neighbours(others, Batch.from_counts(counts, np.arange(3))) is others


@torch.no_grad()
def test_the_loss_reads_the_words_of_neighbours(network):
    counts = sp.csr_matrix(np.array([[4, 0, 0, 0, 0], [0, 0, 0, 0, 2]], dtype=np.float32))
    batch = Batch.from_counts(counts, np.array([0, 0])).with_targets(counts, np.array([1, 1]))
    with seeded(3):
        loss = float(OrderlessLikelihood()(batch, network.encode(batch), network).value)
    with seeded(3):
        observed, others = observed_and_others(batch)
    surprise = -network.predict(observed).word_log_prob()[:, 4] * (others.lengths > 0)
    assert loss == pytest.approx(float(5 * surprise.mean()), rel=1e-5)  # (N + 1) / (N - n) times N - n words


@torch.no_grad()
def test_predictions_are_those_of_the_formula(network):
    observed = batch_of([[2, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    decoder = network.decoder
    theta = network.encoder(observed).loc.softmax(dim=-1).numpy()
    vectors, c = decoder.vectors.weight.numpy(), decoder.hidden_bias.numpy()
    h = np.tanh(np.stack([2 * vectors[0] + vectors[2] + c, c]))
    logits = decoder.bias.numpy() + theta @ decoder.beta.numpy() + h @ decoder.output.numpy()
    np.testing.assert_allclose(network.predict(observed).word_log_prob(), log_softmax(logits, axis=1), rtol=1e-5)
    np.testing.assert_allclose(network.predictive(observed).word_log_prob(), log_softmax(logits, axis=1), rtol=1e-5)
    topics_alone = log_softmax(decoder.bias.numpy() + theta @ decoder.beta.numpy(), axis=1)
    alone = network.words(torch.from_numpy(theta)).word_log_prob()
    np.testing.assert_allclose(alone, topics_alone, rtol=1e-5)


@torch.no_grad()
def test_without_units_topics_alone_predict():
    network = small_network(units=0)
    observed = batch_of([[2, 0, 1, 0, 0]])
    words = network.words(network.encode(observed).theta_mean).word_log_prob()
    np.testing.assert_allclose(network.predict(observed).word_log_prob(), words, rtol=1e-6)


def test_in_training_a_part_of_the_hidden_vector_is_dropped():
    decoder = small_network(units=1000).decoder.train()
    with seeded(0):
        theta = torch.full((1, 3), 1 / 3)
        features = decoder.given(batch_of([[1, 0, 0, 0, 0]]), theta).theta
    assert float((features[0, 3:] == 0).float().mean()) == pytest.approx(0.5, abs=0.05)


@torch.no_grad()
def test_statistics_are_those_of_observed_parts(network):
    network.train()
    batch = batch_of(np.eye(5) + 1)
    before = network.encoder.loc_norm.running_mean.clone()
    network.encode(batch)
    assert torch.equal(network.encoder.loc_norm.running_mean, before)
    network.predict(batch)
    assert not torch.equal(network.encoder.loc_norm.running_mean, before)


def test_topics_of_a_planted_corpus_are_recovered(planted):
    corpus = Corpus.from_tokens(planted[0])
    fitted = DocNADE(n_topics=4, hidden=50, units=20, random_state=0).fit(corpus)
    roots = [{word.rstrip("0123456789") for word in words} for words in fitted.topics(6)]
    assert sorted(map(sorted, roots)) == [["apple"], ["boat"], ["cloud"], ["drum"]]
    assert normalized_mutual_info_score(planted[1], fitted.transform(corpus).argmax(axis=1)) > 0.9


def test_training_takes_three_times_as_many_epochs(truth):
    part = truth.corpus[:200]
    n_epochs = {
        model: len(getattr(topicml, model)(n_topics=5, hidden=8, patience=10_000, random_state=0).fit(part).history_)
        for model in ("ProdLDA", "DocNADE")
    }
    assert n_epochs["DocNADE"] == 3 * n_epochs["ProdLDA"]
    assert len(DocNADE(**FAST).fit(part).history_) == 2


@pytest.mark.parametrize(
    "setting", [{"units": 21}, {"units_dropout": 0.1}, {"dropout": 0.3}, {"topic_rate": 2.0}], ids=str
)
def test_settings_reach_the_fit(truth, model, setting):
    other = DocNADE(**SMALL | setting).fit(truth.corpus)
    assert not np.array_equal(other.transform(truth.corpus), model.transform(truth.corpus))


def test_the_hidden_vector_predicts_what_topics_do_not():
    rng = np.random.default_rng(0)  # two topics, and pairs of words that go together within a topic
    topics = rng.integers(2, size=1500)
    pairs = rng.integers(10, size=(1500, 3))
    documents = [[f"{'ab'[t]}{p}{side}" for p in row for side in "xy"] for t, row in zip(topics, pairs, strict=True)]
    corpus = Corpus.from_tokens(documents)
    train, unseen = corpus[:1000], corpus[1000:]
    options = {"n_topics": 2, "hidden": 50, "random_state": 0, "max_epochs": 60}
    with_units = DocNADE(units=50, units_dropout=0.0, **options).fit(train).perplexity(unseen)
    assert with_units < 0.8 * DocNADE(units=0, **options).fit(train).perplexity(unseen)


def test_perplexity_is_that_of_predictions(truth, model):
    counts = truth.corpus.counts[:50]
    expected = infer_perplexity(model.network_, counts, smoothed=model._smoothed())
    assert model.perplexity(truth.corpus[:50]) == expected == model.perplexity(truth.corpus[:50], steps=0)


def test_the_history_has_the_likelihood(model):
    assert {"likelihood", "held_out"} <= model.history_[-1].keys()
    assert model.history_[-1]["held_out"] < model.history_[0]["held_out"]


def test_a_saved_model_is_loaded_with_the_same_results(truth, model, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert isinstance(loaded, DocNADE)
    assert loaded.get_params()["units_dropout"] == model.units_dropout
    np.testing.assert_array_equal(loaded.transform(truth.corpus), model.transform(truth.corpus))
    np.testing.assert_array_equal(loaded.components_, model.components_)
    assert loaded.perplexity(truth.corpus) == model.perplexity(truth.corpus)


def test_the_same_seed_gives_the_same_bits(truth, model):
    again = DocNADE(**SMALL).fit(truth.corpus)
    np.testing.assert_array_equal(again.components_, model.components_)
    np.testing.assert_array_equal(again.transform(truth.corpus), model.transform(truth.corpus))


def test_partial_fit_continues_training(truth):
    fitted = DocNADE(**SMALL)
    for _ in range(3):
        fitted.partial_fit(truth.corpus)
    assert [record["epoch"] for record in fitted.history_] == [1, 2, 3]
    assert fitted.history_[-1]["likelihood"] < fitted.history_[0]["likelihood"]


@pytest.mark.parametrize("contrast", ["set", "infonce", "topic_semantic"])
def test_a_contrast_can_be_added(truth, contrast):
    fitted = DocNADE(**SMALL, contrast=contrast).fit(truth.corpus)
    assert "contrast" in fitted.history_[-1]
    assert normalized_mutual_info_score(truth.theta.argmax(axis=1), fitted.transform(truth.corpus).argmax(axis=1)) > 0.8


def test_seeds_have_their_topics(truth):
    words = np.asarray(truth.corpus.vocabulary)[truth.beta.argsort(axis=1)[:, -2:]].tolist()
    seeded_words = {"first": words[0], "second": words[1]}
    fitted = DocNADE(**SMALL, seeds=seeded_words).fit(truth.corpus)
    assert fitted.topic_names_[:2] == ("first", "second")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": -1}, r"units must be at least 0; received -1"),
        ({"units_dropout": 1.0}, r"units_dropout must be in \[0, 1\); received 1\.0"),
    ],
)
def test_invalid_arguments_are_refused(counts, options, message):
    with pytest.raises(InputError, match=message):
        DocNADE(**options).fit(counts)
