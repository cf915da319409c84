"""Weights of words, compared with the packages and papers that define them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.explore.words import frex, lift, relevance, score


def model_of(seed, n_topics=4, n_words=30, n_docs=50):
    """beta, theta, lengths, and the counts that they imply, as pyLDAvis takes them."""
    draw = np.random.default_rng(seed)
    beta = draw.dirichlet(np.full(n_words, 0.3), n_topics) + 1e-6
    beta /= beta.sum(axis=1, keepdims=True)
    theta, lengths = draw.dirichlet(np.full(n_topics, 0.5), n_docs), draw.integers(5, 40, n_docs)
    return beta, theta, lengths, (theta * lengths[:, None]).sum(axis=0) @ beta


@pytest.mark.parametrize("lambda_", [0, 0.3, 0.6, 1])
@pytest.mark.parametrize("seed", range(2))
def test_relevance_is_that_of_pyldavis(seed, lambda_):
    pyldavis = pytest.importorskip("pyLDAvis", reason="pyLDAvis is the oracle (pip install pyLDAvis)")
    beta, theta, lengths, frequency = model_of(seed)
    words = [f"w{i}" for i in range(beta.shape[1])]
    prepared = pyldavis.prepare(beta, theta, lengths, words, frequency, R=len(words), sort_topics=False, n_jobs=1)
    ours = relevance(beta, frequency, lambda_=lambda_)
    table = prepared.topic_info
    for k in range(len(beta)):
        rows = table[table["Category"] == f"Topic{k + 1}"].set_index("Term").loc[words]
        theirs = lambda_ * rows["logprob"] + (1 - lambda_) * rows["loglift"]
        np.testing.assert_allclose(ours[k], theirs, atol=1.5e-4)  # it rounds to four decimals
    expected = lambda_ * np.log(beta) + (1 - lambda_) * np.log(beta / (frequency / frequency.sum()))
    np.testing.assert_allclose(ours, expected, atol=1e-12)


def stm_calcfrex(beta, w):
    """`calcfrex(logbeta, w)` of stm, without word counts, in its own steps: ranks of logs as shares of all words."""
    log_beta = np.log(beta)
    exclusivity = log_beta - np.log(np.exp(log_beta).sum(axis=0))  # col.lse
    # R's rank(): ties get their mean rank; an entry's rank by how many lie below and how many are equal.
    below = (log_beta[:, None, :] < log_beta[:, :, None]).sum(axis=2)
    equal = (log_beta[:, None, :] == log_beta[:, :, None]).sum(axis=2)
    frequency_score = (below + (equal + 1) / 2) / beta.shape[1]
    below = (exclusivity[:, None, :] < exclusivity[:, :, None]).sum(axis=2)
    equal = (exclusivity[:, None, :] == exclusivity[:, :, None]).sum(axis=2)
    exclusivity_score = (below + (equal + 1) / 2) / beta.shape[1]
    return 1 / (w / frequency_score + (1 - w) / exclusivity_score)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(1, 6))
def test_frex_is_that_of_stm(seed, weight, n_topics):
    beta = model_of(seed, n_topics)[0]
    np.testing.assert_allclose(frex(beta, weight=weight), stm_calcfrex(beta, weight), rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_lift_and_score_are_those_of_stm(seed):
    beta, _, _, frequency = model_of(seed)
    log_beta = np.log(beta)
    # calclift: logbeta less the logarithm of the word's share of all words
    np.testing.assert_allclose(np.log(lift(beta, frequency)), log_beta - np.log(frequency / frequency.sum()), atol=1e-9)
    # calcscore (lda's top.topic.words): beta (logbeta - mean of logbeta over topics)
    np.testing.assert_allclose(
        score(beta), np.exp(log_beta) * (log_beta - log_beta.sum(axis=0) / len(beta)), atol=1e-12
    )


@pytest.mark.parametrize("lambda_", [0.0, 0.4, 1.0])
def test_relevance_is_that_of_tmtoolkit(lambda_):
    """tmtoolkit, topicmod.model_stats.topic_word_relevance, in its own steps."""
    beta, theta, lengths, _ = model_of(7)
    marginal_topic = (theta.T * lengths).sum(axis=1) / lengths.sum()  # marginal_topic_distrib
    marginal_word = (beta.T * marginal_topic).sum(axis=1)  # marginal_word_distrib
    log_beta = np.log(beta)
    theirs = lambda_ * log_beta + (1 - lambda_) * (log_beta - np.log(marginal_word))
    np.testing.assert_allclose(relevance(beta, marginal_word * lengths.sum(), lambda_=lambda_), theirs, atol=1e-9)
