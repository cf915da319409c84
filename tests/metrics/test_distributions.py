"""Divergence and significance compared with SciPy, and input that is not a distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from topicml.errors import InputError
from topicml.metrics import kl_background, kl_divergence, kl_uniform, kl_vacuous, log_odds_ratio

BETA = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
THETA = np.array([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])
seeds = st.integers(0, 10**6)


def drawn(seed, rows=4, columns=7):
    return np.random.default_rng(seed).dirichlet(np.full(columns, 0.3), rows) * (1 - 1e-6) + 1e-6 / columns


@given(seeds)
def test_divergences_without_smoothing_equal_scipys(seed):
    beta, theta = drawn(seed), drawn(seed + 1, rows=9, columns=4)
    ordered = [entropy(p, q) for i, p in enumerate(beta) for j, q in enumerate(beta) if i != j]
    assert kl_divergence(beta, smoothing=0).mean == pytest.approx(np.mean(ordered))
    np.testing.assert_allclose(kl_uniform(beta, smoothing=0).per_topic, [entropy(p, np.full(7, 1 / 7)) for p in beta])
    vacuous = theta.mean(axis=0) @ beta
    np.testing.assert_allclose(
        kl_vacuous(beta, theta, smoothing=0).per_topic, [entropy(p, vacuous) for p in beta], atol=1e-12
    )
    expected = [entropy(column / column.sum(), np.full(9, 1 / 9)) for column in theta.T]
    np.testing.assert_allclose(kl_background(theta, smoothing=0).per_topic, expected, atol=1e-12)


@given(seeds, st.permutations(range(4)), st.permutations(range(7)))
def test_the_order_of_topics_and_of_words_does_not_matter(seed, topics, words):
    beta, theta = drawn(seed), drawn(seed + 1, rows=9, columns=4)
    again = beta[np.ix_(topics, words)]
    for measure in (kl_divergence, log_odds_ratio, kl_uniform):
        assert measure(again).mean == pytest.approx(measure(beta).mean)
        np.testing.assert_allclose(measure(again).per_topic, measure(beta).per_topic[topics])
    assert kl_vacuous(again, theta[:, topics]).mean == pytest.approx(kl_vacuous(beta, theta).mean)
    assert kl_background(theta[:, topics]).mean == pytest.approx(kl_background(theta).mean)


@given(seeds)
def test_divergences_are_positive_and_0_for_equal_topics(seed):
    beta = drawn(seed)
    for measure in (kl_divergence, log_odds_ratio, kl_uniform):
        assert (measure(beta).per_topic > 0).all()
    same = beta[[0, 0, 0]]
    assert kl_divergence(same).mean == pytest.approx(0, abs=1e-12)
    assert log_odds_ratio(same).mean == 0
    assert kl_uniform(np.full((2, 5), 0.2)).mean == pytest.approx(0, abs=1e-12)
    assert kl_vacuous(same, np.full((4, 3), 1 / 3)).mean == pytest.approx(0, abs=1e-12)


def test_divergence_is_infinite_if_a_word_of_one_topic_has_probability_0_in_another():
    beta = np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25]])
    assert np.isinf(kl_divergence(beta, smoothing=0).mean)
    assert np.isfinite(kl_divergence(beta).mean)
    sparse = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert np.isfinite(kl_uniform(sparse, smoothing=0).mean)
    assert np.isfinite(kl_vacuous(sparse, THETA, smoothing=0).mean)


def test_a_topic_equal_in_all_documents_or_without_documents_is_background():
    theta = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    np.testing.assert_allclose(kl_background(theta).per_topic, 0, atol=1e-12)


def test_weights_are_normalized_on_request():
    weights = np.array([[5.0, 3.0, 2.0], [1.0, 1.0, 8.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(kl_uniform(weights, normalize=True).per_topic[:2], kl_uniform(BETA).per_topic)
    assert kl_uniform(weights, normalize=True).per_topic[2] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("measure", [kl_divergence, log_odds_ratio, kl_uniform, lambda beta: kl_vacuous(beta, THETA)])
@pytest.mark.parametrize(
    ("beta", "match"),
    [
        (np.array([[0.5, 0.5], [2.0, -1.0]]), "Topic 1 of beta has the value -1: these are logits"),
        (np.array([[0.5, 0.5], [2.0, 1.0]]), "Topic 1 of beta sums to 3, not to 1"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), "NaN or infinity, first in row 1"),
        (np.array([0.5, 0.5]), r"received shape \(2,\)"),
        (np.empty((0, 3)), "non-empty"),
        ([["a", "b"]], "must be a matrix of numbers"),
        ({"topics": []}, "must have the key 'topic-word-matrix'; it has topics"),
    ],
)
def test_input_that_is_not_a_distribution_is_named(measure, beta, match):
    with pytest.raises(InputError, match=match):
        measure(beta)


def test_other_bad_input_is_named():
    with pytest.raises(InputError, match="needs theta"):
        kl_vacuous(BETA)
    with pytest.raises(InputError, match="beta has 2 topics and theta 3"):
        kl_vacuous(BETA, np.full((4, 3), 1 / 3))
    with pytest.raises(InputError, match="Document 0 of theta sums to 2"):
        kl_background(2 * THETA)
    with pytest.raises(InputError, match="smoothing must be at least 0"):
        kl_uniform(BETA, smoothing=-1)
    with pytest.raises(InputError, match="there is only one"):
        kl_divergence(BETA[:1])
