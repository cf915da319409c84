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

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.objectives.contrast import (
    CLNTM,
    ClusterAware,
    Debiased,
    EnergyHinge,
    InfoNCE,
    InstanceWeighted,
    KernelConditional,
    Mixup,
    MomentumQueue,
    NTXent,
    Probabilistic,
    SoftLabels,
)
from topicml.objectives.contrast.debiased import debiased
from topicml.objectives.contrast.instance_weighted import loss_with_noise
from topicml.objectives.contrast.logits import cosines, without_diagonal
from topicml.objectives.contrast.mixup import count_space_loss, mixed_documents

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


# ------------------------------------------------------------------ InfoNCE and NT-Xent


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


def view_terms(anchor, positive, t):
    """exp(s / t) of each of the 2 n views with the other view of its document, and with views of other documents."""
    views, n = np.concatenate([anchor, positive]), len(anchor)
    for v in range(2 * n):
        positive_term = math.exp(cos(views[v], views[(v + n) % (2 * n)]) / t)
        yield positive_term, [math.exp(cos(views[v], views[u]) / t) for u in range(2 * n) if u % n != v % n]


@given(pairs(), TEMPERATURES)
def test_nt_xent(vectors, t):
    expected = np.mean(
        [
            -math.log(positive_term / (positive_term + sum(negatives)))
            for positive_term, negatives in view_terms(*vectors, t)
        ]
    )
    same(loss_of(NTXent(temperature=t), vectors), expected)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_nt_xent_is_that_of_pytorch_metric_learning(temperature):
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    for n_docs in (2, 5, 40):
        vectors = RNG.normal(size=(2, n_docs, 6))
        theirs = losses.NTXentLoss(temperature=temperature)(
            torch.from_numpy(vectors.reshape(-1, 6)), torch.arange(n_docs).repeat(2)
        )
        same(loss_of(NTXent(temperature=temperature), vectors, batch=None if n_docs < 12 else ()), float(theirs))


# ------------------------------------------------------------------ CLNTM, DCL


@given(pairs(), TEMPERATURES, st.sampled_from([0.1, 0.5, 3.0, "adaptive"]))
def test_clntm(vectors, t, beta):
    anchor, positive = vectors
    negative = np.roll(positive[::-1], 1, axis=1)
    ratio = [
        math.exp(cos(a, p) / t) / math.exp(cos(a, m) / t) for a, p, m in zip(anchor, positive, negative, strict=True)
    ]
    weight = np.mean(ratio) if beta == "adaptive" else beta
    expected = np.mean([-math.log(r / (r + weight)) for r in ratio])
    value = CLNTM(temperature=t, beta=beta).loss_of_triples(*map(torch.from_numpy, (anchor, positive, negative)))
    same(float(value), expected)


@given(pairs(), TEMPERATURES, st.sampled_from([0.0, 0.1, 0.25, 0.9]))
def test_debiased(vectors, t, rho):
    n_negatives = 2 * len(vectors[0]) - 2
    expected = []
    for positive_term, negatives in view_terms(*vectors, t):
        g = max((sum(negatives) - n_negatives * rho * positive_term) / (1 - rho), n_negatives * math.exp(-1 / t))
        expected.append(-math.log(positive_term / (positive_term + g)))
    same(loss_of(Debiased(temperature=t, class_prior=rho), vectors), np.mean(expected))


def test_debiased_has_its_golden_value():
    positive_term, negatives = torch.tensor([0.6]).double() / 0.5, torch.tensor([[0.1, 0.0, -0.2, 0.3]]).double() / 0.5
    assert float(debiased(positive_term, negatives, 4, prior=0.1, temperature=0.5)) == pytest.approx(0.757572, abs=1e-6)
    assert float(debiased(positive_term, negatives, 4, prior=0.0, temperature=0.5)) == pytest.approx(0.883677, abs=1e-6)


@given(pairs(least=2))
def test_debiased_stays_finite_at_a_low_temperature(vectors):
    assert math.isfinite(loss_of(Debiased(temperature=1e-3), vectors))


