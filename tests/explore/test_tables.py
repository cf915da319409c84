from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.stats import bootstrap, rankdata
from statsmodels.stats.proportion import proportion_confint

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import (
    TopicView,
    document_info,
    document_uncertainty,
    nearest_topics,
    representative_documents,
    theta_samples,
    top_words,
    topic_correlation,
    topic_similarity,
    topic_sizes,
    topics_over_time,
    topics_per_class,
    word_uncertainty,
)
from topicml.explore.groups import bootstrap_means, wilson
from topicml.explore.words import word_weights
from topicml.nn.posterior import Posterior

WORDS = ["cat", "dog", "bus", "tram"]
BETA = np.array([[0.5, 0.3, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6]])
COUNTS = np.array([[3, 1, 0, 0], [3, 1, 0, 0], [0, 2, 1, 0], [0, 0, 1, 3], [0, 0, 0, 0]])
THETA = np.array([[0.9, 0.1], [0.89, 0.11], [0.7, 0.3], [0.2, 0.8], [0.5, 0.5]])
FIELDS = {
    "kind": ["a", "a", "b", "b", "b"],
    "year": [2001, 2001, 2002, 2003, 2003],
    "day": ["2020-01-05", "2020-01-30", "2020-02-01", "2020-02-03", None],
    "text": ["one", "two", "three", "four", ""],
}


class Network(torch.nn.Module):
    """A network whose posterior is the same for all documents."""

    def __init__(self, loc, scale):
        super().__init__()
        self.loc = torch.nn.Parameter(torch.tensor(loc))
        self.register_buffer("prior_loc", torch.zeros(len(loc)))
        self.register_buffer("prior_scale", torch.ones(len(loc)))
        self.scale = scale

    def infer(self, batch):
        loc = self.loc.expand(len(batch), -1)
        return Posterior(loc, torch.full_like(loc, self.scale))


@pytest.fixture
def view():
    model = SimpleNamespace(
        components_=BETA, vocabulary_=tuple(WORDS), transform=lambda X: THETA, network_=Network([2.0, 0.0], 1e-9)
    )
    return TopicView.of(model, Corpus.from_counts(COUNTS, WORDS, FIELDS))


def test_weights_are_their_formulas(view):
    p = COUNTS.sum(axis=0) / COUNTS.sum()
    np.testing.assert_allclose(word_weights(view, "lift"), BETA / p)
    np.testing.assert_allclose(
        word_weights(view, "relevance", lambda_=0.25), 0.25 * np.log(BETA) + 0.75 * np.log(BETA / p)
    )
    np.testing.assert_allclose(word_weights(view, "score"), BETA * (np.log(BETA) - np.log(BETA).mean(axis=0)))
    frequency = rankdata(BETA[0]) / 4  # 4, 3, 1.5, 1.5
    exclusivity = np.array([4, 3, 2, 1]) / 4  # of 0.83, 0.75, 0.33, 0.14
    by_hand = 1 / (0.3 / frequency + 0.7 / exclusivity)
    np.testing.assert_allclose(word_weights(view, "frex", weight=0.3)[0], by_hand)


def test_relevance_with_lambda_1_orders_as_probability_and_with_0_as_lift(view):
    for lambda_, by in [(1, "probability"), (0, "lift")]:
        words = top_words(view, 4, "relevance", lambda_=lambda_)["word"].tolist()
        assert words == top_words(view, 4, by)["word"].tolist()


def test_top_words(view):
    table = top_words(view, 2)
    assert table["word"].tolist() == ["cat", "dog", "tram", "bus"]
    assert table["probability"].tolist() == [0.5, 0.3, 0.6, 0.2]
    polars = pytest.importorskip("polars")
    assert isinstance(top_words(view, 2, frame="polars"), polars.DataFrame)
    assert set(top_words(view.hide(0), 2)["topic"]) == {1}


def test_sizes(view):
    table = topic_sizes(view)
    assert table["documents"].tolist() == [3, 1]  # the empty document leads nothing
    np.testing.assert_allclose(table["share"], [0.75, 0.25])
    np.testing.assert_allclose(table["mass"], THETA[:4].mean(axis=0))  # nor does it count for the mean
    np.testing.assert_allclose(table["tokens"], np.average(THETA, axis=0, weights=COUNTS.sum(axis=1)))


def test_documents_of_a_hidden_topic_are_led_by_the_next(view):
    hidden = view.hide(0)
    assert topic_sizes(hidden)["documents"].tolist() == [4]
    assert document_info(hidden)["topic"].tolist() == [1, 1, 1, 1, -1]
    assert topics_per_class(hidden, "kind", interval="wilson")["value"].tolist() == [1, 1]
    assert set(document_uncertainty(hidden, [0], 5)["topic"]) == {1}


