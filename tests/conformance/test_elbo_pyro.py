"""The sparse ELBO compared with Pyro's dense formulation, in value and gradient."""

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import scipy.sparse as sp
import torch
from pyro.infer import SVI, RenyiELBO, Trace_ELBO, TraceMeanField_ELBO
from torch.distributions import kl_divergence

from topicml.nn import BagEncoder, Batch, MixtureDecoder, ProductDecoder, TopicNetwork
from topicml.objectives import ELBO, IWAE

V, K, D = 30, 4, 20


@pytest.fixture
def counts():
    return np.random.default_rng(0).poisson(0.4, size=(D, V)).astype(np.int32) + np.eye(D, V, dtype=np.int32)


@pytest.fixture(params=["product", "mixture"])
def network(request):
    torch.manual_seed(0)
    beta = np.random.default_rng(1).normal(size=(K, V))
    decoder = ProductDecoder(beta) if request.param == "product" else MixtureDecoder(beta, np.zeros(V))
    return TopicNetwork(BagEncoder(V, K, dropout=0.0), decoder, n_topics=K, alpha=(0.2, 1.0, 0.5, 3.0)).double()


def batch_of(counts):
    batch = Batch.from_counts(sp.csr_matrix(counts), np.arange(len(counts)))
    return Batch(batch.rows, batch.word_ids, batch.counts.double(), batch.offsets, batch.lengths.double())


def dense_model(network, counts):
    x = torch.tensor(counts, dtype=torch.float64)

    def model(batch, posterior):
        with pyro.plate("documents", len(x), dim=-1):
            z = pyro.sample("z", dist.Normal(network.prior_loc, network.prior_scale).to_event(1))
            logits = network.decoder(torch.softmax(z, -1)).word_log_prob()
            words = dist.Multinomial(total_count=10_000, logits=logits, validate_args=False)
            pyro.sample("words", words, obs=x)

    coefficient = (torch.lgamma(x.sum(1) + 1) - torch.lgamma(x + 1).sum(1)).mean()
    return model, coefficient


def gradients(loss, network):
    network.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


def test_elbo_equals_pyros_dense_multinomial_in_value_and_gradient(network, counts):
    batch = batch_of(counts)
    torch.manual_seed(3)
    ours = ELBO()(batch, network.encode(batch), network).value
    ours_gradients = gradients(ours, network)
    model, coefficient = dense_model(network, counts)
    torch.manual_seed(3)
    bound = TraceMeanField_ELBO().differentiable_loss(model, network.guide, batch, network.encode(batch)) / D
    pyros = bound + coefficient
    torch.testing.assert_close(ours, pyros, rtol=0, atol=1e-5)
    pyros_gradients = gradients(pyros, network)
    assert ours_gradients.keys() == pyros_gradients.keys()
    for name, gradient in ours_gradients.items():
        torch.testing.assert_close(gradient, pyros_gradients[name], rtol=1e-5, atol=1e-5, msg=name)


def test_warmup_and_free_bits_change_the_weight_of_the_kl(network, counts):
    network.eval()
    batch = batch_of(counts)
    posterior = network.encode(batch)
    by_topic = kl_divergence(
        torch.distributions.Normal(posterior.loc, posterior.scale),
        torch.distributions.Normal(network.prior_loc, network.prior_scale),
    ).mean(0)

    def loss_of(bound, progress=1.0):
        torch.manual_seed(0)
        return bound(batch, posterior, network, progress)

    plain = loss_of(ELBO())
    reconstruction = plain.value.item() - by_topic.sum().item()
    assert plain.parts["reconstruction"] == pytest.approx(reconstruction)
    assert plain.parts["kl"] == pytest.approx(by_topic.sum().item())
    half = loss_of(ELBO(kl_warmup=0.5), progress=0.25).value.item()
    assert half == pytest.approx(reconstruction + 0.5 * by_topic.sum().item())
    level = float(by_topic.detach().median())
    free = loss_of(ELBO(free_bits=level)).value.item()
    assert free == pytest.approx(reconstruction + by_topic.clamp_min(level).sum().item())


def test_iwae_with_one_sample_is_the_sampled_elbo(network, counts):
    network.eval()
    batch = batch_of(counts)
    posterior = network.encode(batch)
    torch.manual_seed(5)
    ours = IWAE(k=1)(batch, posterior, network).value
    torch.manual_seed(5)
    pyros = Trace_ELBO().differentiable_loss(network.model, network.guide, batch, posterior) / D
    torch.testing.assert_close(ours, pyros, rtol=1e-10, atol=1e-10)


def test_iwae_of_one_document_is_pyros_renyi_bound_at_alpha_zero(network, counts):
    network.eval()
    batch = batch_of(counts[:1])
    posterior = network.encode(batch)
    torch.manual_seed(6)
    ours = IWAE(k=7)(batch, posterior, network).value.item()
    torch.manual_seed(6)
    bound = RenyiELBO(alpha=0, num_particles=7, vectorize_particles=True, max_plate_nesting=1)
    assert ours == pytest.approx(bound.loss(network.model, network.guide, batch, posterior), rel=1e-6)


def test_iwae_is_tighter_with_more_samples(network, counts):
    network.eval()
    batch = batch_of(counts)
    posterior = network.encode(batch)
    torch.manual_seed(0)
    with torch.no_grad():
        loss = [np.mean([IWAE(k=k)(batch, posterior, network).value.item() for _ in range(20)]) for k in (1, 5, 50)]
    assert loss[0] > loss[1] > loss[2]


@pytest.mark.filterwarnings("ignore:.*requires_grad=False")
def test_pyros_svi_trains_the_model_and_guide(counts):
    pyro.clear_param_store()
    torch.manual_seed(0)
    network = TopicNetwork(
        BagEncoder(V, K), ProductDecoder(np.random.default_rng(1).normal(size=(K, V))), n_topics=K, alpha=1.0
    )
    batch = Batch.from_counts(sp.csr_matrix(counts), np.arange(D))

    def guide(batch):
        pyro.module("network", network)
        network.guide(batch, network.encode(batch))

    svi = SVI(lambda batch: network.model(batch, None), guide, pyro.optim.Adam({"lr": 0.01}), TraceMeanField_ELBO())
    losses = [svi.step(batch) for _ in range(60)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    pyro.clear_param_store()
