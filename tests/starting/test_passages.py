"""Passages: documents cut into equal pieces."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.starting import Start
from topicml.starting.passages import passage_counts


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.lists(st.sampled_from("abcde"), max_size=25), min_size=1, max_size=6),
    length=st.integers(1, 12),
)
def test_passages_hold_every_word_once_in_short_equal_pieces(documents, length):
    corpus = Corpus.from_tokens(documents, vocabulary=list("abcde"))
    passages = passage_counts(corpus, Start(passage_length=length))
    sizes = np.asarray(passages.sum(axis=1)).ravel()
    expected = []
    for document in documents:
        pieces = max(1, -(-len(document) // length))
        cuts = [len(document) * i // pieces for i in range(pieces + 1)]
        expected += [document[a:b] for a, b in pairwise(cuts)]
    assert sizes.max() <= length
    np.testing.assert_array_equal(passages.toarray(), [[piece.count(word) for word in "abcde"] for piece in expected])


def test_short_documents_are_their_own_passages():
    corpus = Corpus.from_tokens([["a", "b"], [], ["b"]])
    np.testing.assert_array_equal(passage_counts(corpus).toarray(), corpus.counts.toarray())


def test_of_a_large_corpus_some_documents_are_read():
    corpus = Corpus.from_tokens([[str(i)] * 10 for i in range(100)])
    assert 150 <= passage_counts(corpus, Start(max_tokens=200)).sum() <= 250


def test_counts_alone_have_no_passages():
    corpus = Corpus.from_counts(sp.csr_matrix(np.eye(3, dtype=np.int32)), ["a", "b", "c"])
    with pytest.raises(InputError, match="passages"):
        passage_counts(corpus)
