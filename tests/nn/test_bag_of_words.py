import numpy as np
import pyro.distributions as dist
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topicml.nn import BagOfWords, Batch, MixtureOfWords, ProductOfWords


def batch_of(matrix):
    return Batch.from_counts(sp.csr_matrix(matrix), np.arange(len(matrix)))


def multinomial(logits, matrix):
    """Pyro's dense log-likelihood without the multinomial coefficient."""
    x = torch.tensor(matrix, dtype=logits.dtype)
    full = dist.Multinomial(total_count=10_000, logits=logits, validate_args=False).log_prob(x)
    return full - torch.lgamma(x.sum(-1) + 1) + torch.lgamma(x + 1).sum(-1)


counts = arrays(np.int64, (4, 7), elements=st.integers(0, 5))


@given(counts, st.integers(0, 1000))
def test_value_and_gradient_equal_pyros_multinomial(matrix, seed):
    logits = torch.randn(4, 7, generator=torch.Generator().manual_seed(seed)) * 3
    sparse, dense = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    weights = torch.tensor([1.0, -2.0, 0.5, 3.0])
    ours, pyros = BagOfWords(sparse).log_prob(batch_of(matrix)), multinomial(dense, matrix)
    torch.testing.assert_close(ours, pyros, atol=1e-4, rtol=1e-5)
    (ours * weights).sum().backward()
    (pyros * weights).sum().backward()
    torch.testing.assert_close(sparse.grad, dense.grad, atol=1e-5, rtol=1e-5)


@given(counts, st.integers(0, 1000))
def test_mixture_equals_the_dense_mixture(matrix, seed):
    generator = torch.Generator().manual_seed(seed)
    theta = torch.rand(4, 3, generator=generator).softmax(-1)
    beta = torch.randn(3, 7, generator=generator).softmax(-1)
    dense = multinomial((theta @ beta).log(), matrix)
    torch.testing.assert_close(MixtureOfWords(theta, beta).log_prob(batch_of(matrix)), dense, atol=1e-4, rtol=1e-5)


def test_leading_dimensions_are_samples_of_the_same_documents():
    matrix = np.array([[1, 0, 2], [0, 3, 1]])
    logits = torch.randn(5, 2, 3)
    together = BagOfWords(logits).log_prob(batch_of(matrix))
    assert together.shape == (5, 2)
    torch.testing.assert_close(together[3], BagOfWords(logits[3]).log_prob(batch_of(matrix)))


@pytest.mark.parametrize(
    "likelihood",
    [
        BagOfWords(torch.randn(2, 3)),
        ProductOfWords(torch.rand(2, 4), torch.randn(4, 3), torch.randn(3)),
        MixtureOfWords(torch.rand(2, 4), torch.rand(4, 3)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_expanded_likelihood_is_of_its_class_and_repeats_the_documents(likelihood):
    batch = batch_of(np.array([[1, 0, 2], [0, 3, 1]]))
    expanded = likelihood.expand((5, 2))
    assert type(expanded) is type(likelihood)
    assert (expanded.batch_shape, expanded.event_shape) == ((5, 2), (3,))
    assert likelihood.batch_shape == (2,)
    torch.testing.assert_close(expanded.log_prob(batch), likelihood.log_prob(batch).expand(5, 2))


def test_sampled_documents_have_the_requested_lengths_and_word_distribution():
    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, 2.0], [2.0, 0.0, 0.0]])
    counts = BagOfWords(logits).sample(torch.tensor([20_000, 10_000]))
    assert counts.sum(-1).tolist() == [20_000, 10_000]
    torch.testing.assert_close(counts / counts.sum(-1, keepdim=True), logits.softmax(-1), atol=0.02, rtol=0)
