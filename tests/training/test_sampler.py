from itertools import chain

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from topicml.training import BatchSampler, split_rows
from topicml.training.sampler import ShortEpochs, WithNeighbours

COUNTS = sp.csr_matrix(np.random.default_rng(0).poisson(1.0, size=(50, 6)).astype(np.int32))


def epoch_rows(sampler, epoch):
    return [sampler.batch(epoch, step).rows.tolist() for step in range(len(sampler))]


@given(st.integers(2, 50), st.integers(2, 60), st.integers(0, 5))
def test_an_epoch_has_every_document_once_in_batches_of_two_or_more(n_docs, batch_size, epoch):
    rows = np.arange(50)[:n_docs]
    batches = epoch_rows(BatchSampler(COUNTS, rows, batch_size=batch_size, seed=1), epoch)
    assert sorted(chain.from_iterable(batches)) == rows.tolist()
    assert all(len(batch) >= 2 for batch in batches)
    assert all(len(batch) <= batch_size + 1 for batch in batches)


def test_the_order_depends_only_on_the_seed_and_the_epoch():
    first, again = (BatchSampler(COUNTS, np.arange(50), batch_size=7, seed=3) for _ in range(2))
    epoch_rows(first, 0)
    assert epoch_rows(first, 4) == epoch_rows(again, 4)
    assert epoch_rows(first, 4) != epoch_rows(first, 5)
    assert epoch_rows(first, 4) != epoch_rows(BatchSampler(COUNTS, np.arange(50), batch_size=7, seed=4), 4)


@given(st.integers(2, 50), st.integers(2, 20), st.data())
def test_short_epochs_go_on_where_the_last_one_ended(n_docs, batch_size, data):
    whole = BatchSampler(COUNTS, np.arange(n_docs), batch_size=batch_size, seed=1)
    short = ShortEpochs(whole, data.draw(st.integers(1, len(whole))))
    passes = chain.from_iterable(epoch_rows(whole, epoch) for epoch in range(3))
    n_epochs = 3 * len(whole) // len(short)
    read = [*chain.from_iterable(epoch_rows(short, epoch) for epoch in range(n_epochs))]
    assert len(read) == n_epochs * len(short)
    assert read == [*passes][: len(read)]
    assert short.rows.tolist() == list(range(n_docs))


@given(st.integers(2, 500), st.floats(0, 1, exclude_max=True))
def test_a_split_is_a_partition(n_docs, share):
    rows = np.arange(n_docs) * 3
    train, held_out = split_rows(rows, share, seed=0)
    assert sorted([*train, *held_out]) == rows.tolist()
    assert len(held_out) != 1 and len(train) >= 2


def test_the_number_of_held_out_documents_is_bounded():
    assert len(split_rows(np.arange(100_000), 0.5, seed=0, max_held_out=500)[1]) == 500


def with_neighbours(share=0.5, seed=1, rows=range(2, 50)):
    batches = BatchSampler(COUNTS, np.array(rows), batch_size=16, seed=3)
    neighbours = np.stack([np.arange(50), np.arange(1, 51) % 50, np.full(50, 7)], axis=1)
    return WithNeighbours(batches, COUNTS, neighbours, share=share, seed=seed)


def target_rows(sampler, epoch=0):
    batches = [sampler.batch(epoch, step) for step in range(len(sampler))]
    return np.concatenate([batch.rows for batch in batches]), np.concatenate([each.targets.rows for each in batches])


def test_the_mean_of_drawn_targets_mixes_a_document_and_its_neighbours():
    sampler, total = with_neighbours(share=0.6, rows=[4, 30]), np.zeros((2, 6))
    n = 4000
    for epoch in range(n):
        batch = sampler.batch(epoch, 0).targets
        total += sp.csr_matrix((batch.counts, batch.word_ids, batch.offsets), shape=(2, 6)).toarray()
    shares = COUNTS.toarray() / COUNTS.toarray().sum(axis=1, keepdims=True)
    lengths = COUNTS.toarray().sum(axis=1)
    for position, row in enumerate((4, 30)):
        expected = 0.4 * shares[row] + 0.6 * (shares[row] + shares[row + 1] + shares[7]) / 3
        np.testing.assert_allclose(total[position] / n, lengths[row] * expected, atol=0.05 * lengths[row])


def test_draws_of_neighbours_depend_only_on_the_seed_the_epoch_and_the_number_of_the_batch():
    _, first = target_rows(with_neighbours())
    np.testing.assert_array_equal(first, target_rows(with_neighbours())[1])
    assert not np.array_equal(first, target_rows(with_neighbours(seed=2))[1])
    assert not np.array_equal(np.sort(first), np.sort(target_rows(with_neighbours(), epoch=1)[1]))
    steps = [with_neighbours(rows=[4, 30]).batch(epoch, 0).targets.rows.tolist() for epoch in range(20)]
    assert len({tuple(each) for each in steps}) > 3


def test_each_batch_of_an_epoch_has_its_own_draws():
    columns = np.tile(np.arange(3), (50, 1))  # the row that is drawn is the column
    sampler = WithNeighbours(
        BatchSampler(COUNTS, np.arange(48), batch_size=24, seed=3), COUNTS, columns, share=1, seed=1
    )
    first, second = (sampler.batch(0, step).targets.rows for step in (0, 1))
    assert not np.array_equal(first, second)


def test_the_share_of_neighbours_is_that_of_documents():
    for share, expected in ((0.0, 0.0), (0.9, 0.6), (1.0, 2 / 3)):  # one of three neighbours is the document itself
        found = [target_rows(with_neighbours(share), epoch) for epoch in range(30)]
        assert np.mean([rows != drawn for rows, drawn in found]) == pytest.approx(expected, abs=0.04)
