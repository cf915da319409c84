"""Deviations of topics by group, against a loop over documents with the decoder of the plain model."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import multivariate_normal, norm

from topicml.corpus.covariates import Covariates
from topicml.nn import Batch
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.deviations import GroupDeviations, walk_energy
from topicml.stories.etm import InnerProductDecoder

N_TOPICS, N_WORDS, N_GROUPS = 3, 12, 4


def deviations_of(seed=0, *, ordered=True, deviation=0.3):
    generator = torch.Generator().manual_seed(seed)
    made = GroupDeviations(
        torch.randn(N_WORDS, 5, generator=generator),
        n_groups=N_GROUPS,
        n_topics=N_TOPICS,
        deviation=deviation,
        ordered=ordered,
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made


def decoder_of(kind):
    rng = np.random.default_rng(0)
    background = rng.normal(size=N_WORDS)
    if kind == "etm":
        topics, words = rng.normal(size=(N_TOPICS, 5)), rng.normal(size=(N_WORDS, 5))
        return InnerProductDecoder(topics, words, background, train_words=False)
    return {"product": ProductDecoder, "mixture": MixtureDecoder}[kind](
        rng.normal(size=(N_TOPICS, N_WORDS)), background
    )


def plain_decoder(kind, deviations, group):
    """The decoder of a model without groups that has the topics of this group."""
    decoder = decoder_of(kind)
    if group < 0:
        return decoder
    moved = deviations.of(group).detach()
    if kind == "product":
        decoder.beta.data += moved
    elif kind == "mixture":  # deviations are added behind its normalisation
        decoder.eval()
        decoder.norm = torch.nn.Identity()
        decoder.beta.data = decoder_of(kind).eval().log_topics().detach() + moved
    else:
        decoder.words.data = torch.cat([decoder.words, torch.eye(N_WORDS)], dim=1)
        decoder.topics.data = torch.cat([decoder.topics, moved], dim=1)
    return decoder


def batch_of(n_docs, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.7, size=(n_docs, N_WORDS))
    groups = rng.integers(-1, N_GROUPS, size=n_docs)
    known = Covariates(groups=groups)
    return Batch.from_counts(csr_matrix(counts), np.arange(n_docs)).with_covariates(known)


@pytest.mark.parametrize("kind", ["product", "mixture", "etm"])
@given(seed=st.integers(0, 1000), n_docs=st.integers(1, 9), samples=st.sampled_from([(), (2,)]))
@settings(max_examples=15, deadline=None)
def test_a_document_has_the_topics_of_its_group(kind, seed, n_docs, samples):
    deviations, batch = deviations_of(seed), batch_of(n_docs, seed)
    theta = torch.rand(*samples, n_docs, N_TOPICS, generator=torch.Generator().manual_seed(seed)).softmax(dim=-1)
    words = decoder_of(kind).eval().by_group(theta, batch.groups, deviations)
    found, dense = words.log_prob(batch), words.word_log_prob()
    for i, group in enumerate(batch.groups.tolist()):
        alone = plain_decoder(kind, deviations, group).eval()(theta[..., i : i + 1, :])
        expected = alone.log_prob(batch.of_documents(torch.tensor([i])))
        torch.testing.assert_close(found[..., i : i + 1], expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(dense[..., i, :], alone.word_log_prob()[..., 0, :], rtol=1e-4, atol=1e-4)


def test_normalisation_in_training_is_over_all_documents():
    deviations, batch = deviations_of(), batch_of(30)
    theta = torch.rand(30, N_TOPICS).softmax(dim=-1)
    decoder = decoder_of("product").train()
    logits = torch.stack(
        [
            theta[i] @ (decoder.beta + (deviations.of(group) if group >= 0 else 0))
            for i, group in enumerate(batch.groups.tolist())
        ]
    )
    expected = decoder_of("product").train().norm(logits).log_softmax(dim=-1)
    found = decoder.by_group(theta, batch.groups, deviations).word_log_prob()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_the_normaliser_of_groups_can_be_sampled():
    decoder = decoder_of("product").train()
    decoder.sampled_words = N_WORDS - 1
    words = decoder.by_group(torch.full((4, N_TOPICS), 1 / 3), torch.tensor([0, 1, 2, -1]), deviations_of())
    assert type(words).__name__ == "SampledProductOfWords"


@given(st.integers(2, 6), st.floats(0.05, 2), st.integers(0, 100))
@settings(deadline=None)
def test_the_walk_has_the_density_of_a_normal_with_a_tridiagonal_precision(n, deviation, seed):
    values = np.random.default_rng(seed).normal(size=(n, 3))
    neighbours = np.full(n, 2.0)
    neighbours[[0, -1]] = 1
    beside = np.full(n - 1, -1 / deviation**2)
    precision = np.diag(1 + neighbours / deviation**2) + np.diag(beside, 1) + np.diag(beside, -1)
    normal = multivariate_normal(np.zeros(n), np.linalg.inv(precision))
    expected = (normal.logpdf(np.zeros(n)) - normal.logpdf(values.T)).sum()
    found = walk_energy(torch.tensor(values), deviation)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_the_prior_of_levels_is_independent():
    deviations = deviations_of(ordered=False, deviation=0.5)
    values = np.concatenate([each.detach().numpy().ravel() for each in (deviations.common, deviations.topics)])
    expected = len(values) * norm(0, 0.5).logpdf(0) - norm(0, 0.5).logpdf(values).sum()
    assert deviations.penalty().item() == pytest.approx(expected, rel=1e-5)
    assert not hasattr(deviations, "shares")


def test_the_prior_of_slices_is_the_sum_of_three_walks():
    made = deviations_of()
    walks = (made.common, made.topics.reshape(N_GROUPS, -1), made.shares)
    assert made.penalty().item() == pytest.approx(sum(walk_energy(each, 0.3).item() for each in walks), rel=1e-6)


def test_new_slices_start_where_the_last_one_is_and_leave_the_others():
    deviations = deviations_of()
    before = {name: value.detach().clone() for name, value in deviations.named_parameters()}
    deviations.grow(N_GROUPS + 2)
    for name in ("common", "topics", "shares"):
        value = getattr(deviations, name)
        assert torch.equal(value[:N_GROUPS], before[name])
        assert torch.equal(value[-1], before[name][-1])
        assert torch.equal(value[-2], before[name][-1])
    deviations.common.data[-1] += 1
    deviations.penalty().backward()
    assert not deviations.common.grad[:N_GROUPS].any()
    assert deviations.common.grad[N_GROUPS:].any()
    assert deviations.present.shape == (N_GROUPS + 2, N_WORDS)


def test_groups_follow_their_documents():
    batch = batch_of(6)
    assert batch.padded(8).groups.tolist() == [*batch.groups.tolist(), -1, -1]
    part = batch.of_documents(torch.tensor([4, 1]))
    again = Batch.from_counts(csr_matrix(np.random.default_rng(0).poisson(0.7, size=(6, N_WORDS))), np.array([4, 1]))
    for name in ("rows", "word_ids", "counts", "offsets", "lengths"):
        assert torch.equal(getattr(part, name), getattr(again, name))
    assert torch.equal(part.groups, batch.groups[[4, 1]])
    assert torch.equal(batch.with_counts(batch.counts).groups, batch.groups)
