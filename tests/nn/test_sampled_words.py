"""The normaliser estimated from a sample of words: exact with all words, and nearly without bias."""

import pytest
import scipy.sparse as sp
import torch

import topicml
from topicml.corpus import synthetic
from topicml.errors import InputError
from topicml.nn import Batch, ProductDecoder
from topicml.nn.sampled_words import SampledProductOfWords, sample_words
from topicml.stories.prodlda import ProdLDAStory

N_DOCS, N_TOPICS, N_WORDS = 8, 3, 400


def documents():
    generator = torch.Generator().manual_seed(0)
    counts = torch.poisson(torch.full((N_DOCS, N_WORDS), 0.05), generator=generator)
    return Batch.from_counts(sp.csr_matrix(counts.numpy()), range(N_DOCS))


def parts():
    generator = torch.Generator().manual_seed(1)
    theta = torch.randn((N_DOCS, N_TOPICS), generator=generator).softmax(-1)
    beta = torch.randn((N_TOPICS, N_WORDS), generator=generator)
    return theta, ProductDecoder(beta.numpy(), torch.randn(N_WORDS, generator=generator).numpy(), sampled_words=100)


def test_with_all_words_value_gradient_and_statistics_are_exact():
    batch, (theta, decoder), (_, exact) = documents(), parts(), parts()
    exact.sampled_words = None
    weights = torch.linspace(-1, 2, N_DOCS)
    results = []
    for each, words in (
        (decoder, SampledProductOfWords(theta.requires_grad_(), decoder.beta, decoder.norm, 10**9)),
        (exact, exact(theta)),
    ):
        value = words.log_prob(batch)
        gradients = torch.autograd.grad((value * weights).sum(), [theta, each.beta, each.norm.bias])
        results.append([value, *gradients, *each.norm.buffers()])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-4)


def test_estimates_of_the_likelihood_and_its_gradient_have_little_bias():
    batch, (theta, decoder) = documents(), parts()
    decoder.sampled_words = None
    exact = decoder(theta).log_prob(batch)
    expected = torch.autograd.grad(exact.sum(), decoder.beta)[0]
    decoder.sampled_words = 100  # of about 270 that do not occur
    torch.manual_seed(0)
    values, gradients = [], []
    for _ in range(200):
        value = decoder(theta).log_prob(batch)
        values.append(value.detach())
        gradients.append(torch.autograd.grad(value.sum(), decoder.beta)[0])
    spread = torch.stack(values).std(0)
    assert spread.min() > 0
    # Jensen: the mean is too high by half of the relative variance of the estimate, times the length.
    bias = (torch.stack(values).mean(0) - exact) / batch.lengths
    assert bias.abs().max() < 0.03  # nats per word
    mean = torch.stack(gradients).mean(0)
    assert (mean - expected).norm() < 0.1 * expected.norm()


def test_samples_have_all_words_of_the_batch_and_weights_of_the_others():
    torch.manual_seed(0)
    present = torch.tensor([7, 3, 7, 399])
    words, log_weights = sample_words(present, torch.zeros(N_WORDS), 40)
    assert torch.equal(words, words.unique())
    certain = torch.isin(words, present)
    assert words[certain].tolist() == [3, 7, 399]
    assert log_weights[certain].tolist() == [0, 0, 0]
    torch.testing.assert_close(log_weights[~certain].exp(), torch.full(((~certain).sum(),), 397 / 40))
    sizes = [len(sample_words(present, torch.zeros(N_WORDS), 40)[0]) - 3 for _ in range(100)]
    assert sum(sizes) / 100 == pytest.approx(40, abs=2)


def test_words_are_drawn_in_proportion_to_the_square_root_of_frequency():
    torch.manual_seed(0)
    frequency = torch.ones(N_WORDS)
    frequency[:10], frequency[10] = 9.0, 1e6  # the last is in the batch, so it takes no part of the sample
    present, expected = torch.tensor([10]), 30 / (389 + 10 * 3)
    drawn, weight = torch.zeros(N_WORDS), torch.zeros(N_WORDS)
    for _ in range(2000):
        words, log_weights = sample_words(present, frequency.log() + 5, 30)
        drawn[words] += 1
        weight[words] = log_weights.exp()
    assert drawn[10] == 2000
    assert drawn[11:].mean() / 2000 == pytest.approx(expected, rel=0.02)
    assert drawn[:10].mean() / 2000 == pytest.approx(3 * expected, rel=0.04)
    torch.testing.assert_close(weight[11:], torch.full((389,), 1 / expected))
    assert weight[10] == 1


