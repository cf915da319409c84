import numpy as np
import pytest

from topicml.errors import TopicWarning
from topicml.models.diagnostics import diagnose

SHARP = np.eye(3).repeat(10, axis=0)


def test_what_is_well_is_not_warned_of(recwarn):
    found = diagnose(SHARP, np.arange(30).reshape(3, 10), 30)
    assert (found.dead, found.duplicates) == ([], [])
    assert found.information == pytest.approx(np.log(3))
    found.warn()
    assert not recwarn


def test_topics_that_share_eight_words_of_ten_are_duplicates():
    first = np.stack([np.arange(10), np.arange(2, 12), np.arange(20, 30)])
    found = diagnose(SHARP, first, 40)
    assert found.duplicates == [(0, 1)]
    with pytest.warns(TopicWarning, match="smaller n_topics"):
        found.warn()


def test_of_a_dozen_words_the_first_three_tell_topics_apart():
    first = np.stack([np.arange(10), np.arange(2, 12), [2, 0, 1, 9, 8, 7, 6, 5, 4, 3]])
    assert diagnose(SHARP, first, 12).duplicates == [(0, 2)]


def test_collapse_and_dead_topics():
    with pytest.warns(TopicWarning, match="collapsed"):
        diagnose(np.full((30, 3), 1 / 3), np.arange(30).reshape(3, 10), 30).warn()
    dead = diagnose(np.eye(3)[:2].repeat(20, axis=0), np.arange(30).reshape(3, 10), 30)
    assert dead.dead == [2]
    with pytest.warns(TopicWarning, match="1 of 3 topics lead no document"):
        dead.warn()