def test_similarities(view):
    hellinger = np.sqrt(((np.sqrt(BETA[0]) - np.sqrt(BETA[1])) ** 2).sum() / 2)
    assert topic_similarity(view)["similarity"][0] == pytest.approx(1 - hellinger)
    cosine = BETA[0] @ BETA[1] / np.linalg.norm(BETA[0]) / np.linalg.norm(BETA[1])
    assert topic_similarity(view, "cosine")["similarity"][0] == pytest.approx(cosine)
    mean = BETA.mean(axis=0)
    divergence = sum((row * np.log2(row / mean)).sum() / 2 for row in BETA)
    assert topic_similarity(view, "jensen_shannon")["similarity"][0] == pytest.approx(1 - divergence)
    assert topic_correlation(view)["correlation"][0] == pytest.approx(-1)  # two topics that sum to 1


def test_nearest(view):
    mass = THETA[:4].mean(axis=0)
    posterior = mass * BETA[:, 3] / (mass @ BETA[:, 3])
    table = nearest_topics(view, words=["tram"])
    assert table["topic"].tolist() == [1, 0]
    np.testing.assert_allclose(table["score"], posterior[[1, 0]])
    assert nearest_topics(view, document=3)["score"].tolist() == [0.8, 0.2]
    assert nearest_topics(view, topic=0)["topic"].tolist() == [1]
    with pytest.raises(InputError, match="Document 4 has no known word"):
        nearest_topics(view, document=4)


def test_the_prior_of_documents_without_words_counts_nowhere(view):
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.ones(3), 40)
    theta[20:] = [0.98, 0.01, 0.01]
    counts = csr_matrix(np.where(np.arange(40)[:, None] < 20, rng.integers(1, 4, (40, 5)), 0))
    beta = rng.dirichlet(np.ones(5), 3)
    with_empty, without = (
        TopicView.of(SimpleNamespace(components_=beta), counts[:n], theta=theta[:n]) for n in (40, 20)
    )
    np.testing.assert_allclose(with_empty.mass, without.mass)
    np.testing.assert_allclose(with_empty.merge([0, 1]).beta, without.merge([0, 1]).beta)
    ours, expected = topic_correlation(with_empty), topic_correlation(without)
    np.testing.assert_allclose(ours["correlation"], expected["correlation"])


def test_representative_documents_differ(view):
    table = representative_documents(view, 0, 2, diversity=0.5)
    assert table["document"].tolist() == [0, 2]  # document 1 is the same as document 0
    assert representative_documents(view, 0, 2, diversity=0.0)["document"].tolist() == [0, 1]
    cat, dog = (0.9 * BETA[0, w] / (0.9 * BETA[0, w] + 0.1 * BETA[1, w]) for w in (0, 1))
    assert table["words"][0] == ["cat", "dog"]
    np.testing.assert_allclose(table["weights"][0], [3 * cat, dog])
    assert table["text"].tolist() == ["one", "three"]


def test_document_info(view):
    table = document_info(view)
    assert table["topic"].tolist() == [0, 0, 0, 1, -1]
    assert table["second"].tolist() == [1, 1, 1, 0, -1]
    np.testing.assert_allclose(table["proportion"], THETA.max(axis=1))
    np.testing.assert_allclose(table["entropy"], -(THETA * np.log(THETA)).sum(axis=1))


def test_familiar_names(view):
    assert view.show_topic(0, 2) == [("cat", 0.5), ("dog", 0.3)]
    assert view.get_topic(1)[0] == ("tram", 0.6)
    info = view.get_topic_info()
    assert list(info) == ["Topic", "Count", "Name", "Representation", "Representative_Docs"]
    assert info["Topic"].tolist() == [-1, 0, 1] and info["Count"].tolist() == [1, 3, 1]
    assert view.as_bertopic().get_document_info(FIELDS["text"])["Document"].tolist() == FIELDS["text"]
    assert view.find_topics("tram")[0] == [1, 0]
    np.testing.assert_array_equal(view.get_topics(), BETA)


@pytest.mark.parametrize(("successes", "n"), [(0, 4), (3, 7), (50, 50)])
def test_wilson_is_that_of_statsmodels(successes, n):
    np.testing.assert_allclose(wilson(successes, n), proportion_confint(successes, n, method="wilson"), atol=1e-12)


def test_bootstrap_is_near_that_of_scipy():
    values = np.random.default_rng(0).beta(2, 5, 200)
    expected = bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    low, high = bootstrap_means(values[:, None], resamples=4000)
    np.testing.assert_allclose([low[0], high[0]], expected, atol=2e-3)


def test_per_class(view):
    table = topics_per_class(view, "kind", interval="wilson")
    assert table["class"].tolist() == ["a", "a", "b", "b"]
    assert table["value"].tolist() == [1, 0, 0.5, 0.5]
    assert table["documents"].tolist() == [2, 2, 2, 2]
    assert table["low"][2] == pytest.approx(proportion_confint(1, 2, method="wilson")[0])
    means = topics_per_class(view, "kind")["value"]
    np.testing.assert_allclose(means, [0.895, 0.105, 0.45, 0.55])


