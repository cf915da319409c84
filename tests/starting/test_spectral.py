import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from topicml.starting import Start, spectral
from topicml.starting.spectral import association, exclusive, sample_documents, spectral_topics


def planted(rng, n_topics=4, words=12, documents=400, length=8):
    """Documents of one topic each; a topic owns `words` words. A little noise."""
    matrix = np.zeros((documents, n_topics * words), dtype=np.int32)
    for row in matrix:
        topic = rng.integers(n_topics)
        np.add.at(row, topic * words + rng.integers(words, size=length), 1)
        row[rng.integers(n_topics * words)] += 1
    return sp.csr_matrix(matrix)


def brute_force(x, threshold=0.1, power=0.15, min_count=2, discount=0.2, window=10):
    present, lengths = x > 0, x.sum(1)
    n, v = x.shape
    out = np.zeros((v, v))
    for i in range(v):
        for j in range(v):
            both = present[:, i] & present[:, j]
            df = present[:, i].sum(), present[:, j].sum()
            if i == j:
                strength = 1.0
            elif both.sum() >= min_count and both.sum() < n:
                pmi = np.log(both.sum() * n / (df[0] * df[1]))
                near = np.minimum(1, window / lengths[both]).sum()
                strength = pmi / -np.log(both.sum() / n) * near / (near + discount)
            else:
                strength = 0.0
            out[i, j] = max(0, strength - threshold) * (max(df[0], 1) * max(df[1], 1)) ** power
    return out


def test_association_is_its_formula():
    rng = np.random.default_rng(0)
    x = rng.poisson(0.4, size=(60, 15)) * rng.integers(1, 4, size=(60, 1))
    ours = association(sp.csr_matrix(x), start=Start(block=4)).toarray()
    np.testing.assert_allclose(ours, brute_force(x), rtol=1e-5, atol=1e-6)


def test_association_of_some_words_is_that_block_of_the_whole():
    counts = planted(np.random.default_rng(1))
    words = np.array([0, 3, 5, 20, 21])
    np.testing.assert_allclose(
        association(counts, words).toarray(), association(counts).toarray()[np.ix_(words, words)], rtol=1e-6
    )


@pytest.mark.parametrize("method", ["npmi", "nmf"])
def test_planted_topics_are_recovered(method):
    topics = spectral_topics(planted(np.random.default_rng(2)), 4, Start(method=method), seed=0)
    of_topics = {frozenset((np.argsort(-row)[:12] // 12).tolist()) for row in topics}
    assert of_topics == {frozenset({k}) for k in range(4)}


def test_only_frequent_words_are_factorised_when_there_are_many():
    counts = planted(np.random.default_rng(3))
    few = spectral_topics(counts, 4, Start(max_words=24), seed=0)
    frequent = np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")[:24]
    assert set(np.argsort(-few, axis=1)[:, :3].ravel()) <= set(frequent)
    assert few.shape == (4, 48)


def test_the_same_seed_gives_the_same_start():
    counts = planted(np.random.default_rng(4))
    np.testing.assert_array_equal(spectral_topics(counts, 4, seed=7), spectral_topics(counts, 4, seed=7))


def test_more_topics_than_words_still_start():
    topics = spectral_topics(sp.csr_matrix(np.eye(4, 3, dtype=np.int32) + 1), 10, seed=0)
    assert topics.shape == (10, 3)
    assert np.isfinite(topics).all()


def test_documents_are_sampled_to_bound_the_pairs():
    counts = planted(np.random.default_rng(5))
    sampled = sample_documents(
        counts, np.random.default_rng(0), max_pairs=float((np.diff(counts.indptr) ** 2).sum()) / 4
    )
    assert sampled.shape[0] == pytest.approx(counts.shape[0] / 4, abs=1)


def shared_words(rng, n_topics=4, own=12, shared=6):
    """Topics with words of their own and words that all of them hold, these the heaviest; and their graph."""
    weights = rng.uniform(0.5, 1, size=(n_topics, n_topics * own + shared))
    for k in range(n_topics):
        weights[k, np.r_[: k * own, (k + 1) * own : n_topics * own]] = 0.01
    weights[:, n_topics * own :] *= 4
    graph = np.kron(np.eye(n_topics), np.ones((own, own)))
    graph = np.pad(graph, ((0, shared), (0, shared)), constant_values=0.5)
    return weights, sp.csr_matrix(graph)


def distinct(weights, n=10):
    tops = np.argsort(-weights, axis=1)[:, :n]
    return len(np.unique(tops)) / tops.size


def test_exclusive_words_come_first_where_coherence_allows():
    weights, graph = shared_words(np.random.default_rng(0))
    assert distinct(weights) < 0.6
    assert distinct(exclusive(weights, graph, Start(exclusivity="auto"))) == 1.0
    np.testing.assert_allclose(
        exclusive(weights, graph, Start(exclusivity=0.0)), weights / weights.mean(axis=1, keepdims=True)
    )


def test_exclusivity_stops_where_topics_would_lose_their_coherence():
    weights, _ = shared_words(np.random.default_rng(0))
    only_shared = sp.csr_matrix(np.pad(np.ones((6, 6)), ((48, 0), (48, 0))))
    kept = exclusive(weights, only_shared)
    np.testing.assert_array_equal(
        np.sort(np.argsort(-kept, axis=1)[:, :6]), np.sort(np.argsort(-weights, axis=1)[:, :6])
    )


def test_shared_words_keep_the_mean_weight():
    weights, graph = shared_words(np.random.default_rng(0))
    relative = weights / weights.mean(axis=1, keepdims=True)
    assert (exclusive(weights, graph, Start(exclusivity=3.0)) >= np.minimum(relative, 1) - 1e-12).all()


def test_an_exact_factorisation_warns_of_nothing():
    """The error is 0 up to rounding, and NMF takes its root."""
    for seed in range(10):
        rng, matrix = np.random.default_rng(seed), np.zeros((12, 12), dtype=np.float32)
        for first in (0, 4, 8):
            block = rng.random(4)
            matrix[first : first + 4, first : first + 4] = np.outer(block, block)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            weights = spectral._factorise(sp.csr_matrix(matrix), 3, Start(), 0)
        assert np.isfinite(weights).all() and (weights.max(axis=1) > 0).all()
