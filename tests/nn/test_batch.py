import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topicml.nn import Batch


def dense(batch, n_words):
    out = torch.zeros(len(batch), n_words)
    out[batch.documents, batch.word_ids] = batch.counts
    return out.numpy()


@given(arrays(np.int32, (6, 5), elements=st.integers(0, 3)), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_a_batch_has_the_counts_of_its_rows(matrix, rows):
    batch = Batch.from_counts(sp.csr_matrix(matrix), np.array(rows))
    np.testing.assert_array_equal(dense(batch, 5), matrix[rows])
    np.testing.assert_array_equal(batch.lengths, matrix[rows].sum(axis=1))
    np.testing.assert_array_equal(batch.rows, rows)


def test_a_memory_mapped_matrix_is_read_by_rows(tmp_path):
    counts = sp.random(100, 30, density=0.2, format="csr", random_state=0)
    counts.data = np.ceil(counts.data * 5)
    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / name, getattr(counts, name))
    mapped = sp.csr_matrix(counts.shape)
    for name in ("data", "indices", "indptr"):
        setattr(mapped, name, np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    rows = np.array([3, 99, 0])
    np.testing.assert_array_equal(dense(Batch.from_counts(mapped, rows), 30), counts[rows].toarray())


def test_sum_by_document_sums_the_entries_of_each_document():
    counts = sp.csr_matrix(np.array([[1, 0, 2], [0, 0, 0], [0, 3, 0]]))
    batch = Batch.from_counts(counts, np.arange(3))
    assert batch.sum_by_document(batch.counts**2).tolist() == [5, 0, 9]


def test_targets_are_scaled_to_the_lengths_of_their_documents():
    counts = sp.csr_matrix([[2, 0, 1], [0, 4, 0], [1, 1, 1]])
    weights = sp.csr_matrix(np.array([[0.0, 0.2, 0.2], [0.1, 0.3, 0.0], [6.0, 0, 0]], dtype=np.float32))
    batch = Batch.from_counts(counts, np.array([2, 0, 1]))
    assert batch.reconstructed is batch
    found = batch.with_targets(weights)
    assert found.reconstructed is found.targets and torch.equal(found.targets.rows, batch.rows)
    dense = np.zeros((3, 3))
    dense[found.targets.documents, found.targets.word_ids] = found.targets.counts
    np.testing.assert_allclose(dense, [[3, 0, 0], [0, 1.5, 1.5], [1, 3, 0]], rtol=1e-6)
    assert torch.equal(found.targets.lengths, batch.lengths)
    assert torch.equal(found.counts, batch.counts) and torch.equal(found.word_ids, batch.word_ids)


@pytest.mark.parametrize("exponent", [-149, -127, -40, 40, 126])
def test_only_the_proportions_of_targets_matter(exponent):
    batch = Batch.from_counts(sp.csr_matrix([[2, 0, 1], [0, 4, 0], [1, 1, 1]]), np.arange(3))
    weights = np.array([[3, 3, 1], [0, 0, 1], [2, 0, 0]], dtype=np.float32)
    found = batch.with_targets(sp.csr_matrix(np.ldexp(weights, exponent))).targets.counts
    assert torch.equal(found, batch.with_targets(sp.csr_matrix(weights)).targets.counts)


def test_targets_follow_the_documents_of_a_batch_and_its_device():
    counts = sp.csr_matrix([[2, 0, 1], [0, 4, 0], [1, 1, 1]])
    batch = Batch.from_counts(counts, np.arange(3)).with_targets(counts[:, [1, 2, 0]])
    part = batch.of_documents(torch.tensor([2, 0]))
    assert part.targets.rows.tolist() == [2, 0] and part.targets.lengths.tolist() == [3, 3]
    assert batch.to("meta").targets.counts.device.type == "meta"
    assert batch.with_counts(batch.counts).targets is None  # other words: a view


def test_targets_of_other_rows_are_scaled_to_the_documents_that_have_them():
    counts = sp.csr_matrix([[2, 0, 1], [0, 4, 0], [1, 1, 1]])
    found = Batch.from_counts(counts, np.array([0, 1])).with_targets(counts, np.array([2, 0])).targets
    assert found.rows.tolist() == [2, 0]
    np.testing.assert_allclose(dense(found, 3), [[1, 1, 1], [8 / 3, 0, 4 / 3]], rtol=1e-6)


def test_where_keeps_some_documents_and_takes_others():
    counts = sp.csr_matrix([[2, 0, 1], [0, 0, 0], [1, 1, 1], [0, 0, 5]])
    first, second = Batch.from_counts(counts, np.array([0, 1, 2])), Batch.from_counts(counts, np.array([3, 2, 1]))
    found = first.where(torch.tensor([True, False, False]), second)
    np.testing.assert_array_equal(dense(found, 3), [[2, 0, 1], [1, 1, 1], [0, 0, 0]])
    assert found.rows.tolist() == [0, 2, 1] and found.lengths.tolist() == [3, 3, 0]