def test_a_frequent_word_is_certain_and_counts_once():
    words, log_weights = sample_words(torch.tensor([0]), torch.tensor([0.0, 99.0, *[0.0] * 98]), 4)
    assert words[1] == 1
    assert log_weights[1] == 0


def test_a_batch_with_all_words_leaves_nothing_to_draw():
    words, log_weights = sample_words(torch.arange(5), torch.zeros(5), 3)
    assert words.tolist() == [0, 1, 2, 3, 4]
    assert not log_weights.any()


@pytest.mark.parametrize(("n_words", "sampled"), [(39_999, False), (40_000, True)])
def test_large_vocabularies_are_sampled_by_default(n_words, sampled):
    network = ProdLDAStory(n_topics=2, hidden=2).network(
        beta=torch.zeros(2, n_words).numpy(), background=torch.zeros(n_words).numpy()
    )
    words = network.train().decoder(torch.rand(3, 2))
    assert isinstance(words, SampledProductOfWords) == sampled
    if sampled:
        assert words.size == 10_000
    assert not isinstance(network.eval().decoder(torch.rand(3, 2)), SampledProductOfWords)
    exact = ProdLDAStory(n_topics=2, hidden=2, sampled_words=None).network(
        beta=torch.zeros(2, n_words).numpy(), background=torch.zeros(n_words).numpy()
    )
    assert not isinstance(exact.train().decoder(torch.rand(3, 2)), SampledProductOfWords)


def test_only_the_words_of_the_part_have_a_gradient_and_new_statistics():
    batch, (theta, decoder) = documents(), parts()
    torch.manual_seed(0)
    before = decoder.norm.running_var.clone()
    gradient = torch.autograd.grad(decoder(theta).log_prob(batch).sum(), decoder.beta)[0]
    has_gradient = gradient.abs().sum(0) > 0
    assert 150 < has_gradient.sum() < 300
    assert has_gradient[batch.word_ids].all()
    assert torch.equal(decoder.norm.running_var != before, has_gradient)


def test_evaluation_and_dense_probabilities_use_all_words():
    theta, decoder = parts()
    _, exact = parts()
    exact.sampled_words = None
    torch.testing.assert_close(decoder(theta).word_log_prob(), exact(theta).word_log_prob())
    decoder.load_state_dict(exact.state_dict())
    assert not isinstance(decoder.eval()(theta), SampledProductOfWords)
    torch.testing.assert_close(decoder(theta).log_prob(documents()), exact.eval()(theta).log_prob(documents()))


def test_samples_of_documents_share_a_part():
    batch, (theta, decoder) = documents(), parts()
    words = decoder(torch.stack([theta, theta]))
    assert words.batch_shape == (2, N_DOCS)
    value = words.log_prob(batch)
    torch.testing.assert_close(value[0], value[1])


def test_a_fit_draws_the_same_words_again_and_is_saved_with_its_setting(tmp_path):
    corpus = synthetic.short_text(60, 3, 80, random_state=0).corpus

    def fit(sampled_words):
        model = topicml.ProdLDA(3, sampled_words=sampled_words, max_epochs=2, hidden=8, random_state=0)
        return model.fit(corpus)

    first = fit(10)
    assert torch.equal(first.network_.decoder.beta, fit(10).network_.decoder.beta)
    assert not torch.equal(first.network_.decoder.beta, fit(None).network_.decoder.beta)
    first.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").network_.decoder.sampled_words == 10


@pytest.mark.parametrize("value", [0, "all", 2.5, True])
def test_other_sizes_are_refused(value):
    with pytest.raises(InputError, match="sampled_words must be 'auto', None or a number from 1 on"):
        ProdLDAStory(n_topics=3, sampled_words=value)


def test_a_mixture_has_nothing_to_sample():
    with pytest.raises(InputError, match="sampled_words must be None or 'auto'"):
        ProdLDAStory(n_topics=3, sampled_words=10, decoder="mixture")
    ProdLDAStory(n_topics=3, decoder="mixture")