@given(pairs())
def test_the_default_class_prior_of_debiased_is_one_over_the_number_of_topics(vectors):
    same(loss_of(Debiased(), vectors), loss_of(Debiased(class_prior=0.25), vectors))


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


# ------------------------------------------------------------------ SupReMix


@given(pairs(least=2), TEMPERATURES, st.integers(0, 100))
def test_mixtures_in_vector_space(vectors, t, seed):
    """The test repeats the draws from the same seed and computes the rest in NumPy."""
    n = len(vectors[0])
    torch.manual_seed(seed)
    value = loss_of(Mixup(mixtures=3, temperature=t), vectors)
    torch.manual_seed(seed)
    step, side = torch.randint(1, n, (2 * n, 3)).numpy(), torch.randint(0, 2, (2 * n, 3)).numpy()
    share = torch.distributions.Beta(2.0, 8.0).sample((2 * n, 3)).numpy()
    unit = [v / (np.linalg.norm(v) or 1) for v in np.concatenate(vectors)]
    expected = []
    for v, (positive_term, negatives) in enumerate(view_terms(*vectors, t)):
        for m in range(3):
            partner = (v + step[v, m]) % n + n * side[v, m]
            mixture = share[v, m] * unit[v] + (1 - share[v, m]) * unit[partner]
            negatives.append(math.exp(cos(unit[v], mixture) / t))
        expected.append(-math.log(positive_term / (positive_term + sum(negatives))))
    np.testing.assert_allclose(value, np.mean(expected), rtol=1e-4, atol=1e-9)


def test_with_a_field_far_values_weigh_more_and_mixtures_between_are_positives():
    values = np.array([1.0, 4.0, np.nan, 2.0])
    corpus = Corpus.from_counts(COUNTS[:4], [f"w{i}" for i in range(30)], fields={"year": values})
    objective = Mixup(mixtures=2, field="year")
    objective.prepare(Documents(corpus.counts, corpus=corpus), network=NETWORK, batch_size=4)
    vectors = RNG.normal(size=(2, 4, 4))
    torch.manual_seed(3)
    value = loss_of(objective, vectors)
    torch.manual_seed(3)
    step, side = torch.randint(1, 4, (8, 2)).numpy(), torch.randint(0, 2, (8, 2)).numpy()
    share = torch.distributions.Beta(2.0, 8.0).sample((8, 2)).numpy()
    chance = torch.rand(2, 8, 8).numpy()
    y = np.tile(values, 2) / np.nanstd(values)
    unit = np.concatenate(vectors)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)

    def weight(a, b):
        return 1.0 if np.isnan(a - b) else 1 + abs(a - b)

    losses = []
    for v in range(8):
        positive_term = math.exp(cos(unit[v], unit[(v + 4) % 8]) / 0.5)
        rest = sum(weight(y[v], y[u]) * math.exp(cos(unit[v], unit[u]) / 0.5) for u in range(8) if u % 4 != v % 4)
        for m in range(2):
            u = (v + step[v, m]) % 4 + 4 * side[v, m]
            mixture = share[v, m] * unit[v] + (1 - share[v, m]) * unit[u]
            mixed_value = share[v, m] * y[v] + (1 - share[v, m]) * y[u]
            rest += weight(y[v], mixed_value) * math.exp(cos(unit[v], mixture) / 0.5)
        loss = -math.log(positive_term / (positive_term + rest))
        below, above = y < y[v], y > y[v]
        if below.any() and above.any():
            low, high = np.where(below, chance[0, v], -1).argmax(), np.where(above, chance[1, v], -1).argmax()
            alpha = (y[high] - y[v]) / (y[high] - y[low])
            between = math.exp(cos(unit[v], alpha * unit[low] + (1 - alpha) * unit[high]) / 0.5)
            loss = (loss - math.log(between / (between + rest))) / 2
        losses.append(loss)
    np.testing.assert_allclose(value, np.mean(losses), rtol=1e-5, atol=1e-9)


