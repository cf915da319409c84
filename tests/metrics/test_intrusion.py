import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import WordVectors, word_intrusion

WORDS = list("abcdefgh")
TOPICS = [["a", "b", "c"], ["d", "e", "f"], ["a", "g", "h"]]
APART = Corpus.from_tokens([["a", "b", "c"], ["d", "e", "f"], ["g", "h"], ["i"]] * 5)


def by_hand(topics, similarity, known=WORDS):
    scores = []
    for topic in topics:
        detected = []
        for intruder in {word for row in topics for word in row if word in known} - set(topic):
            members = [*topic, intruder]
            means = {w: np.mean([similarity(w, other) for other in members if other != w]) for w in members}
            lowest = [w for w in members if means[w] <= min(means.values()) + 1e-9]
            detected.append((intruder in lowest) / len(lowest))
        scores.append(np.mean(detected) if detected else np.nan)
    return scores


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_detection_by_cosine_equals_its_definition(seed):
    rows = np.random.default_rng(seed).normal(size=(8, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = dict(zip(WORDS, rows, strict=True))
    score = word_intrusion(TOPICS, WordVectors(vectors), 3)
    np.testing.assert_allclose(score.per_topic, by_hand(TOPICS, lambda a, b: vectors[a] @ vectors[b]))
    assert score.protocol["association"] == "embedding"


@settings(max_examples=20)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), min_size=3, max_size=9))
def test_detection_by_npmi_equals_its_definition(texts):
    def share(*words):
        return sum(set(words) <= set(text) for text in texts) / len(texts)

    def npmi(a, b):
        joint = share(a, b)
        return -1 if joint == 0 else 1 if joint == 1 else np.log(joint / share(a) / share(b)) / -np.log(joint)

    score = word_intrusion(TOPICS, texts, 3)
    np.testing.assert_allclose(score.per_topic, by_hand(TOPICS, npmi, {word for text in texts for word in text}))


def test_intruders_are_detected_in_coherent_topics_and_not_in_mixed_ones():
    good = word_intrusion([["a", "b", "c"], ["d", "e", "f"]], APART, 3)
    assert good.mean == 1
    assert good.protocol["chance"] == 1 / 4
    mixed = word_intrusion([["a", "d", "g"], ["b", "e", "h"]], APART, 3)
    assert mixed.mean < 0.3


def test_words_after_the_first_topn_are_not_intruders():
    assert np.isnan(word_intrusion([["a", "b", "c"], ["b", "a", "d"]], APART, 2).per_topic).all()
    further = word_intrusion([["a", "b", "c"], ["c", "d", "e"]], APART, 2)
    only = word_intrusion([["a", "b"], ["d", "e"]], APART, 2)
    assert further.per_topic[0] == only.per_topic[0]


def test_vectors_are_learned_from_the_reference_on_request():
    score = word_intrusion([["a", "b", "c"], ["d", "e", "f"]], APART, 3, association="embedding", dimension=3)
    assert score.protocol["vectors"] == "in-corpus"
    assert score.mean == 1


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: word_intrusion([["a", "b"]], APART, 2), "there is only one"),
        (lambda: word_intrusion(TOPICS, APART, 1), "topn must be at least 2"),
        (
            lambda: word_intrusion(TOPICS, APART, 3, association="pmi"),
            "association must be npmi or embedding; received 'pmi'",
        ),
        (lambda: word_intrusion(TOPICS, WordVectors({"a": [1.0]}), 3, association="npmi"), "received word vectors"),
        (lambda: word_intrusion(TOPICS, [["a"]], 3), "at least two documents"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(InputError, match=match):
        call()


def test_words_that_the_reference_does_not_have_are_not_intruders():
    texts = [["a", "b", "c"], ["a", "b"], ["b", "c"], ["d", "e", "f"], ["d", "e"], ["e", "f"]]
    known = word_intrusion([["a", "b", "c"], ["d", "e", "f"]], texts, 3)
    mixed = word_intrusion([["a", "b", "c"], ["d", "zebra", "lion"]], texts, 3)
    assert mixed.per_topic[0] <= known.per_topic[0]
    assert mixed.per_topic[1] < known.per_topic[1]
    alone = word_intrusion([["a", "b", "c"], ["tiger", "zebra", "lion"]], texts, 3)
    assert np.isnan(alone.per_topic[0])