def test_over_time(view):
    table = topics_over_time(view, "year")
    assert table["time"].tolist() == [2001, 2001, 2002, 2002, 2003, 2003]
    np.testing.assert_allclose(table["value"], [0.895, 0.105, 0.7, 0.3, 0.2, 0.8])
    assert topics_over_time(view, "year", by=2)["documents"].tolist() == [2, 2, 2, 2]
    months = topics_over_time(view, "day", by="month")
    assert months["time"].dt.month.tolist() == [1, 1, 2, 2]
    np.testing.assert_allclose(months["value"], [0.895, 0.105, 0.45, 0.55])


def test_a_narrow_posterior_is_certain_and_a_wide_one_is_not(view):
    theta = np.exp([2, 0]) / np.exp([2, 0]).sum()
    sharp = document_uncertainty(view, [0, 3], 20)
    np.testing.assert_allclose(sharp[["proportion", "low", "high"]], theta[0], rtol=1e-5)
    assert sharp["leads"].tolist() == [1, 1]
    np.testing.assert_allclose(sharp["information"], 0, atol=1e-5)
    words = word_uncertainty(view, 0, 20)
    assert words["word"].tolist() == ["cat", "dog"]
    np.testing.assert_allclose(words["probability"], theta[0] * BETA[0, :2] / (theta @ BETA[:, :2]), rtol=1e-5)
    view.model.network_.scale = 2.0
    wide = document_uncertainty(view, [0], 2000)
    # z0 - z1 ~ N(2, 8), so topic 0 leads with probability Phi(2 / sqrt(8)) = 0.760
    assert wide["leads"][0] == pytest.approx(0.760, abs=0.03)
    assert wide["information"][0] > 0.1


def test_samples_of_merged_topics_are_merged(view):
    view.model.network_.scale = 1.0
    draws = theta_samples(view, None, 5)
    assert draws.shape == (5, 5, 2)
    np.testing.assert_allclose(theta_samples(view.merge([0, 1]), None, 5), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda v: top_words(v, 9), "the vocabulary holds 4"),
        (lambda v: top_words(v, 2, "fame"), "by='fame' is unknown"),
        (lambda v: top_words(v, 2, "frex", weight=2), "received 2"),
        (lambda v: top_words(v, 2, "relevance", lambda_=-1), "received -1"),
        (lambda v: top_words(v, 2, frame="r"), "frame='r' is unknown"),
        (lambda v: topics_per_class(v, "colour"), "no field 'colour'"),
        (lambda v: topics_over_time(v, "kind"), "'kind' cannot be read as times"),
        (lambda v: topics_over_time(v, "year", by="month"), "needs times"),
        (lambda v: topics_per_class(v, "kind", interval="normal"), "'bootstrap' or 'wilson'"),
        (lambda v: nearest_topics(v), "Pass one of"),
        (lambda v: nearest_topics(v, words=["zebra"]), "zebra"),
        (lambda v: nearest_topics(v, document=5), "documents are 0 to 4"),
        (lambda v: representative_documents(v, 7), "no topic 7"),
        (lambda v: representative_documents(v, 0, diversity=2), "diversity=2"),
        (lambda v: topic_similarity(v, "taste"), "measure='taste' is unknown"),
        (lambda v: theta_samples(v, [9]), "rows in 0 to 4"),
        (lambda v: topics_per_class(TopicView.of(v.model, COUNTS), "kind"), "Pass a Corpus"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(view, wrong, message):
    with pytest.raises(InputError, match=message):
        wrong(view)


def of_fields(view, **fields):
    return TopicView.of(view.model, Corpus.from_counts(COUNTS, WORDS, fields))


def test_classes_keep_the_order_of_categories_and_numbers(view):
    pandas = pytest.importorskip("pandas")
    size = pandas.Categorical(["small", "large", "small", "large", None], categories=["small", "medium", "large"])
    view = of_fields(view, size=size, number=[10.0, 9.0, None, 9.0, 10.0])
    assert topics_per_class(view, "size")["class"].unique().tolist() == ["small", "large"]
    assert topics_per_class(view, "number")["class"].unique().tolist() == ["9", "10"]


def test_weeks_begin_on_monday_and_numbers_may_be_dates(view):
    view = of_fields(view, day=[20240101, 20240107, 20240108, 20240114, 20240115])
    weeks = topics_over_time(view, "day", by="week")
    assert [str(week)[:10] for week in weeks["time"].unique()] == ["2024-01-01", "2024-01-08"]
    assert weeks["documents"].unique().tolist() == [2]


def test_numbers_that_are_no_times_are_told_what_to_do(view):
    with pytest.raises(InputError, match="Numbers are times only if all are dates such as 20240531, or seconds"):
        topics_over_time(view, "year", by="month")
