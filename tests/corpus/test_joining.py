"""Several corpora as one."""

import numpy as np
import pytest

from topicml.corpus import Corpus, join_corpora
from topicml.errors import InputError

JUNE = Corpus.from_tokens([["wind", "rain"], [], ["wind"]], fields={"n": [1, 2, 3], "text": ["a", "b", "c"]})
JULY = Corpus.from_tokens([["sun", "rain", "sun"]], fields={"n": ["x"], "text": ["d"], "own": [0]})


def test_words_order_and_common_fields():
    joined = join_corpora({"June": JUNE, "July": JULY})
    assert list(joined) == [*JUNE, *JULY] and joined.has_order
    assert list(joined.vocabulary) == ["rain", "sun", "wind"]
    assert set(joined.fields) == {"text", "corpus"}  # n has two types, own is of one corpus
    assert joined.fields["text"].tolist() == ["a", "b", "c", "d"]
    assert joined.fields["corpus"].tolist() == ["June"] * 3 + ["July"]


def test_without_order_in_one_of_them_counts_are_joined():
    counted = Corpus.from_counts(JULY.counts, JULY.vocabulary)
    joined = join_corpora({"June": JUNE, "July": counted}, field="month")
    assert not joined.has_order and joined.fields["month"].tolist()[-1] == "July"
    with_order = join_corpora({"June": JUNE, "July": JULY})
    np.testing.assert_array_equal(joined.counts.toarray(), with_order.counts.toarray())
    assert joined.counts.has_sorted_indices and joined.counts.dtype == np.int32


def test_one_vocabulary_stays_as_it_is():
    parts = {"first": JUNE[:1], "rest": JUNE[1:]}
    assert join_corpora(parts).vocabulary is JUNE.vocabulary
    assert join_corpora(parts).fingerprint == JUNE.fingerprint


def test_a_field_of_that_name_is_replaced():
    assert join_corpora({"one": JUNE, "two": JULY}, field="text").fields["text"].tolist() == ["one"] * 3 + ["two"]


def test_no_corpus_is_refused():
    with pytest.raises(InputError, match="no corpus"):
        join_corpora({})
