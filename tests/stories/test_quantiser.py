"""Quantisation of topic proportions: comparison with its formula, its gradients, and the ELBO of Pyro."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from topicml import TSCTM
from topicml.corpus import synthetic
from topicml.nn import BagEncoder, Batch, ProductDecoder
from topicml.nn.evidence import WordEvidence
from topicml.nn.network import TopicNetwork
from topicml.objectives import ELBO
from topicml.objectives.contrast.topic_semantic import TopicSemantic
from topicml.stories.tsctm import Quantisation, QuantisedELBO, QuantisedNetwork, TopicQuantiser

logits = arrays(np.float64, (7, 4), elements=st.floats(-5, 5))


@pytest.fixture
def network():
    torch.manual_seed(0)
    beta = np.random.default_rng(1).normal(size=(4, 30))
    return QuantisedNetwork(BagEncoder(30, 4, dropout=0.0), ProductDecoder(beta), n_topics=4)


@pytest.fixture
def batch():
    counts = np.random.default_rng(0).poisson(0.4, size=(20, 30)) + np.eye(20, 30, dtype=int)
    return Batch.from_counts(sp.csr_matrix(counts), np.arange(20))


def moved_codebook(n_topics):
    quantiser = TopicQuantiser(n_topics).double()
    with torch.no_grad():
        quantiser.codebook += torch.from_numpy(np.random.default_rng(3).normal(scale=0.4, size=(n_topics, n_topics)))
    return quantiser


@given(logits)
def test_the_initial_codes_are_the_leading_topics(values):
    theta = torch.from_numpy(values).softmax(dim=-1)
    chosen = TopicQuantiser(4).double().codes(theta)
    np.testing.assert_allclose(theta.gather(1, chosen.unsqueeze(1)).squeeze(1), theta.amax(dim=1), rtol=1e-12)


@given(logits)
def test_a_code_is_the_nearest_codeword(values):
    quantiser = moved_codebook(4)
    theta = torch.from_numpy(values).softmax(dim=-1)
    codebook = quantiser.codebook.detach().numpy()
    distances = np.array([[((row - word) ** 2).sum() for word in codebook] for row in theta.numpy()])
    chosen = quantiser.codes(theta).numpy()
    np.testing.assert_allclose(distances[np.arange(7), chosen], distances.min(axis=1), atol=1e-12)


def test_the_value_is_the_codeword_with_a_straight_through_gradient():
    quantiser = moved_codebook(4)
    theta = torch.rand(5, 4, dtype=torch.float64).softmax(dim=-1).requires_grad_()
    value = quantiser(theta)
    torch.testing.assert_close(value, quantiser.codebook[quantiser.codes(theta)])
    direction = torch.randn(5, 4, dtype=torch.float64)
    (value * direction).sum().backward()
    torch.testing.assert_close(theta.grad, direction)
    assert quantiser.codebook.grad is None  # only the quantisation loss trains codewords


def test_the_distance_and_its_gradients_equal_those_of_loops():
    quantiser = moved_codebook(4)
    theta = torch.rand(6, 4, dtype=torch.float64).softmax(dim=-1).requires_grad_()
    quantiser.distance(theta, 0.3).sum().backward()
    values, codebook = theta.detach().numpy(), quantiser.codebook.detach().numpy()
    to_theta, to_codebook, expected = np.zeros_like(values), np.zeros_like(codebook), []
    for d, row in enumerate(values):
        q = int(np.argmin([((row - word) ** 2).sum() for word in codebook]))
        expected.append(1.3 * sum((row[k] - codebook[q, k]) ** 2 for k in range(4)))
        to_theta[d] = 0.3 * 2 * (row - codebook[q])
        to_codebook[q] += 2 * (codebook[q] - row)
    np.testing.assert_allclose(quantiser.distance(theta, 0.3).detach(), expected)
    np.testing.assert_allclose(theta.grad, to_theta)
    np.testing.assert_allclose(quantiser.codebook.grad, to_codebook, atol=1e-15)


def test_the_bound_is_the_reconstruction_from_codewords(network, batch):
    posterior = network.encode(batch)
    bound = ELBO()
    loss = bound(batch, posterior, network)
    one_hot = torch.eye(4)[posterior.loc.argmax(dim=-1)]
    words = network.decoder(one_hot).word_log_prob()
    dense = torch.zeros(20, 30).index_put((batch.documents, batch.word_ids), batch.counts)
    torch.testing.assert_close(loss.value, -(dense * words).sum(dim=-1).mean())
    assert loss.parts["kl"] == 0


def test_the_held_out_bound_includes_the_distance_to_codewords(network, batch):
    for training in (True, False):
        network.train(training)
        posterior = network.encode(batch)
        theta = posterior.theta_mean
        gap = (theta - torch.eye(4)[theta.argmax(dim=-1)]).square().sum(dim=-1).mean()
        expected = ELBO()(batch, posterior, network).value + (0 if training else gap)
        torch.testing.assert_close(QuantisedELBO()(batch, posterior, network).value, expected)


def test_gradients_reach_encoder_topics_and_codewords(network, batch):
    posterior = network.encode(batch)
    objectives = [ELBO(), Quantisation(), TopicSemantic()]
    sum(objective(batch, posterior, network).value for objective in objectives).backward()
    for name in ("encoder.embedding.weight", "encoder.loc.weight", "decoder.beta", "quantiser.codebook"):
        assert network.get_parameter(name).grad.abs().sum() > 0


def test_the_history_has_the_number_of_codes_in_use(network, batch):
    objective = Quantisation()
    posterior = network.encode(batch)
    loss = objective(batch, posterior, network)
    assert loss.parts == {"codes": len(posterior.loc.argmax(dim=-1).unique())}
    expected = 1.1 * (posterior.theta_mean - torch.eye(4)[posterior.loc.argmax(dim=-1)]).square().sum(dim=-1).mean()
    torch.testing.assert_close(loss.value, expected)


def test_the_posterior_is_a_point(network, batch):
    posterior = network.encode(batch)
    torch.testing.assert_close(posterior.theta, posterior.theta_mean)


def test_further_words_are_predicted_by_the_mean_over_codes(network, batch):
    network.eval()
    with torch.no_grad():
        codes = softmax(network.decoder(network.quantiser.codebook).logits.double().numpy(), axis=1)
    counts = np.zeros((len(batch), codes.shape[1]))
    np.add.at(counts, (batch.documents.numpy(), batch.word_ids.numpy()), batch.counts.numpy())
    expected = np.zeros_like(counts)
    for document, row in enumerate(counts):
        joint = np.prod(codes**row, axis=1)
        expected[document] = joint / joint.sum() @ codes
    np.testing.assert_allclose(network.predictive(batch).word_log_prob().exp().numpy(), expected, rtol=1e-4)
    network.evidence = WordEvidence(np.ones((4, 30)), max_words=3)
    for document, row in enumerate(counts):
        joint = np.prod(codes**row, axis=1) ** min(1, 3 / row.sum())
        expected[document] = joint / joint.sum() @ codes
    np.testing.assert_allclose(network.predictive(batch).word_log_prob().exp().numpy(), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_perplexity_is_that_of_the_mean_over_codes(monkeypatch):
    corpus = synthetic.short_text(200, 4, 100, random_state=0).corpus
    model = TSCTM(n_topics=4, max_epochs=3, random_state=0).fit(corpus)
    mean = model.perplexity(corpus)
    monkeypatch.setattr(QuantisedNetwork, "predictive", TopicNetwork.predictive)
    assert mean < model.perplexity(corpus)
