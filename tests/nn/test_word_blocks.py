"""Words in blocks: the normaliser of each language, against a dense softmax of each block."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from topicml.nn.bag_of_words import BagOfWords, MixtureOfWords, ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.evidence import WordEvidence
from topicml.nn.network import TopicNetwork
from topicml.nn.word_blocks import by_blocks, in_block, normalised
from topicml.nn.word_translation import WordTranslation

BLOCKS = [slice(0, 3), slice(3, 8), slice(8, 10)]


def documents(rng, n_docs=6, n_words=10):
    counts = rng.poisson(0.8, size=(n_docs, n_words)).astype(np.float32)
    counts[0] = 0
    counts[1, 3:] = 0  # of the first language alone
    return counts, Batch.from_counts(csr_matrix(counts), np.arange(n_docs))


def dense(counts, logits):
    """The formula: a softmax of each block."""
    log_words = torch.cat([logits[..., block].log_softmax(dim=-1) for block in BLOCKS], dim=-1)
    return (torch.tensor(counts) * log_words).sum(dim=-1)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), samples=st.sampled_from([None, 3]))
def test_a_product_is_normalised_in_each_block_with_the_gradients_of_the_dense_formula(seed, samples):
    rng = np.random.default_rng(seed)
    counts, batch = documents(rng)
    shape = (6, 4) if samples is None else (samples, 6, 4)
    parts = [torch.tensor(rng.normal(size=size), requires_grad=True) for size in (shape, (4, 10), (10,))]
    theta, beta, bias = parts
    score = by_blocks(ProductOfWords(theta, beta, bias), BLOCKS).log_prob(batch)
    expected = dense(counts, theta @ beta + bias)
    torch.testing.assert_close(score, expected, rtol=1e-5, atol=1e-6)
    weights = torch.tensor(rng.normal(size=score.shape))
    for ours, theirs in zip(
        torch.autograd.grad((score * weights).sum(), parts),
        torch.autograd.grad((expected * weights).sum(), parts),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)  # counts are single precision


def test_a_bag_and_a_mixture():
    rng = np.random.default_rng(0)
    counts, batch = documents(rng)
    logits = torch.tensor(rng.normal(size=(6, 10)), dtype=torch.float32)
    torch.testing.assert_close(by_blocks(BagOfWords(logits), BLOCKS).log_prob(batch), dense(counts, logits))
    theta = torch.tensor(rng.dirichlet(np.ones(4), 6), dtype=torch.float32)
    weights = torch.tensor(rng.normal(size=(4, 10)), dtype=torch.float32)
    beta = torch.cat([weights[:, block].softmax(dim=-1) for block in BLOCKS], dim=-1)  # a topic in each language
    mixture = by_blocks(MixtureOfWords(theta, weights.softmax(dim=-1)), BLOCKS)
    torch.testing.assert_close(mixture.log_prob(batch), (torch.tensor(counts) * (theta @ beta).log()).sum(dim=-1))
    words = by_blocks(ProductOfWords(theta, weights, torch.zeros(10)), BLOCKS).word_log_prob().exp()
    for block in BLOCKS:
        torch.testing.assert_close(words[:, block].sum(dim=-1), torch.ones(6))


def test_one_block_of_all_words_changes_nothing():
    rng = np.random.default_rng(1)
    _, batch = documents(rng)
    words = ProductOfWords(
        *(torch.tensor(rng.normal(size=size), dtype=torch.float32) for size in ((6, 4), (4, 10), 10))
    )
    torch.testing.assert_close(by_blocks(words, [slice(0, 10)]).log_prob(batch), words.log_prob(batch))


def test_the_part_of_a_batch_in_a_block():
    counts, batch = documents(np.random.default_rng(2))
    for block in BLOCKS:
        rows, part = in_block(batch, block)
        found = np.zeros((6, block.stop - block.start), dtype=np.float32)
        found[rows[part.documents], part.word_ids] = part.counts
        np.testing.assert_array_equal(found, counts[:, block])
        np.testing.assert_array_equal(part.lengths, counts[rows][:, block].sum(axis=1))


def network(kind="product"):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    beta, background = rng.normal(size=(4, 10)), np.zeros(10)
    decoder = {
        "product": lambda: ProductDecoder(beta, background),
        "sampled": lambda: ProductDecoder(beta, background, sampled_words=2),
        "mixture": lambda: MixtureDecoder(beta, background),
    }[kind]()
    return TopicNetwork(BagEncoder(10, 4, hidden=8), decoder, n_topics=4, alpha=0.1)


@pytest.mark.parametrize("kind", ["product", "sampled", "mixture"])
def test_all_decoders_give_a_distribution_in_each_language(kind):
    net = network(kind)
    net.word_blocks = BLOCKS
    words = net.words(torch.rand(6, 4).softmax(dim=-1)).word_log_prob().exp()
    for block in BLOCKS:
        torch.testing.assert_close(words[:, block].sum(dim=-1), torch.ones(6))
        torch.testing.assert_close(net.topic_word()[:, block].sum(dim=-1), torch.full((4,), 1 / 3))


def test_without_blocks_the_words_are_those_of_the_decoder():
    assert type(network().eval().words(torch.rand(6, 4))) is ProductOfWords


def test_evidence_is_normalised_in_each_language():
    led = np.random.default_rng(0).integers(1, 9, size=(4, 10))
    log_words = WordEvidence(led, max_words=5, blocks=BLOCKS).log_words.exp()
    for block in BLOCKS:
        torch.testing.assert_close(log_words[block].sum(dim=0), torch.ones(4))


def test_weights_are_divided_by_their_sums():
    weights = torch.arange(1.0, 11.0)[None]
    torch.testing.assert_close(normalised(weights, BLOCKS)[0, 3:8], torch.arange(4.0, 9.0) / 30)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_documents_are_completed_as_by_a_product_with_the_dictionary(seed):
    rng = np.random.default_rng(seed)
    counts, batch = documents(rng)
    matrix = np.where(rng.random((10, 10)) < 0.4, rng.random((10, 10)), 0).astype(np.float32)
    for block in BLOCKS:
        matrix[block, block] = 0
    pairs = np.argwhere(matrix)
    completed = WordTranslation(pairs, matrix[tuple(pairs.T)])(batch, BLOCKS)
    expected = counts.copy()
    for row in range(6):
        for block in BLOCKS:
            if not counts[row, block].any():
                expected[row, block] = (counts[row] @ matrix)[block]
    found = np.zeros_like(counts)
    found[completed.documents, completed.word_ids] = completed.counts
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(completed.lengths, expected.sum(axis=1), rtol=1e-5)
    assert completed.word_ids.dtype == torch.int64 and len(completed) == len(batch)


def test_an_empty_dictionary_and_damaged_pairs():
    _, batch = documents(np.random.default_rng(3))
    nothing = WordTranslation(np.zeros((0, 2)), np.zeros(0))
    nothing.check(10)
    np.testing.assert_array_equal(nothing(batch, BLOCKS).word_ids, batch.word_ids)
    for pairs in ([[0, 10]], [[-1, 0]], [[2, 3], [1, 3]]):
        with pytest.raises(ValueError, match="pairs of its dictionary"):
            WordTranslation(np.array(pairs), np.ones(len(pairs))).check(10)


def test_the_encoder_and_the_evidence_read_completed_documents():
    net = network().eval()
    _, batch = documents(np.random.default_rng(4))
    plain = net.infer(batch).loc
    net.word_blocks, net.translation = BLOCKS, WordTranslation(np.array([[0, 4], [1, 5]]), np.ones(2))
    torch.testing.assert_close(net.encode(batch).loc, net.encoder(net.translation(batch, BLOCKS)).loc)
    assert not torch.equal(net.encode(batch).loc[1], plain[1])
    net.evidence = WordEvidence(np.random.default_rng(0).integers(1, 9, size=(4, 10)), max_words=5, blocks=BLOCKS)
    completed = net.translation(batch, BLOCKS)
    torch.testing.assert_close(net.infer(batch).loc, net.encode(batch).loc + net.evidence(completed))