@given(pairs(least=2), TEMPERATURES)
def test_mixtures_in_count_space_are_identified_as_both_documents(vectors, t):
    mixed, positive = vectors
    n = len(mixed)
    partner, share = np.roll(np.arange(n), 1), np.linspace(0.1, 0.9, n)
    expected = []
    for i in range(n):
        e = np.array([math.exp(cos(mixed[i], p) / t) for p in positive])
        p = e / e.sum()
        expected.append(-share[i] * math.log(p[i]) - (1 - share[i]) * math.log(p[partner[i]]))
    value = count_space_loss(*map(torch.from_numpy, (mixed, positive, partner, share)), temperature=t)
    same(float(value), np.mean(expected))


def test_mixed_documents_contain_the_words_of_both_in_their_shares():
    batch = Batch.from_counts(COUNTS, np.array([4, 0, 7]))
    dense = COUNTS[[4, 0, 7]].toarray().astype(float)
    partner, share = np.array([2, 0, 1]), np.array([0.3, 0.5, 0.9])
    mixed = mixed_documents(batch, torch.from_numpy(partner), torch.from_numpy(share).float())
    length = dense.sum(axis=1)
    relative = dense / length[:, None]
    total = share * length + (1 - share) * length[partner]
    expected = total[:, None] * (share[:, None] * relative + (1 - share)[:, None] * relative[partner])
    value = np.zeros_like(expected)
    value[mixed.documents.numpy(), mixed.word_ids.numpy()] = mixed.counts.numpy()
    np.testing.assert_allclose(value, expected, rtol=1e-5)


# ------------------------------------------------------------------ CCL-K


def ccl_k(anchor, positive, kernel, t, ridge, role):
    n = len(anchor)
    weights = np.linalg.inv(kernel + ridge * np.eye(n)) @ kernel
    np.fill_diagonal(weights, 0)
    weights[weights < 1e-6] = 0
    directions = []
    for x, y in ((anchor, positive), (positive, anchor)):
        xy = np.array([[math.exp(cos(x[i], y[j]) / t) for j in range(n)] for i in range(n)])
        xx = np.array([[math.exp(cos(x[i], x[j]) / t) if i != j else 0.0 for j in range(n)] for i in range(n)])
        alike = np.diag(xy @ weights) + np.diag(xx @ weights)
        if role == "negatives":
            directions.append(-np.log(np.diag(xy) / (np.diag(xy) + (n - 1) * alike)))
        else:
            total = alike + xy.sum(axis=1) + xx.sum(axis=1)
            directions.append([-math.log(a / b) if a > 0 else 0.0 for a, b in zip(alike, total, strict=True)])
    return np.mean(directions)


FIELDS = {
    "year": np.array([1.0, 2, 2, 9, 1, 5, np.nan, 2, 2, 1, 0, 3]),
    "label": np.array([0, 1, 0, 0, 2, 1, 0, 1, 2, 0, 1, 2]),
    "vector": RNG.normal(size=(12, 3)),
}
CORPUS = Corpus.from_counts(COUNTS, [f"w{i}" for i in range(30)], fields=FIELDS)


def kernel_of(field, kind, n):
    values = np.log1p(COUNTS.toarray().sum(axis=1)) if field is None else FIELDS[field]
    if kind in ("rbf", "laplace"):
        values = values / np.nanstd(values)
    kernel = np.eye(n)
    for i in range(n):
        for j in range(n):
            distance = np.abs(values[i] - values[j])
            if i == j or np.isnan(distance).any():
                continue
            kernel[i, j] = {
                "rbf": lambda d=distance: math.exp(-((d / 0.5) ** 2) / 2),
                "laplace": lambda d=distance: math.exp(-d / 0.5),
                "same": lambda d=distance: float(d == 0),
                "cosine": lambda i=i, j=j: cos(values[i], values[j]),
            }[kind]()
    return kernel


@given(
    pairs(),
    TEMPERATURES,
    st.sampled_from(["negatives", "positives"]),
    st.sampled_from([(None, "rbf"), ("year", "rbf"), ("year", "laplace"), ("label", "same"), ("vector", "cosine")]),
)
def test_kernel_conditional(vectors, t, role, field_and_kind):
    field, kind = field_and_kind
    kernel = "laplace" if kind == "laplace" else "auto"
    objective = prepared(KernelConditional(field=field, kernel=kernel, role=role, temperature=t), CORPUS)
    expected = ccl_k(*vectors, kernel_of(field, kind, len(vectors[0])), t, 0.1, role)
    np.testing.assert_allclose(loss_of(objective, vectors), expected, rtol=1e-5, atol=1e-7)


