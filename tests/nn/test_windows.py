import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from topicml.nn.batch import Batch
from topicml.nn.windows import OrderedBatch, draw_pairs

DOCUMENTS = st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=5)


def ordered(documents, n_words=10):
    offsets = np.concatenate([[0], np.cumsum([len(d) for d in documents])]).astype(int)
    tokens = np.array([word for d in documents for word in d], dtype=int)
    counts = sp.csr_matrix((np.ones(len(tokens)), tokens, offsets), shape=(len(documents), n_words))
    counts.sum_duplicates()
    return OrderedBatch.from_tokens(Batch.from_counts(counts, np.arange(len(documents))), tokens, np.diff(offsets))


def bag(rows):
    counts = sp.csr_matrix(np.atleast_2d(rows).astype(np.float32))
    return Batch.from_counts(counts, np.arange(counts.shape[0]))


def pairs_of(document, window):
    """Brute force: every ordered pair of tokens at most `window` apart."""
    places = range(len(document))
    return [(document[i], document[j]) for i in places for j in places if i != j and abs(i - j) <= window]


@settings(max_examples=60)
@given(documents=DOCUMENTS, window=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_pairs_are_at_most_a_window_apart_in_one_document(documents, window, seed):
    torch.manual_seed(seed)
    pairs = draw_pairs(ordered(documents), 15, window)
    for row, document in enumerate(documents):
        allowed = set(pairs_of(document, window))
        assert bool(pairs.exists[row]) == bool(allowed)
        if allowed:
            assert set(zip(pairs.pivots[row].tolist(), pairs.targets[row].tolist(), strict=True)) <= allowed


@pytest.mark.parametrize("window", [1, 3, 20])
def test_all_pairs_of_a_document_are_equally_likely(window):
    torch.manual_seed(0)
    documents = [[9, 9], list(range(7)), [8]]
    pairs = draw_pairs(ordered(documents), 40_000, window)
    expected = pairs_of(documents[1], window)
    pairs_of_second = list(zip(pairs.pivots[1].tolist(), pairs.targets[1].tolist(), strict=True))
    assert chisquare([pairs_of_second.count(pair) for pair in expected]).pvalue > 0.001


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.lists(st.floats(0.01, 50).map(float) | st.just(0.0), min_size=6, max_size=6), min_size=1, max_size=4
    ),
    seed=st.integers(0, 2**31),
)
def test_without_word_order_pairs_are_two_different_words_of_one_document(rows, seed):
    torch.manual_seed(seed)
    pairs = draw_pairs(bag(rows), 15, 2)
    for i, row in enumerate(rows):
        words = set(np.flatnonzero(row))
        assert bool(pairs.exists[i]) == (len(words) > 1)
        if len(words) > 1:
            assert set(pairs.pivots[i].tolist()) | set(pairs.targets[i].tolist()) <= words
            assert (pairs.pivots[i] != pairs.targets[i]).all()


def test_without_word_order_words_are_drawn_in_proportion_to_their_counts():
    torch.manual_seed(0)
    row = np.array([4.0, 0, 1, 2.5, 0, 0.5])
    pairs = draw_pairs(bag([np.full(6, 9.0), row, np.full(6, 3.0)]), 40_000, 2)
    counts = np.zeros((6, 6))
    np.add.at(counts, (pairs.pivots[1].numpy(), pairs.targets[1].numpy()), 1)
    share = row / row.sum()
    with np.errstate(invalid="ignore"):
        expected = share[:, None] * row[None, :] / (row.sum() - row)[:, None]
    np.fill_diagonal(expected, 0)
    possible = expected > 0
    assert counts[~possible].sum() == 0
    assert chisquare(counts[possible], 40_000 * expected[possible]).pvalue > 0.001


def test_the_same_seed_draws_the_same_pairs():
    batch = ordered([[0, 1, 2, 3], [4, 5, 6]])
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(torch.stack([*draw_pairs(batch, 50, 2).__dict__.values()][:2]))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_documents_without_words_have_no_pairs():
    assert not draw_pairs(ordered([[], []]), 3, 2).exists.any()
    assert not draw_pairs(bag(np.zeros((2, 4))), 3, 2).exists.any()
