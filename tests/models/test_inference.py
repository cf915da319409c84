"""Inference with a trained network: the likeliest theta against SciPy's, and perplexity by it."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import topicml
from topicml.corpus import synthetic
from topicml.errors import InputError
from topicml.metrics.completion import split_counts
from topicml.models import inference
from topicml.models.prediction import infer_perplexity
from topicml.nn.batch import Batch

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def corpus():
    return synthetic.short_text(200, 4, 60, random_state=0).corpus


@pytest.fixture(scope="module", params=["product", "mixture"])
def network(corpus, request):
    return topicml.ProdLDA(4, max_epochs=3, random_state=0, decoder=request.param).fit(corpus).network_


def test_many_steps_reach_the_theta_that_scipy_finds(network, corpus):
    """The likeliest theta of the simplex, by sequential least squares."""

    def loss(theta, batch):
        words = network.words(torch.as_tensor(theta, dtype=torch.float32).reshape(1, -1))
        return -words.log_prob(batch).sum().item()

    for row in range(3):
        batch = Batch.from_counts(corpus.counts, np.array([row]))
        found = network.likeliest_theta(batch, steps=800, rate=0.1)[0].numpy()
        sums_to_one = {"type": "eq", "fun": lambda theta: theta.sum() - 1}
        options = {"eps": 1e-3, "ftol": 1e-9}
        best = min(
            (
                minimize(loss, start, (batch,), "SLSQP", bounds=[(0, 1)] * 4, constraints=sums_to_one, options=options)
                for start in (np.full(4, 0.25), *(np.eye(4) * 0.7 + 0.075))
            ),
            key=lambda result: result.fun,
        )
        assert loss(found, batch) == pytest.approx(best.fun, abs=5e-3)
        np.testing.assert_allclose(found, best.x, atol=0.05)


def test_without_steps_it_is_the_estimate_of_the_encoder(network, corpus):
    batch = Batch.from_counts(corpus.counts, np.arange(5))
    assert torch.equal(network.likeliest_theta(batch, steps=0), network.encode(batch).theta_mean.detach())


def test_the_steps_change_no_weight_and_leave_no_gradient(network, corpus):
    network.zero_grad()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.likeliest_theta(Batch.from_counts(corpus.counts, np.arange(5)))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_perplexity_is_of_the_held_out_half_given_theta_of_the_observed_half(network, corpus):
    observed, held_out = split_counts(corpus.counts, np.random.default_rng(3))
    rows = np.flatnonzero((np.diff(observed.indptr) > 0) & (np.diff(held_out.indptr) > 0))
    theta = network.likeliest_theta(Batch.from_counts(observed, rows), steps=4)
    log_probability = network.words(theta).log_prob(Batch.from_counts(held_out, rows)).sum().item()
    expected = np.exp(-log_probability / held_out[rows].sum())
    assert infer_perplexity(network, corpus.counts, seed=3, steps=4) == pytest.approx(expected, rel=1e-4)


def test_perplexity_of_a_model_takes_ten_steps_by_default(corpus):
    model = topicml.ProdLDA(4, max_epochs=3, random_state=0).fit(corpus)
    assert model.perplexity(corpus) == model.perplexity(corpus, steps=10)
    assert model.perplexity(corpus) < model.perplexity(corpus, steps=0)
    with pytest.raises(ValueError, match="steps must be a whole number, at least 0; received -1"):
        model.perplexity(corpus, steps=-1)


def test_perplexity_works_in_inference_mode(corpus):
    model = topicml.ProdLDA(4, max_epochs=2, random_state=0).fit(corpus)
    expected = model.perplexity(corpus)
    with torch.inference_mode():
        assert model.perplexity(corpus) == expected


@pytest.mark.parametrize("steps", [1.5, "3", None])
def test_steps_are_a_whole_number(corpus, steps):
    model = topicml.ProdLDA(4, max_epochs=2, random_state=0).fit(corpus)
    with pytest.raises(ValueError, match="steps must be a whole number"):
        model.perplexity(corpus, steps=steps)


def test_a_small_batch_neither_drops_the_calibration_nor_the_shares_of_topics():
    corpus = synthetic.short_text(400, 4, 60, random_state=0).corpus
    model = topicml.ProdLDA(4, random_state=0).partial_fit(corpus)
    calibration, shares = model.calibration_, model.topic_shares_
    assert calibration is not None
    model.partial_fit(corpus[:1])
    assert model.calibration_ == calibration
    assert np.abs(model.topic_shares_ - shares).max() < 0.05


def test_proportions_that_are_no_numbers_are_named_by_their_row(network, corpus, monkeypatch):
    monkeypatch.setattr(inference, "CHUNK", 8)
    weights = corpus.counts.astype(np.float64)
    weights.data[weights.indptr[21] : weights.indptr[22]] = weights.data[weights.indptr[35]] = 1e39
    with pytest.raises(InputError, match=r"of 2 of 30 documents \(first: row 21\) are not numbers"):
        inference.infer_theta(network, weights, np.arange(10, 40))
