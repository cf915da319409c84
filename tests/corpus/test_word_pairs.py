"""Counts of words that occur together, against their definition."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.corpus.word_pairs import document_pairs, presence, shared_documents, window_pairs
from topicml.errors import InputError
from topicml.metrics.cooccurrence import Cooccurrence

COUNTS = st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=8)


@settings(max_examples=40)
@given(COUNTS, st.lists(st.integers(0, 5), unique=True), st.integers(1, 7))
def test_documents_that_contain_both_words_are_counted(rows, contexts, block):
    counts = sp.csr_matrix(np.array(rows))
    present = (counts.toarray() > 0).astype(float)
    expected = present.T @ present
    columns = np.array(contexts, dtype=int)
    blocks = [*document_pairs(presence(counts), presence(counts, columns), block=block)]
    np.testing.assert_array_equal(np.vstack([each.toarray() for each in blocks]), expected[:, columns])
    np.testing.assert_array_equal(shared_documents(counts, columns), expected[np.ix_(columns, columns)])


@settings(max_examples=40)
@given(COUNTS, st.integers(1, 7))
def test_half_of_a_symmetric_count_has_every_pair_once(rows, block):
    counts = sp.csr_matrix(np.array(rows))
    present = presence(counts)
    first = 0
    for part in document_pairs(present, present, block=block, upper=True):
        expected = (present.T @ present).toarray()[first : first + block, first:]
        np.testing.assert_array_equal(part.toarray(), expected)
        first += block
    assert first >= 6


def test_weights_of_documents_are_summed_beside_their_number():
    counts = sp.csr_matrix(np.array([[1, 1, 0], [2, 1, 1], [0, 0, 3]]))
    weighted = presence(counts).astype(np.complex64)
    weighted.data.imag = np.repeat([0.5, 0.25, 4.0], np.diff(counts.indptr))
    (pairs,) = document_pairs(presence(counts), weighted)
    np.testing.assert_array_equal(pairs.toarray().real, [[2, 2, 1], [2, 2, 1], [1, 1, 2]])
    np.testing.assert_array_equal(pairs.toarray().imag, [[0.75, 0.75, 0.25], [0.75, 0.75, 0.25], [0.25, 0.25, 4.25]])


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=9), min_size=1, max_size=8).filter(any))
def test_shared_documents_are_those_of_coherence(texts):
    corpus = Corpus.from_tokens(texts)
    words = np.arange(corpus.n_words)
    counter = Cooccurrence(corpus.counts.indices, corpus.counts.indptr, corpus.n_words)
    np.testing.assert_array_equal(shared_documents(corpus.counts, words), counter.count(words[None])[0])


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=9), min_size=1, max_size=6),
    st.lists(st.integers(0, 4), unique=True, min_size=1),
    st.integers(1, 12),
    st.integers(1, 9),
)
def test_pairs_of_tokens_in_a_window_are_counted(texts, contexts, window, chunk):
    corpus = Corpus.from_tokens(texts, vocabulary=list("abcde"))
    expected = np.zeros((5, 5))
    for words in texts:
        for p, one in enumerate(words):
            for q, other in enumerate(words):
                if p != q and abs(p - q) <= window and one != other:
                    expected["abcde".index(one), "abcde".index(other)] += 1
    columns = np.array(contexts)
    pairs = window_pairs(corpus, columns, window, chunk=chunk)
    np.testing.assert_array_equal(pairs.toarray(), expected[:, columns])


def test_windows_need_word_order():
    corpus = Corpus.from_counts(np.eye(3, dtype=int), ["a", "b", "c"])
    with pytest.raises(InputError, match="window needs word order"):
        window_pairs(corpus, np.arange(3), 2)


def test_no_words_share_no_documents():
    assert shared_documents(sp.csr_matrix(np.eye(3)), np.array([], dtype=int)).shape == (0, 0)
