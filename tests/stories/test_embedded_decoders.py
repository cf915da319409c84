"""Decoders with word and topic embeddings, and the clustering loss of ECRTM."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from topicml.nn.batch import Batch
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.stories.ecrtm import DistanceDecoder, EmbeddingClustering, topics_at_centres
from topicml.stories.etm import InnerProductDecoder, topics_by_likelihood

RNG = np.random.default_rng(0)
TOPICS, WORDS = RNG.normal(size=(3, 5)), RNG.normal(size=(20, 5))


def counts():
    import scipy.sparse as sp

    return sp.csr_matrix(np.random.default_rng(1).poisson(0.5, size=(6, 20)))


def test_the_inner_product_decoder_is_a_mixture_with_a_background():
    background = RNG.normal(size=20)
    decoder = InnerProductDecoder(TOPICS, WORDS, background, train_words=True)
    theta = RNG.dirichlet(np.ones(3), size=6)
    np.testing.assert_allclose(decoder.topic_word().detach(), softmax(TOPICS @ WORDS.T, axis=1), rtol=1e-4)
    batch = Batch.from_counts(counts(), np.arange(6))
    words = theta @ softmax(TOPICS @ WORDS.T + background, axis=1)
    log_prob = decoder(torch.tensor(theta, dtype=torch.float32)).log_prob(batch)
    np.testing.assert_allclose(log_prob.detach(), (counts().toarray() * np.log(words)).sum(axis=1), rtol=1e-4)


def test_the_distance_decoder_divides_words_among_topics():
    decoder = DistanceDecoder(TOPICS, WORDS, train_words=True, temperature=0.7)
    squared = ((TOPICS[:, None] - WORDS[None]) ** 2).sum(axis=2)
    shares = softmax(-squared / 0.7, axis=0)
    np.testing.assert_allclose(decoder.distances().detach(), squared, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(decoder.shares().detach(), shares, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(
        decoder.topic_word().detach(), shares / shares.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-6
    )


def test_the_distance_decoder_is_a_product_of_experts():
    decoder = DistanceDecoder(TOPICS, WORDS, train_words=True).train()
    theta = RNG.dirichlet(np.ones(3), size=6)
    logits = theta @ decoder.shares().detach().double().numpy()
    normed = (logits - logits.mean(axis=0)) / np.sqrt(logits.var(axis=0) + 1e-5)
    batch = Batch.from_counts(counts(), np.arange(6))
    expected = (counts().toarray() * log_softmax(normed, axis=1)).sum(axis=1)
    log_prob = decoder(torch.tensor(theta, dtype=torch.float32)).log_prob(batch)
    np.testing.assert_allclose(log_prob.detach(), expected, rtol=1e-3)


@pytest.mark.parametrize("train_words", [True, False])
@pytest.mark.parametrize("product", [True, False])
def test_words_have_a_gradient_only_if_train_words_is_set(product, train_words):
    if product:
        module = InnerProductDecoder(TOPICS, WORDS, np.zeros(20), train_words=train_words)
    else:
        module = DistanceDecoder(TOPICS, WORDS, train_words=train_words)
    module.topic_word()[0, 0].backward()
    assert module.topics.grad is not None
    assert (module.words.grad is not None) == train_words


def test_topics_by_likelihood_recover_topics_of_the_model():
    true = 2 * RNG.normal(size=(4, 5))
    beta = log_softmax(true @ WORDS.T, axis=1)
    topics = topics_by_likelihood(beta, WORDS, penalty=0.0, steps=500)
    np.testing.assert_allclose(softmax(topics @ WORDS.T, axis=1), np.exp(beta), atol=2e-3)


def test_the_gradient_at_topics_by_likelihood_is_zero():
    beta = 3 * RNG.normal(size=(2, 20))
    topics = topics_by_likelihood(beta, WORDS, penalty=0.01, steps=500).astype(np.float64)
    # The gradient of cross-entropy plus penalty.
    gradient = (softmax(topics @ WORDS.T, axis=1) - softmax(beta, axis=1)) @ WORDS + 0.02 * topics
    np.testing.assert_allclose(gradient, 0, atol=2e-3)


def test_topics_at_centres_are_near_their_words():
    words = np.vstack([np.eye(3)[k] + 0.1 * RNG.normal(size=(10, 3)) for k in range(3)])
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    beta = np.where(np.repeat(np.eye(3), 10, axis=1) > 0, 2.0, -2.0)
    centres = topics_at_centres(beta, words)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, rtol=1e-6)
    assert ((centres @ words.T).argmax(axis=0) == np.repeat(np.arange(3), 10)).all()


def network(topics, words):
    return TopicNetwork(
        BagEncoder(len(words), len(topics), hidden=8),
        DistanceDecoder(topics, words, train_words=True),
        n_topics=len(topics),
        alpha=1.0,
    )


def test_the_clustering_loss_and_its_gradient_follow_from_the_plan():
    net = network(TOPICS, WORDS)
    batch = Batch.from_counts(counts(), np.arange(6))
    loss = EmbeddingClustering(weight=3.0, tolerance=1e-6)(batch, net.encode(batch), net).value
    loss.backward()
    squared = ((TOPICS[:, None] - WORDS[None]) ** 2).sum(axis=2)
    # The plan by the plain Sinkhorn iteration in float64.
    kernel, u = np.exp(-20.0 * (squared - squared.min(axis=0))), np.ones(3)
    for _ in range(20_000):
        v = 1 / 20 / (kernel.T @ u)
        u = 1 / 3 / (kernel @ v)
    plan = u[:, None] * kernel * v
    np.testing.assert_allclose(loss.item(), 3 * (plan * squared).sum(), rtol=1e-3)
    gradient = 3 * 2 * (plan[:, :, None] * (TOPICS[:, None] - WORDS[None])).sum(axis=1)
    np.testing.assert_allclose(net.decoder.topics.grad, gradient, rtol=0.01, atol=1e-3)


def test_the_clustering_loss_separates_topics_with_the_same_start():
    """Topics that start at the same place end in different clusters of words."""
    words = np.vstack([4 * np.eye(4)[k] + 0.1 * RNG.normal(size=(10, 4)) for k in range(4)])
    net = network(words[:4] + 0.01 * RNG.normal(size=(4, 4)), words)
    batch = Batch.from_counts(counts()[:, [0] * 40], np.arange(6))
    objective = EmbeddingClustering(weight=1.0)
    optimizer = torch.optim.Adam([net.decoder.topics], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        objective(batch, net.encode(batch), net).value.backward()
        optimizer.step()
    nearest = net.decoder.distances().argmin(dim=0).numpy().reshape(4, 10)
    assert (nearest == nearest[:, :1]).all()
    assert sorted(nearest[:, 0]) == [0, 1, 2, 3]


def test_the_clustering_loss_starts_from_its_last_potential():
    net = network(TOPICS, WORDS)
    batch = Batch.from_counts(counts(), np.arange(6))
    first = EmbeddingClustering(tolerance=1e-5)(batch, net.encode(batch), net).value.item()
    assert net.decoder.potential.abs().sum() > 0
    # The second call needs no iteration, because the network stores the potential.
    again = EmbeddingClustering(tolerance=1e-5, max_iterations=0)(batch, net.encode(batch), net).value.item()
    assert again == pytest.approx(first, rel=1e-4)
