"""Every contrastive objective against its formula, in loops in float64 NumPy.

`pairs` draws ordinary and adversarial topic vectors: copies, opposites, zeros, large ones, few documents.
"""

import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from topicml.corpus.documents import Documents
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.objectives.contrast import (
    ClusterAware,
    InfoNCE,
    InstanceWeighted,
    Probabilistic,
)
from topicml.objectives.contrast.instance_weighted import loss_with_noise
from topicml.objectives.contrast.logits import cosines, soft_loss, without_diagonal

RNG = np.random.default_rng(0)
COUNTS = sp.csr_matrix(RNG.poisson(0.6, size=(12, 30)))
NETWORK = TopicNetwork(BagEncoder(30, 4, hidden=8), ProductDecoder(RNG.normal(size=(4, 30))), n_topics=4, alpha=0.1)
TEMPERATURES = st.sampled_from([0.05, 0.2, 0.5, 2.0])


@st.composite
def pairs(draw, least=1, most=7):
    """Anchors and positives, float64 arrays (n_docs, 4)."""
    n_docs = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    anchor, positive = rng.normal(size=(2, n_docs, 4))
    kind = draw(st.sampled_from(["random", "copies", "opposite", "zeros", "large", "simplex"]))
    if kind == "copies":
        anchor[:], positive[:] = anchor[0], anchor[0]
    elif kind == "opposite":
        positive = -anchor
    elif kind == "zeros":
        anchor[0], positive[-1] = 0, 0
    elif kind == "large":
        anchor *= 1e6
    elif kind == "simplex":
        anchor, positive = (np.exp(3 * v) / np.exp(3 * v).sum(axis=1, keepdims=True) for v in (anchor, positive))
    return anchor, positive


def cos(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


def first_documents(n_docs):
    return Batch.from_counts(COUNTS, np.arange(n_docs))


def prepared(objective, corpus=None):
    objective.prepare(Documents(COUNTS, corpus=corpus), network=NETWORK, batch_size=12)
    return objective


def loss_of(objective, vectors, batch=None):
    anchor, positive = map(torch.from_numpy, vectors)
    return float(objective.loss(anchor, positive, first_documents(len(anchor)) if batch is None else batch).detach())


def same(value, expected):
    np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-9)


# ------------------------------------------------------------------ InfoNCE


def infonce(anchor, positive, t):
    n = len(anchor)
    return np.mean(
        [
            -math.log(
                math.exp(cos(anchor[i], positive[i]) / t)
                / sum(math.exp(cos(anchor[i], positive[j]) / t) for j in range(n))
            )
            for i in range(n)
        ]
    )


@given(pairs(), TEMPERATURES)
def test_infonce(vectors, t):
    same(loss_of(InfoNCE(temperature=t), vectors), infonce(*vectors, t))


# ------------------------------------------------------------------ DCLR


def tfidf_cosines(counts):
    damped = counts.astype(float).copy()
    damped.data = np.log1p(damped.data)
    weights = TfidfTransformer(norm="l2").fit(COUNTS).transform(damped, copy=True)
    return (weights @ weights.T).toarray()


@given(pairs(), TEMPERATURES, st.sampled_from([0.05, 0.2, 0.5, 0.99]))
def test_instance_weights_exclude_documents_with_similar_words(vectors, t, threshold):
    anchor, positive = vectors
    n = len(anchor)
    alike = tfidf_cosines(COUNTS[:n])
    expected = []
    for i in range(n):
        e = [math.exp(cos(anchor[i], positive[j]) / t) for j in range(n)]
        weight = [1.0 if i == j or alike[i, j] <= threshold else 0.0 for j in range(n)]
        expected.append(-math.log(e[i] / np.dot(weight, e)))
    objective = prepared(InstanceWeighted(threshold=threshold, noise=0, temperature=t))
    same(loss_of(objective, vectors), np.mean(expected))


@given(pairs(least=2), TEMPERATURES)
def test_noise_vectors_are_additional_negatives(vectors, t):
    anchor, positive = map(torch.from_numpy, vectors)
    noise = RNG.normal(size=(3, 4))
    logits = cosines(anchor, positive) / t
    value = loss_with_noise(logits.diagonal(), without_diagonal(logits), anchor, torch.from_numpy(noise), t)
    expected = []
    for i, a in enumerate(vectors[0]):
        e = [math.exp(cos(a, p) / t) for p in vectors[1]]
        expected.append(-math.log(e[i] / (sum(e) + sum(math.exp(cos(a, v) / t) for v in noise))))
    same(float(value), np.mean(expected))


def test_gradient_ascent_makes_noise_harder():
    vectors = RNG.normal(size=(2, 8, 4))
    losses = []
    for steps in (0, 2, 8):
        torch.manual_seed(0)
        losses.append(loss_of(prepared(InstanceWeighted(steps=steps, vector="z", noise=2.0)), vectors))
    assert losses == sorted(losses)
    assert losses[2] > losses[0] + 0.05


