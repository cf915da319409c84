"""Views of many documents copy a part of them at a time, with the results of all at once."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.explore import TopicView, documents, topics
from topicml.models import diagnostics

N_DOCS, N_TOPICS = 5000, 6


@pytest.fixture
def theta():
    return np.random.default_rng(0).dirichlet(np.full(N_TOPICS, 0.3), N_DOCS).astype(np.float32)


@pytest.fixture
def view(theta):
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(12)]
    counts = rng.poisson(1, (N_DOCS, 12))
    counts[::7] = 0
    model = SimpleNamespace(components_=rng.dirichlet(np.ones(12), N_TOPICS), vocabulary_=tuple(words))
    return TopicView.of(model, Corpus.from_counts(counts, words), theta=theta)


def test_proportions_that_nobody_can_write_to_are_not_copied(view, theta):
    corpus = view.corpus

    def view_of(array):
        return TopicView.of(view.model, corpus, theta=array).theta

    assert view_of(theta) is not theta
    whole = theta.copy()
    part = whole[:]
    part.flags.writeable = False
    assert not np.shares_memory(view_of(part), whole)  # whoever has the whole can still write
    whole.flags.writeable = False
    assert view_of(whole) is whole


def test_correlations_are_those_of_numpy(theta, monkeypatch):
    expected = np.corrcoef(theta, rowvar=False)
    np.testing.assert_allclose(topics.correlations(theta), expected, atol=1e-12)
    monkeypatch.setattr(topics, "_CHUNK", 777)
    tracemalloc.start()
    np.testing.assert_allclose(topics.correlations(theta), expected, atol=1e-12)
    assert tracemalloc.get_traced_memory()[1] < theta.astype(float).nbytes
    tracemalloc.stop()


def test_signs_of_unusable_topics_do_not_depend_on_the_parts(theta, monkeypatch):
    first = np.arange(60).reshape(6, 10)
    expected = diagnostics.diagnose(theta, first, 60)
    monkeypatch.setattr(diagnostics, "_CHUNK", 777)
    found = diagnostics.diagnose(theta, first, 60)
    assert found.information == pytest.approx(expected.information, abs=1e-6)
    assert found.dead == expected.dead


def test_sizes_are_those_of_the_leading_topics(view, theta):
    hidden = view.hide(2)
    for each, shown in ((view, range(6)), (hidden, [0, 1, 3, 4, 5])):
        leading = np.array(shown)[theta[:, shown].argmax(axis=1)]
        np.testing.assert_array_equal(each.led_by, leading)
        np.testing.assert_array_equal(each.leading_counts(), np.bincount(leading[view.has_words], minlength=6))
        some = np.arange(N_DOCS) % 5 == 0
        np.testing.assert_array_equal(each.leading_counts(some), np.bincount(leading[some], minlength=6))
        np.testing.assert_array_equal(each.shown_theta, theta[view.has_words][:, shown])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 45))
def test_the_largest_come_first_and_of_equal_ones_the_first(values, n):
    values = np.array(values, dtype=np.float32)
    np.testing.assert_array_equal(documents._largest(values, n), np.argsort(-values, kind="stable")[:n])


def test_a_text_is_read_alone_as_its_array_has_it():
    for texts in (["one", None, ""], [1, 2, 3], [1.5, None, 2.0]):
        corpus = Corpus.from_counts(np.eye(3, dtype=int), list("abc"), {"text": texts})
        model = SimpleNamespace(components_=np.full((1, 3), 1 / 3), vocabulary_=tuple("abc"))
        view = TopicView.of(model, corpus, theta=np.ones((3, 1)))
        found = [documents.text_of(view, row) for row in range(3)]
        assert ("text" in corpus.fields._arrays) == (not isinstance(texts[0], str))
        array = corpus.fields["text"]
        assert found == [None if value is None else str(value) for value in array]
