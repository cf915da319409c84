"""How the first words of topics describe documents: coverage, agreement, frequency, and what training changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import roc_auc_score

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import (
    coverage,
    document_coverage,
    learned_overlap,
    top_word_frequency,
    topic_document_agreement,
)

TOPICS = [["a", "b"], ["c", "d"], ["b", "z"]]
texts = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), min_size=2, max_size=9).filter(
    lambda rows: sum(map(len, rows)) > 0
)


def theta_of(leading, n_topics=3):
    theta = np.full((len(leading), n_topics), 0.1)
    theta[np.arange(len(leading)), leading] = 1 - 0.1 * (n_topics - 1)
    return theta


@st.composite
def led(draw):
    rows = draw(texts)
    return rows, np.array(draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))


@given(led())
def test_coverage_equals_its_definition(drawn):
    rows, leading = drawn
    score = document_coverage(TOPICS, Corpus.from_tokens(rows), theta_of(leading), 2)
    hits = [(k, bool({*TOPICS[k]} & {*row})) for row, k in zip(rows, leading, strict=True) if row]
    assert score.mean == pytest.approx(np.mean([hit for _, hit in hits]))
    assert score.protocol["documents"] == len(hits)
    for k in range(3):
        of_topic = [hit for topic, hit in hits if topic == k]
        assert score.per_topic[k] == pytest.approx(np.mean(of_topic)) if of_topic else np.isnan(score.per_topic[k])


@given(led())
def test_agreement_equals_its_definition(drawn):
    rows, leading = drawn
    corpus = Corpus.from_tokens(rows, list("abcdef"))
    score = topic_document_agreement(TOPICS, corpus, theta_of(leading), 2)
    not_empty = np.array([bool(row) for row in rows])
    tfidf = TfidfTransformer().fit_transform(corpus.counts[not_empty]).toarray()
    expected = []
    for k, words in enumerate(TOPICS):
        positive = leading[not_empty] == k
        columns = [i for i, word in enumerate("abcdef") if word in words]
        mixed = positive.any() and not positive.all()
        expected.append(roc_auc_score(positive, tfidf[:, columns].sum(axis=1).round(12)) if mixed else np.nan)
    np.testing.assert_allclose(score.per_topic, expected, atol=1e-9)
    assert score.mean == pytest.approx(np.nanmean(expected), nan_ok=True) if not np.isnan(expected).all() else True


@given(led(), st.permutations(range(3)), st.randoms())
def test_the_order_of_topics_and_documents_does_not_matter(drawn, order, random):
    rows, leading = drawn
    documents = list(range(len(rows)))
    random.shuffle(documents)
    theta = theta_of(leading)
    for measure in (document_coverage, topic_document_agreement):
        one = measure(TOPICS, Corpus.from_tokens(rows), theta, 2)
        shuffled = Corpus.from_tokens([rows[i] for i in documents])
        other = measure([TOPICS[k] for k in order], shuffled, theta[documents][:, order], 2)
        np.testing.assert_allclose(other.per_topic, one.per_topic[list(order)])
        assert 0 <= one.mean <= 1 or np.isnan(one.mean)


@given(led())
def test_a_document_that_its_topic_covers_is_covered_by_some_topic(drawn):
    rows, leading = drawn
    rows = [row for row in rows if row] + [["f"], ["f"]]
    theta = theta_of(np.resize(leading, len(rows)))
    assert document_coverage(TOPICS, rows, theta, 2) <= coverage(TOPICS, rows, 2)


def test_words_that_tell_and_words_that_do_not():
    rows = [["a", "x"], ["b", "x"], ["c", "x"], ["d", "x", "x", "x"]]
    theta = theta_of([0, 0, 1, 1], 2)
    assert topic_document_agreement([["a", "b"], ["c", "d"]], rows, theta, 2) == 1
    assert topic_document_agreement([["c", "d"], ["a", "b"]], rows, theta, 2) == 0
    assert topic_document_agreement([["p", "q"], ["r", "s"]], rows, theta, 2) == 0.5, "words of no document"
    one_rare_word = topic_document_agreement([["a", "q"], ["c", "q"]], rows, theta, 2)
    assert one_rare_word == pytest.approx(0.75)
    assert np.isnan(topic_document_agreement([["a", "b"]], rows, np.ones((4, 1)), 2))


@given(texts)
def test_frequency_equals_its_definition(rows):
    score = top_word_frequency(TOPICS, rows, 2)
    df = [[sum(word in row for row in rows) for word in words] for words in TOPICS]
    assert score.mean == np.median(df)
    np.testing.assert_allclose(score.per_topic, np.median(df, axis=1))
    assert score.protocol["share"] == pytest.approx(np.median(df) / sum(map(bool, rows)))


@given(st.lists(st.permutations("abcdefgh"), min_size=1, max_size=4), st.data())
def test_overlap_with_the_start_equals_its_definition(after, data):
    before = data.draw(st.lists(st.permutations("abcdefghij"), min_size=len(after), max_size=len(after)))
    score = learned_overlap(after, before, 5)
    expected = [sum(word in b[:5] for word in a[:5]) / 5 for a, b in zip(after, before, strict=True)]
    np.testing.assert_allclose(score.per_topic, expected)
    assert score.mean == pytest.approx(np.mean(expected))
    assert learned_overlap(after, after, 8) == 1
    assert learned_overlap(before, after, 5) == score.mean


@pytest.mark.parametrize("measure", [document_coverage, topic_document_agreement])
def test_bad_input_is_named(measure):
    rows = [["a"], ["b"]]
    with pytest.raises(
        InputError, match="one row for each of the 2 documents of the reference and one column for each"
    ):
        measure(TOPICS, rows, np.ones((3, 3)) / 3, 2)
    with pytest.raises(InputError, match="of the 3 topics"):
        measure(TOPICS, rows, np.ones((2, 2)) / 2, 2)
    with pytest.raises(InputError, match="NaN"):
        measure(TOPICS, rows, np.full((2, 3), np.nan), 2)
    with pytest.raises(InputError, match="No document of the reference has words"):
        measure(TOPICS, Corpus.from_tokens([[], []], ["a", "b"]), np.ones((2, 3)) / 3, 2)
    with pytest.raises(InputError, match="fewer than topn=3"):
        measure(TOPICS, rows, np.ones((2, 3)) / 3, 3)


def test_bad_starting_topics_are_named():
    with pytest.raises(InputError, match="3 topics and 1 starting topics"):
        learned_overlap(TOPICS, TOPICS[:1], 2)