def test_the_threshold_is_a_quantile_of_the_corpus():
    objective = prepared(InstanceWeighted(quantile=0.9))
    pairs_of_documents = tfidf_cosines(COUNTS)[np.triu_indices(12, 1)]
    assert objective._threshold == pytest.approx(np.quantile(pairs_of_documents, 0.9), rel=1e-5)


# ------------------------------------------------------------------ ClusterNS


@given(pairs(least=3), TEMPERATURES)
def test_clusters(vectors, t):
    anchor, positive = vectors
    n = len(anchor)
    centroids = np.eye(4)[:3]
    objective = prepared(ClusterAware(n_clusters=3, temperature=t, margin_weight=0.5, rate=1e-12))
    objective.centroids = torch.from_numpy(centroids)
    objective.started.fill_(True)
    near = np.array([[cos(a, c) for c in centroids] for a in anchor])
    cluster = near.argmax(axis=1)
    second = np.sort(near, axis=1)[:, -2]
    expected, margins = [], []
    for i in range(n):
        s = [cos(anchor[i], p) for p in positive]
        negatives = [math.exp(s[j] / t) for j in range(n) if cluster[j] != cluster[i]] + [math.exp(second[i] / t)]
        expected.append(-math.log(math.exp(s[i] / t) / (math.exp(s[i] / t) + sum(negatives))))
        deltas = [s[j] - s[i] for j in range(n) if j != i and cluster[j] == cluster[i]]
        margins += [max(0, d + 0.1) + max(0, -d - 0.4) for d in deltas]
    same(loss_of(objective, vectors), np.mean(expected) + 0.5 * (np.mean(margins) if margins else 0))


def test_centroids_follow_their_documents():
    objective = prepared(ClusterAware(n_clusters=2, rate=0.25))
    objective.centroids = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1.0, 0]])
    objective.started.fill_(True)
    documents = torch.tensor([[3.0, 1, 0, 0], [2.0, 0, 0, 0]])
    objective.loss(documents, documents, first_documents(2))
    mean = (np.array([3, 1, 0, 0]) / math.sqrt(10) + np.array([1, 0, 0, 0])) / 2
    moved = 0.75 * np.array([1, 0, 0, 0]) + 0.25 * mean
    np.testing.assert_allclose(objective.centroids[0], moved / np.linalg.norm(moved), rtol=1e-6)
    np.testing.assert_array_equal(objective.centroids[1], [0, 0, 1, 0])  # no document is in this cluster


def test_clusters_start_when_documents_are_spread_out():
    objective = prepared(ClusterAware(start=0.4))
    similar = np.ones((2, 6, 4)) + 0.1 * RNG.normal(size=(2, 6, 4))
    same(loss_of(objective, similar), infonce(*similar, 0.5))
    assert not objective.started
    loss_of(objective, RNG.normal(size=(2, 6, 4)))
    assert objective.started


# ------------------------------------------------------------------ several positives, MCInfoNCE


@given(pairs(least=2), TEMPERATURES, st.integers(1, 4), st.booleans())
def test_probabilistic(vectors, t, samples, learned):
    rng = np.random.default_rng(len(vectors[0]))
    anchor, positive = (v + 0.3 * rng.normal(size=(samples, *v.shape)) for v in vectors)
    n = anchor.shape[1]
    expected = []
    for i in range(n):
        probabilities = []
        for a, p in zip(anchor, positive, strict=True):
            positive_term = math.exp(cos(a[i], p[i]) / t)
            negatives = [math.exp(cos(a[i], p[j]) / t) for j in range(n) if j != i]
            probabilities.append(positive_term / (positive_term + np.mean(negatives)))
        expected.append(-math.log(np.mean(probabilities)))
    objective = Probabilistic(samples=samples, temperature=t, learn_temperature=learned)
    np.testing.assert_allclose(
        loss_of(objective, (anchor, positive), first_documents(n)), np.mean(expected), rtol=1e-5, atol=1e-7
    )


@given(pairs(), TEMPERATURES, st.sampled_from([0.1, 0.35]))
def test_soft_loss(vectors, t, target_temperature):
    anchor, positive = vectors
    alike, s = tfidf_cosines(COUNTS[: len(anchor)]), np.array([[cos(a, p) for p in positive] for a in anchor])

    def softmax(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    target = softmax(alike / target_temperature)
    entropies = [-(target * np.log(softmax(logits / t))).sum(axis=1) for logits in (s, s.T)]
    value = float(soft_loss(torch.from_numpy(s / t), torch.from_numpy(alike / target_temperature)))
    np.testing.assert_allclose(value, np.mean(entropies), rtol=1e-5, atol=1e-9)


def test_cosines_have_float32_precision_if_the_network_is_in_bfloat16():
    vectors = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    exact = cosines(vectors, vectors)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(cosines(vectors, vectors), exact, rtol=0, atol=0)
        half = vectors.bfloat16()
        rounded = half.double() @ half.double().T / torch.outer(half.double().norm(dim=1), half.double().norm(dim=1))
        torch.testing.assert_close(cosines(half, half).double(), rounded, rtol=0, atol=1e-6)
