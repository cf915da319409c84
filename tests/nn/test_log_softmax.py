"""The log-softmax in blocks of words equals the plain formula, in value and gradient."""

import pytest
import scipy.sparse as sp
import torch

from topicml.nn import Batch, ProductOfWords, blocks
from topicml.nn.log_softmax import log_softmax_at_words

N_DOCS, N_TOPICS, N_WORDS = 6, 4, 200  # blocks are 64 words or wider


@pytest.fixture(autouse=True)
def narrow_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "IN_CACHE", 1)


def documents(dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    counts = torch.poisson(torch.full((N_DOCS, N_WORDS), 0.3), generator=generator)
    counts[2] = 0  # a document without words
    counts[:, 64:128] = 0  # a block without words
    batch = Batch.from_counts(sp.csr_matrix(counts.numpy()), range(N_DOCS))
    return counts.to(dtype), Batch(batch.rows, batch.word_ids, batch.counts.to(dtype), batch.offsets, batch.lengths)


def factors(dtype, scale=2.0, seed=1):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(N_DOCS, N_TOPICS), (N_TOPICS, N_WORDS), (N_WORDS,)]
    return [(torch.randn(shape, generator=generator, dtype=dtype) * scale).requires_grad_() for shape in shapes]


def value_and_gradients(function, inputs):
    weights = torch.linspace(-1, 2, N_DOCS, dtype=inputs[0].dtype)
    value = function(*inputs)
    return [value, *torch.autograd.grad((value * weights).sum(), inputs)]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 1e-5)])
@pytest.mark.parametrize("transposed", [False, True])
def test_value_and_gradient_equal_the_dense_formula(dtype, tolerance, transposed):
    counts, batch = documents(dtype)
    inputs = factors(dtype)
    if transposed:  # such as word vectors
        inputs[1] = inputs[1].detach().T.contiguous().T.requires_grad_()
    ours = value_and_gradients(lambda *args: log_softmax_at_words(*args, batch), inputs)
    dense = value_and_gradients(lambda t, b, c: (counts * (t @ b + c).log_softmax(-1)).sum(-1), inputs)
    for each, expected in zip(ours, dense, strict=True):
        torch.testing.assert_close(each, expected, rtol=tolerance, atol=tolerance * 10)


def test_large_logits_neither_overflow_nor_vanish():
    counts, batch = documents(torch.float64)
    inputs = factors(torch.float64, scale=60.0)
    ours = value_and_gradients(lambda *args: log_softmax_at_words(*args, batch), inputs)
    dense = value_and_gradients(lambda t, b, c: (counts * (t @ b + c).log_softmax(-1)).sum(-1), inputs)
    for each, expected in zip(ours, dense, strict=True):
        torch.testing.assert_close(each, expected, rtol=1e-9, atol=1e-6)


def test_a_whole_block_of_words_of_probability_zero_changes_nothing():
    counts, _ = documents(torch.float32)
    counts[:, :64] = 0
    batch = Batch.from_counts(sp.csr_matrix(counts.numpy()), range(N_DOCS))
    theta, beta, bias = factors(torch.float32)
    bias = torch.where(counts.sum(0) == 0, -torch.inf, bias.detach())
    dense = (theta @ beta + bias).log_softmax(-1)
    expected = torch.where(counts > 0, counts * dense, 0.0).sum(-1)
    torch.testing.assert_close(log_softmax_at_words(theta, beta, bias, batch), expected, rtol=1e-5, atol=1e-4)


def test_a_backward_pass_can_be_repeated():
    _, batch = documents(torch.float64)
    inputs = factors(torch.float64)
    value = log_softmax_at_words(*inputs, batch).sum()
    first = torch.autograd.grad(value, inputs, retain_graph=True)
    for once, again in zip(first, torch.autograd.grad(value, inputs), strict=True):
        assert torch.equal(once, again)


def test_no_array_of_documents_by_words_is_kept_for_the_gradient():
    _, batch = documents(torch.float32)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()) or tensor, lambda x: x):
        ProductOfWords(*factors(torch.float32)).log_prob(batch)
    assert kept
    assert max(kept) < N_DOCS * N_WORDS


def test_samples_of_the_same_documents_have_a_likelihood_each():
    _, batch = documents(torch.float32)
    theta, beta, bias = factors(torch.float32)
    words = ProductOfWords(torch.stack([theta, 2 * theta, -theta]), beta, bias)
    assert words.batch_shape == (3, N_DOCS)
    expected = [log_softmax_at_words(each, beta, bias, batch) for each in (theta, 2 * theta, -theta)]
    torch.testing.assert_close(words.log_prob(batch), torch.stack(expected))
    torch.testing.assert_close(words.word_log_prob()[1], (2 * theta @ beta + bias).log_softmax(-1))


def test_autocast_computes_products_in_half_precision_and_sums_in_single():
    _, batch = documents(torch.float32)
    inputs = factors(torch.float32, scale=0.5)
    exact = value_and_gradients(lambda *args: log_softmax_at_words(*args, batch), inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = log_softmax_at_words(*inputs, batch)
    weights = torch.linspace(-1, 2, N_DOCS)
    half = [value, *torch.autograd.grad((value * weights).sum(), inputs)]
    assert not torch.equal(half[0], exact[0])
    for each, expected in zip(half, exact, strict=True):
        assert each.dtype == torch.float32
        assert (each - expected).norm() < 0.02 * expected.norm()
