"""Batch normalisation folded into the topics equals `nn.BatchNorm1d` of the logits."""

import pytest
import scipy.sparse as sp
import torch

from topicml.nn import BagOfWords, Batch, blocks, folded_norm
from topicml.nn.encoder import batch_norm
from topicml.nn.folded_norm import normalised_product

N_DOCS, N_TOPICS, N_WORDS = 9, 4, 150


@pytest.fixture(autouse=True)
def narrow_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "IN_CACHE", 1)


def parts(dtype, eps=1e-3):
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn((N_DOCS, N_TOPICS), generator=generator, dtype=dtype).softmax(-1)
    beta = torch.randn((N_TOPICS, N_WORDS), generator=generator, dtype=dtype) * 2
    beta[:, 3] = 0.7  # its logit is the same in all documents, and its variance zero
    norms = [batch_norm(N_WORDS, eps=eps).to(dtype) for _ in range(2)]
    with torch.no_grad():
        norms[0].bias.copy_(torch.randn(N_WORDS, generator=generator, dtype=dtype))
    norms[1].load_state_dict(norms[0].state_dict())
    return theta.requires_grad_(), beta.requires_grad_(), *norms


def plain(theta, beta, norm):
    logits = theta @ beta
    return norm(logits.reshape(-1, logits.shape[-1])).reshape(logits.shape)


def value_and_gradients(logits, inputs):
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn(logits.shape, generator=generator, dtype=logits.dtype)
    return [logits, *torch.autograd.grad((logits * weights).sum(), inputs)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("eps", [1e-3, 1e-5])
def test_value_and_gradient_equal_batch_norm_of_the_logits(training, dtype, tolerance, eps):
    theta, beta, folded, norm = parts(dtype, eps)
    for each in (folded, norm):
        each.running_mean.fill_(0.3)
        each.running_var.fill_(2.0)
        each.train(training)
    ours = value_and_gradients(normalised_product(theta, beta, folded).logits, [theta, beta, folded.bias])
    expected = value_and_gradients(plain(theta, beta, norm), [theta, beta, norm.bias])
    # Without a variance, the logit is divided by sqrt(eps) alone, and so are the rounding errors of its gradient.
    for each, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(each, other, rtol=tolerance, atol=tolerance * 10 / eps**0.5)


def documents(dtype):
    counts = torch.poisson(torch.full((N_DOCS, N_WORDS), 0.3), generator=torch.Generator().manual_seed(3))
    batch = Batch.from_counts(sp.csr_matrix(counts.numpy()), range(N_DOCS))
    return Batch(batch.rows, batch.word_ids, batch.counts.to(dtype), batch.offsets, batch.lengths)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@pytest.mark.parametrize("samples", [1, 2])
def test_likelihood_and_gradient_equal_batch_norm_of_the_logits(dtype, tolerance, samples):
    theta, beta, folded, norm = parts(dtype)
    rows = theta if samples == 1 else torch.stack([theta, theta.flip(1)])
    batch = documents(dtype)
    ours = value_and_gradients(normalised_product(rows, beta, folded).log_prob(batch), [theta, beta, folded.bias])
    dense = BagOfWords(plain(rows, beta, norm)).log_prob(batch)
    for each, other in zip(ours, value_and_gradients(dense, [theta, beta, norm.bias]), strict=True):
        torch.testing.assert_close(each, other, rtol=tolerance, atol=tolerance * 100)


def test_the_likelihood_makes_no_scaled_copy_of_the_topics(monkeypatch):
    theta, beta, folded, _ = parts(torch.float32)
    monkeypatch.setattr(folded_norm, "_ScaledToUnitVariance", None)
    normalised_product(theta, beta, folded).log_prob(documents(torch.float32)).sum().backward()
    assert beta.grad.abs().sum() > 0


def test_samples_of_documents_are_normalised_together():
    theta, beta, folded, norm = parts(torch.float64)
    samples = torch.stack([theta, theta.flip(1)])
    ours = normalised_product(samples, beta, folded).logits
    torch.testing.assert_close(ours, plain(samples, beta, norm))


@pytest.mark.parametrize("momentum", [0.1, None, 0.0])
def test_running_statistics_are_those_of_batch_norm(momentum):
    theta, beta, folded, norm = parts(torch.float64)
    for batch in (theta, theta.flip(1), theta**2):
        for each in (folded, norm):
            each.momentum = momentum
        normalised_product(batch, beta, folded)
        plain(batch, beta, norm)
    for name, value in norm.state_dict().items():
        torch.testing.assert_close(folded.state_dict()[name], value)
    assert norm.num_batches_tracked == 3


def test_statistics_do_not_change_in_evaluation():
    theta, beta, folded, _ = parts(torch.float32)
    before = {name: value.clone() for name, value in folded.state_dict().items()}
    normalised_product(theta, beta, folded.eval())
    assert all(torch.equal(value, before[name]) for name, value in folded.state_dict().items())


def test_one_document_has_no_variance():
    theta, beta, folded, _ = parts(torch.float32)
    with pytest.raises(ValueError, match="at least two documents in training; received 1"):
        normalised_product(theta[:1], beta, folded)


def test_half_precision_of_autocast_does_not_reach_the_statistics():
    theta, beta, folded, norm = parts(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        normalised_product(theta, beta, folded)
    normalised_product(theta, beta, norm)
    assert torch.equal(folded.running_var, norm.running_var)
