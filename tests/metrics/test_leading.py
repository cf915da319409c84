import tracemalloc

import numpy as np

from topicml.metrics import leading, leading_counts, leading_topics

THETA = np.array([[0.1, 0.6, 0.3, 0.0], [0.5, 0.1, 0.1, 0.3], [0.2, 0.5, 0.3, 0.0]])


def test_the_topic_with_the_largest_proportion_leads():
    assert leading_topics(THETA).tolist() == [1, 0, 1]
    assert leading_counts(THETA).tolist() == [1, 2, 0, 0]


def test_only_some_topics_may_lead():
    assert leading_topics(THETA, among=[2, 3]).tolist() == [2, 3, 2]
    assert leading_counts(THETA, among=[2, 3]).tolist() == [0, 0, 2, 1]


def test_draws_of_theta_have_a_leading_topic_each():
    draws = np.stack([THETA, THETA[:, ::-1]])  # (n_samples, n_docs, n_topics)
    assert leading_topics(draws).tolist() == [[1, 0, 1], [2, 3, 2]]


def test_without_documents_no_topic_leads():
    assert leading_counts(np.empty((0, 4))).tolist() == [0, 0, 0, 0]


def test_theta_is_not_copied_where_all_topics_may_lead():
    theta = np.random.default_rng(0).random((10_000, 20))
    tracemalloc.start()
    leading = leading_topics(theta, among=range(20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < theta.nbytes / 4
    np.testing.assert_array_equal(leading, theta.argmax(axis=1))


def test_many_documents_are_read_in_parts_and_copied_at_most_in_parts(monkeypatch):
    theta = np.random.default_rng(0).random((10_000, 20))
    theta.flags.writeable = False  # NumPy copies such an array to find the largest
    expected = leading_topics(theta), leading_topics(theta, among=[3, 4, 9])
    monkeypatch.setattr(leading, "_CHUNK", 999)
    tracemalloc.start()
    found = leading_topics(theta), leading_topics(theta, among=[3, 4, 9])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < theta.nbytes / 2
    np.testing.assert_array_equal(found, expected)
