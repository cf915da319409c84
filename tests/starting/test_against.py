"""The background, and topics that start from what it does not explain."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.starting import Against, Start, topics_against
from topicml.starting.salient import unexplained_share

COMMON = ("rain wind cloud storm", "goal match team coach")
NEW = "parcel late courier refund"


def corpus(n=120, fields=None):
    """Two subjects in June; in July also a third."""
    rng = np.random.default_rng(0)
    subjects = [COMMON[i % 2] if i < n // 2 else (*COMMON, NEW)[i % 3] for i in range(n)]
    tokens = [list(rng.choice(each.split(), 3, replace=False)) for each in subjects]
    months = ["June"] * (n // 2) + ["July"] * (n - n // 2)
    return Corpus.from_tokens(tokens, fields={"month": months, "day": list(range(n)), **(fields or {})})


def documents(made=None):
    made = made or corpus()
    return Documents(made.counts, tuple(made.vocabulary), None, made)


@pytest.mark.parametrize("against", ["month", "month=", "=June", "", 3, None])
def test_what_names_no_field_and_value_is_refused(against):
    with pytest.raises(InputError, match="names no field and value"):
        Against(against)


def test_the_background_by_text_and_by_numbers():
    made = corpus()
    assert Against(" month = June ").background(made).tolist() == [True] * 60 + [False] * 60
    assert np.flatnonzero(Against("day=7").background(made)).tolist() == [7]
    assert Against("month=a=b").value == "a=b"
    assert not Against("month=May").background(made).any()


@pytest.mark.parametrize(
    "against, message",
    [
        ("month=Juni", r"'Juni' in the field 'month'. It has: 'June'"),
        ("week=1", "no field 'week'"),
        ("same=yes", "All documents with words are of the background"),
    ],
)
def test_a_background_that_the_documents_do_not_have_is_refused(against, message):
    with pytest.raises(InputError, match=message):
        Against(against).check(documents(corpus(fields={"same": ["yes"] * 120})))


def test_documents_without_a_common_word_or_without_fields_are_refused():
    apart = Corpus.from_tokens([["rain"], ["sun"]], fields={"month": ["June", "July"]})
    with pytest.raises(InputError, match="no common word"):
        Against("month=June").check(documents(apart))
    with pytest.raises(InputError, match="no fields"):
        Against("month=June").check(Documents(apart.counts))
    empty = Corpus.from_tokens([["rain"], []], fields={"month": ["June", "July"]})
    with pytest.raises(InputError, match="All documents with words"):
        Against("month=June").check(documents(empty))


def test_the_unexplained_share_of_words():
    counts = csr_matrix(np.array([[1, 2, 0]] * 50 + [[1, 0, 0]] * 50))
    background = csr_matrix(np.array([[1, 0, 3]] * 199))
    share = unexplained_share(counts, background)
    expected = 0.5 / 200 * 100  # documents with the second word
    assert share[1] == pytest.approx((50 - expected - 2 * np.sqrt(expected + 1)) / 50)
    assert share[0] == share[2] == 1e-3


@pytest.mark.parametrize("method", ["npmi", "nmf"])
@pytest.mark.parametrize("ordered", [True, False])
def test_salient_topics_start_from_what_is_new_and_common_ones_from_the_background(method, ordered):
    made = corpus()
    if not ordered:
        made = Corpus.from_counts(made.counts, made.vocabulary, fields={"month": made.fields["month"].tolist()})
    topics = topics_against(documents(made), 3, 1, Against("month=June"), Start(method=method), seed=0)
    first = [{made.vocabulary[i] for i in row.argsort()[-4:]} for row in topics]
    assert first[2] == set(NEW.split()) and {frozenset(each) for each in first[:2]} == {
        frozenset(each.split()) for each in COMMON
    }
    assert topics.dtype == np.float32 and topics.shape == (3, 12)
    np.testing.assert_allclose(topics.mean(axis=1), 0, atol=1e-5)
