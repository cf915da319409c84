from itertools import chain

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from topicml.training import BatchSampler, split_rows
from topicml.training.sampler import ShortEpochs

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
