import numpy as np
import pytest

from topicml.errors import TopicWarning
from topicml.models.diagnostics import diagnose, near_duplicates

SHARP = np.eye(3).repeat(10, axis=0)


def test_distinct_topics_give_no_warning(recwarn):
    diagnostics = diagnose(SHARP, np.arange(30).reshape(3, 10), 30)
    assert (diagnostics.dead, diagnostics.duplicates) == ([], [])
    assert diagnostics.information == pytest.approx(np.log(3))
    diagnostics.warn()
    assert not recwarn


def test_topics_that_share_eight_words_of_ten_are_duplicates():
    first = np.stack([np.arange(10), np.arange(2, 12), np.arange(20, 30)])
    assert near_duplicates(first, 40) == [(0, 1)]
    diagnostics = diagnose(SHARP, first, 40)
    assert diagnostics.duplicates == [(0, 1)]
    with pytest.warns(TopicWarning, match="smaller n_topics"):
        diagnostics.warn()


def test_in_a_vocabulary_of_twelve_words_three_first_words_are_compared():
    first = np.stack([np.arange(10), np.arange(2, 12), [2, 0, 1, 9, 8, 7, 6, 5, 4, 3]])
    assert near_duplicates(first, 12) == [(0, 2)]


def test_collapsed_and_dead_topics_give_a_warning():
    with pytest.warns(TopicWarning, match="collapsed"):
        diagnose(np.full((30, 3), 1 / 3), np.arange(30).reshape(3, 10), 30).warn()
    dead = diagnose(np.eye(3)[:2].repeat(20, axis=0), np.arange(30).reshape(3, 10), 30)
    assert dead.dead == [2]
    with pytest.warns(TopicWarning, match="1 of 3 topics lead no document"):
        dead.warn()