def test_kernel_conditional_stays_finite_at_a_low_temperature():
    for role in ("negatives", "positives"):
        objective = prepared(KernelConditional(role=role, temperature=1e-3))
        assert math.isfinite(loss_of(objective, RNG.normal(size=(2, 5, 4))))


# ------------------------------------------------------------------ MoCo


@given(pairs(least=2), TEMPERATURES, st.sampled_from([(0.0, 1.0), (0.05, 0.5), (0.2, 0.3)]))
def test_queue(vectors, t, band):
    skip, keep = band
    queued = RNG.normal(size=(10, 4))
    objective = prepared(MomentumQueue(temperature=t, skip=skip, keep=keep))
    objective.queued = torch.from_numpy(queued)
    objective.n_queued.fill_(10)
    directions = []
    for query, key in (vectors, vectors[::-1]):
        for i, q in enumerate(query):
            ranked = sorted((cos(q, m) for m in queued), reverse=True)
            hard = ranked[round(skip * 10) : max(round(keep * 10), round(skip * 10) + 1)]
            e = [math.exp(cos(q, k) / t) for k in key]
            directions.append(-math.log(e[i] / (sum(e) + sum(math.exp(s / t) for s in hard))))
    same(loss_of(objective, vectors), np.mean(directions))


# ------------------------------------------------------------------ MCInfoNCE, Dialog2Flow, PromCSE


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


@given(pairs(), TEMPERATURES, st.sampled_from([0.1, 0.35]), st.sampled_from([None, "label", "vector"]))
def test_soft_labels(vectors, t, target_temperature, field):
    anchor, positive = vectors
    n = len(anchor)
    if field is None:
        alike = tfidf_cosines(COUNTS[:n])
    elif field == "label":
        alike = (FIELDS["label"][:n, None] == FIELDS["label"][:n]).astype(float)
    else:
        alike = np.array([[cos(a, b) for b in FIELDS["vector"][:n]] for a in FIELDS["vector"][:n]])
    np.fill_diagonal(alike, 1)
    s = np.array([[cos(a, p) for p in positive] for a in anchor])

    def softmax(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    target = softmax(alike / target_temperature)
    entropies = [-(target * np.log(softmax(logits / t))).sum(axis=1) for logits in (s, s.T)]
    objective = prepared(SoftLabels(field=field, target_temperature=target_temperature, temperature=t), CORPUS)
    np.testing.assert_allclose(loss_of(objective, vectors), np.mean(entropies), rtol=1e-5, atol=1e-9)


@given(pairs(least=2), TEMPERATURES)
def test_energy_hinge(vectors, t):
    anchor, positive = vectors
    negative = np.roll(positive[::-1], 1, axis=1)
    expected = []
    for i, a in enumerate(anchor):
        s, n = [cos(a, p) for p in positive], [cos(a, m) for m in negative]
        total = sum(math.exp(x / t) for x in s + n)
        expected.append(-math.log(math.exp(s[i] / t) / total) + 10 * max(0, 0.2 - s[i] + max(n)))
    a, p, m = map(torch.from_numpy, (anchor, positive, negative))
    same(
        float(EnergyHinge(temperature=t, hinge_weight=10)._loss_with_hinge(a, p, cosines(a, m)).value),
        np.mean(expected),
    )


def test_cosines_have_float32_precision_if_the_network_is_in_bfloat16():
    vectors = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    exact = cosines(vectors, vectors)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(cosines(vectors, vectors), exact, rtol=0, atol=0)
        half = vectors.bfloat16()
        rounded = half.double() @ half.double().T / torch.outer(half.double().norm(dim=1), half.double().norm(dim=1))
        torch.testing.assert_close(cosines(half, half).double(), rounded, rtol=0, atol=1e-6)
