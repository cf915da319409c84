import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml.errors import InputError
from topicml.metrics import inverted_rbo, topic_diversity, topic_uniqueness

octis = pytest.importorskip("octis.evaluation_metrics.diversity_metrics")

topic_sets = st.lists(st.permutations([f"w{i}" for i in range(14)]).map(lambda p: p[:10]), min_size=2, max_size=6)


@given(topic_sets, st.integers(2, 10))
def test_diversity_equals_octis(topics, topn):
    theirs = octis.TopicDiversity(topk=topn).score({"topics": topics})
    assert topic_diversity(topics, topn).mean == pytest.approx(theirs, abs=1e-12)


@given(topic_sets, st.integers(2, 10), st.sampled_from([0.5, 0.9, 0.99]))
def test_inverted_rbo_equals_octis(topics, topn, weight):
    theirs = octis.InvertedRBO(topk=topn, weight=weight).score({"topics": topics})
    assert inverted_rbo(topics, topn, weight=weight).mean == pytest.approx(theirs, abs=1e-9)


def test_the_bounds_are_reached():
    same = [["a", "b", "c"]] * 3
    apart = [["a", "b"], ["c", "d"], ["e", "f"]]
    assert topic_diversity(same, 3).mean == pytest.approx(1 / 3)
    assert topic_uniqueness(same, 3).mean == pytest.approx(1 / 3)
    assert inverted_rbo(same, 3).mean == pytest.approx(0)
    for measure in (topic_diversity, topic_uniqueness, inverted_rbo):
        assert measure(apart, 2).mean == pytest.approx(1)
        np.testing.assert_allclose(measure(apart, 2).per_topic, 1)


def test_uniqueness_by_hand():
    result = topic_uniqueness([["a", "b"], ["a", "c"], ["a", "d"]], 2)
    np.testing.assert_allclose(result.per_topic, [(1 / 3 + 1) / 2] * 3)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="only one"):
        inverted_rbo([["a", "b"]], 2)
    with pytest.raises(InputError, match="weight"):
        inverted_rbo([["a", "b"], ["c", "d"]], 2, weight=1)
    with pytest.raises(InputError, match="fewer than topn=25"):
        topic_diversity([["a"]])
