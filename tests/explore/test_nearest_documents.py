"""Documents nearest to words, against the formula computed by hand."""

import numpy as np
import pytest

import topicml
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.nearest_documents import nearest_documents


class Told:
    """A model with fixed topics."""

    components_ = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    vocabulary_ = ("moon", "rocket", "oven")


@pytest.fixture
def view():
    corpus = topicml.Corpus.from_tokens(
        [["moon", "moon"], ["rocket", "oven"], [], ["oven", "oven", "oven", "rocket"]], vocabulary=Told.vocabulary_
    )
    return TopicView.of(Told(), corpus, theta=np.array([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5], [0.0, 1.0]]))


def test_score_by_hand(view):
    found = nearest_documents(view, ["rocket"], 10).set_index("document")
    share, mean = 2 / 8, 8 / 3  # of all tokens; length of the three documents with words
    for document, count, length, meant in ((0, 0, 2, 0.475), (1, 1, 2, 0.375), (3, 1, 4, 0.25)):
        said = (count + mean * share) / (length + mean)
        assert found["score"][document] == pytest.approx(np.log((0.7 * said + 0.3 * meant) / share))
    assert 2 not in found.index, "a document without words is near to nothing"
    assert found["words"].to_dict() == {0: [], 1: ["rocket"], 3: ["rocket"]}
    assert found.index[0] == 1 and found["topic"][3] == 1


def test_topics_find_a_document_that_lacks_the_word(view):
    assert nearest_documents(view, ["rocket"], 1, of_topics=1)["document"].tolist() == [0]
    only_said = nearest_documents(view, ["rocket"], 3, of_topics=0)
    assert only_said["document"].tolist() == [1, 3, 0]


def test_repeated_words_count_twice(view):
    one, other, both = (
        nearest_documents(view, words, 3).set_index("document")["score"].sort_index()
        for words in (["moon"], ["oven"], ["moon", "oven", "oven"])
    )
    np.testing.assert_allclose(both, (one + 2 * other) / 3)


def test_wrong_arguments_are_refused_with_a_reason(view):
    with pytest.raises(InputError, match="not in it: \\['sun'\\]"):
        nearest_documents(view, ["sun"])
    with pytest.raises(InputError, match="of_topics=2"):
        nearest_documents(view, ["moon"], of_topics=2)
    with pytest.raises(InputError, match="n=0"):
        nearest_documents(view, ["moon"], 0)
    empty = topicml.Corpus.from_tokens([[]], vocabulary=Told.vocabulary_)
    with pytest.raises(InputError, match="No document has a word"):
        nearest_documents(TopicView.of(Told(), empty, theta=np.array([[0.5, 0.5]])), ["moon"])
