"""Whether documents of a topic are alike beyond its first words."""

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics import beyond_first_words


@pytest.fixture(scope="module")
def drawn():
    """Documents of three subjects; one in four has a word that is anywhere, which a topic of its own leads."""
    rng = np.random.default_rng(0)
    documents, leading = [], []
    for _ in range(1200):
        subject, anywhere = int(rng.integers(3)), bool(rng.random() < 0.25)
        words = [f"{'abc'[subject]}{i}" for i in rng.integers(40, size=8)]
        documents.append([*words, "way"] if anywhere else words)
        leading.append(3 if anywhere else subject)
    topics = [[f"{subject}{i}" for i in range(5)] for subject in "abc"] + [["way", "a30", "b30", "c30", "a31"]]
    return Corpus.from_tokens(documents), topics, np.eye(4)[leading]


def test_subjects_are_alike_beyond_their_first_words_and_a_stop_word_is_not(drawn):
    corpus, topics, theta = drawn
    areas = beyond_first_words(topics, corpus, theta, 5).per_topic
    assert min(areas[:3]) > 0.9
    assert areas[3] == pytest.approx(0.5, abs=0.06)


def test_only_the_other_words_count():
    """The documents differ in the first word alone: without it, there is nothing to tell."""
    rng = np.random.default_rng(1)
    leading = rng.integers(2, size=400)
    documents = [[*(["a0"] if k == 0 else []), *(f"w{i}" for i in rng.integers(30, size=6))] for k in leading]
    found = beyond_first_words([["a0", "w0"], ["w1", "w2"]], Corpus.from_tokens(documents), np.eye(2)[leading], 2)
    assert found.per_topic[0] == pytest.approx(0.5, abs=0.08)
    assert found.per_topic[1] > 0.9  # the other topic is told by the absence of that word


def test_topics_that_lead_nothing_have_no_area(drawn):
    corpus, topics, theta = drawn
    found = beyond_first_words([*topics, topics[0]], corpus, np.hstack([theta, np.zeros((1200, 1))]), 5)
    assert np.isnan(found.per_topic[4]) and np.isfinite(found.mean)
    with pytest.raises(InputError, match="one column for each of the 4 topics"):
        beyond_first_words(topics, corpus, theta[:, :3], 5)
