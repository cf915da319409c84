"""`Corpus.from_counts`: valid matrices are converted; invalid entries raise with row and word."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from topicml.corpus import Corpus
from topicml.corpus.counts import checked_weights, summed
from topicml.errors import InputError

MATRICES = hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.integers(0, 9))
FORMATS = [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.lil_matrix, sp.csr_array, np.asarray]


def words(n):
    return [f"w{i}" for i in range(n)]


@given(MATRICES, st.sampled_from(FORMATS), st.sampled_from([np.int64, np.int32, np.uint8, np.float64, np.float32]))
def test_any_matrix_of_counts_is_accepted(dense, make, dtype):
    corpus = Corpus.from_counts(make(dense.astype(dtype)), words(dense.shape[1]))
    assert corpus.counts.dtype == np.int32
    assert corpus.counts.has_canonical_format
    assert (corpus.counts.toarray() == dense).all()
    assert corpus.lengths.tolist() == dense.sum(axis=1).tolist()


def test_duplicates_are_summed_and_zeros_removed_without_modifying_the_input():
    data, indices, indptr = np.array([1, 2, 0, 3], dtype=np.int32), np.array([1, 1, 0, 0]), np.array([0, 3, 4])
    given_matrix = sp.csr_matrix((data, indices, indptr), shape=(2, 2))
    counts = Corpus.from_counts(given_matrix, ["a", "b"]).counts
    assert counts.toarray().tolist() == [[0, 3], [3, 0]]
    assert counts.nnz == 2
    assert given_matrix.data.tolist() == [1, 2, 0, 3]


def test_canonical_counts_are_not_copied():
    matrix = sp.random(50, 20, density=0.2, format="csr", random_state=0, dtype=np.float64).ceil().astype(np.int32)
    assert np.shares_memory(Corpus.from_counts(matrix, words(20)).counts.data, matrix.data)


def test_booleans_count_one():
    assert Corpus.from_counts(sp.csr_matrix(np.array([[True, False]])), ["a", "b"]).lengths.tolist() == [1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"row 1, column 2 \(word 'w2'\) is NaN"),
        (np.inf, r"row 1, column 2 \(word 'w2'\) is infinite"),
        (-1, r"row 1, column 2 \(word 'w2'\) is negative: -1"),
        (0.5, r"row 1, column 2 \(word 'w2'\) is not a whole number: 0.5"),
        (2.0**31, r"row 1, column 2 \(word 'w2'\) is more than 2,147,483,647"),
    ],
)
@pytest.mark.parametrize("make", FORMATS)
def test_an_invalid_count_raises_with_row_and_word(make, value, message):
    dense = np.ones((3, 4))
    dense[1, 2] = value
    with pytest.raises(InputError, match=message):
        Corpus.from_counts(make(dense), words(4))


@pytest.mark.parametrize(
    ("matrix", "vocabulary", "message"),
    [
        (np.ones((2, 3)), words(2), r"3 columns but the vocabulary has 2 words"),
        (np.ones(3), words(3), r"received 1 dimension\(s\)\.$"),
        (["a text", "another"], words(3), r"received 1 dimension\(s\)\. Make a corpus of texts: .*from_texts"),
        ([["a"], ["b", "c"]], words(3), "all rows of one length"),
        (np.array([["a"]]), words(1), r"must be numbers; received a matrix of dtype"),
        (np.ones((1, 1)) * 1j, words(1), r"must be numbers"),
        (np.ones((1, 2)), ["a", "a"], r"'a' at 0 and again at 1"),
    ],
)
def test_an_invalid_matrix_raises(matrix, vocabulary, message):
    with pytest.raises(InputError, match=message):
        Corpus.from_counts(matrix, vocabulary)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "row 1, column 2 is NaN: nan. Counts must be finite and not negative; 1 entry is invalid"),
        (np.inf, "row 1, column 2 is infinite"),
        (-0.5, "row 1, column 2 is negative: -0.5"),
        (1e30, r"row 1, column 2 is more than 9,007,199,254,740,992 \(2\^53\): 1e\+30. Divide all counts by a number"),
    ],
)
@pytest.mark.parametrize("make", FORMATS)
def test_fractions_of_counts_are_checked_but_for_being_whole(make, value, message):
    dense = np.full((3, 4), 2.0**53)
    dense[1, 2] = 0.5
    assert_array_equal(checked_weights(make(dense)).toarray(), dense)
    dense[1, 2] = value
    with pytest.raises(InputError, match=message):
        checked_weights(make(dense))


def test_weights_are_not_copied():
    matrix = sp.random(50, 20, density=0.2, format="csr", random_state=0)
    assert np.shares_memory(checked_weights(matrix).data, matrix.data)
    assert not checked_weights(sp.csr_matrix((2, 3))).nnz


MOST = 2**31 - 1
NAMES = ["coo", "csr", "csc", "bsr", "dok", "lil", "dia"]


def repeated(n, value, dtype):
    """One cell, (0, 0), with `n` entries of a value, and another cell with 1."""
    data = np.append(np.full(n, value, dtype), 1).astype(dtype)
    return sp.coo_matrix((data, (np.append(np.zeros(n, int), 1), np.append(np.zeros(n, int), 2))), shape=(3, 4))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int16, np.uint32, np.int64, np.float32])
def test_duplicates_of_a_narrow_dtype_are_summed_in_a_wide_one(dtype):
    wanted = np.zeros((3, 4))
    wanted[0, 0], wanted[1, 2] = 300, 1
    coo = repeated(300, 1, dtype)
    indices = np.append(np.zeros(300, np.int32), 2).astype(np.int32)
    csr = sp.csr_matrix((coo.data, indices, np.array([0, 300, 301, 301])), shape=(3, 4))
    for matrix in (coo, csr, sp.coo_array(coo)):
        assert_array_equal(Corpus.from_counts(matrix, words(4)).counts.toarray(), wanted)
        assert_array_equal(summed(matrix).toarray(), wanted)
        assert matrix.nnz == 301 and matrix.dtype == dtype  # not modified


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("value", [MOST, 2**62])
def test_sums_that_are_too_large_are_refused_not_wrapped(n, value):
    with pytest.raises(InputError, match="more than 2,147,483,647"):
        Corpus.from_counts(repeated(n, value, np.int64), words(4))
    with pytest.raises(InputError, match="more than 2,147,483,647"):
        Corpus.from_counts(repeated(n, value, np.uint64), words(4))


@pytest.mark.parametrize("name", NAMES)
def test_every_sparse_format_counts_the_same(name):
    matrix = sp.random(5, 4, 0.5, random_state=0, data_rvs=lambda n: np.arange(1, n + 1)).astype(np.uint8)
    assert_array_equal(Corpus.from_counts(matrix.asformat(name), words(4)).counts.toarray(), matrix.toarray())
