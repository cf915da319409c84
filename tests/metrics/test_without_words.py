"""One rule: a document without a known word has no topic, and no measure of theta counts it."""

import numpy as np
import pytest

from topicml import Corpus
from topicml.errors import InputError
from topicml.experiment.measures import used_topics
from topicml.metrics import MEASURES, clustering, coverage, evaluate, score

TOPICS = [["cat", "dog"], ["sun", "moon"]]
TOKENS = [["cat", "dog"], ["dog"], ["sun", "moon"], ["moon", "sun"]] * 5
LABELS = ["pet", "pet", "sky", "sky"] * 5
THETA = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.3, 0.7]] * 5)
PRIOR = np.array([[0.6, 0.4]] * 7)
BETA = np.array([[0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]])
OF_THETA = [name for name, measure in MEASURES.items() if "theta" in measure.needs]


@pytest.fixture(scope="module")
def with_empty():
    return Corpus.from_tokens([*TOKENS, *[[]] * 7], vocabulary=["cat", "dog", "moon", "sun"])


@pytest.fixture(scope="module")
def without_empty():
    return Corpus.from_tokens(TOKENS, vocabulary=["cat", "dog", "moon", "sun"])


def _inputs(corpus, theta, labels):
    return {"topics": TOPICS, "reference": corpus, "theta": theta, "labels": labels, "beta": BETA}


@pytest.mark.parametrize("name", [*OF_THETA, "coverage_documents"])
def test_documents_without_words_change_no_measure(with_empty, without_empty, name):
    theirs = _inputs(with_empty, np.concatenate([THETA, PRIOR]), [*LABELS, *["sky"] * 7])
    expected = evaluate([name], topn=2, **_inputs(without_empty, THETA, LABELS))[name]
    computed = evaluate([name], topn=2, **theirs)[name]
    assert computed.mean == pytest.approx(expected.mean, nan_ok=True)
    if expected.per_topic is not None:
        np.testing.assert_allclose(computed.per_topic, expected.per_topic)


def test_score_leaves_out_documents_without_words(with_empty):
    scores = score(TOPICS, with_empty, np.concatenate([THETA, PRIOR]), [*LABELS, *["sky"] * 7], topn=2)
    assert scores["purity"]["mean"] == scores["nmi"]["mean"] == 1
    assert scores["purity"]["documents"] == 20 and scores["purity"]["without_topic"] == 7


def test_words_that_only_the_reference_knows_give_no_topic(without_empty):
    has_words = np.array([True, False, True, True] * 5)  # the model does not know "dog" alone
    theta = THETA.copy()
    theta[~has_words] = [0.1, 0.9]
    scores = score(TOPICS, without_empty, theta, LABELS, topn=2, has_words=has_words)
    assert scores["purity"]["mean"] == 1 and scores["purity"]["documents"] == 15
    every = evaluate(OF_THETA, topn=2, **_inputs(without_empty, theta, LABELS), has_words=has_words)
    assert every["document_coverage"].protocol["documents"] == 15 and every["document_coverage"].mean == 1


def test_topic_minus_one_is_no_cluster():
    found = clustering([0, 0, 1, 1, -1, -1], ["a", "a", "b", "b", "a", "b"])
    assert found.purity.mean == found.ari.mean == 1 and found.protocol["topics_used"] == 2
    assert found.protocol["without_topic"] == 2


def test_no_topic_is_used_by_documents_without_words():
    theta = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert used_topics(theta).mean == 2 and used_topics(theta, has_words=[True, False]).mean == 1


def test_coverage_is_of_documents_with_words(with_empty):
    result = coverage([["cat", "dog"]], with_empty, 2)
    assert result.mean == 0.5 and result.protocol["documents"] == 20


@pytest.mark.parametrize(("has_words", "message"), [([True], "shape"), ([False] * 20, "No document has a known word")])
def test_wrong_masks_are_refused(has_words, message):
    with pytest.raises(InputError, match=message):
        clustering(THETA, LABELS, has_words=has_words)
