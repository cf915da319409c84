"""Bad input of the calls that compute many measures: each says what was wrong, or is measured in a way that is told."""

import warnings

import numpy as np
import pytest

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import MEASURES, evaluate, score

TEXTS = [["ship", "sea", "port"], ["port", "wine"], ["ship", "wine"], ["sea", "ship"]]
CORPUS = Corpus.from_tokens(TEXTS)
TOPICS = [["ship", "sea"], ["port", "wine"]]
BETA = np.array([[0.5, 0.3, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]])
THETA = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.7, 0.3]])
LABELS = ["x", "y", "y", "x"]
LOGITS = np.log(BETA)
RAISED = np.array([[2.0, 1.0, 0.5, 0.1], [0.1, 3.0, 1.0, 0.2]])  # logits, none of them negative


@pytest.mark.parametrize("call", [evaluate, score])
@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([], "There are no topics to score: the list is empty"),
        ([TOPICS[0], []], "Topic 1 has 0 words, fewer than topn=1. Leave empty topics out"),
        ([TOPICS[0], ["port", "port"]], "Topic 1 contains 'port' twice in its first 2 words"),
        ([["ship", None], TOPICS[1]], "Topic 0 contains None, which is not a string"),
        (["ship sea", "port wine"], "Topic 0 is 'ship sea'; it must be a list of words"),
        (None, "topics must be lists of words; received NoneType"),
    ],
)
def test_topics(call, topics, message):
    with pytest.raises(InputError, match=message):
        call({"topics": topics}, CORPUS) if call is score else call(topics={"topics": topics}, reference=CORPUS)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (Corpus.from_tokens([["ship", "sea"]]), "at least two documents; this has 1"),
        ([["ship", "sea"]], "at least two documents; this has 1"),
        ("ship sea", "is one string"),
        (7, "must be a Corpus or lists of tokens; received int"),
    ],
)
def test_references(reference, message):
    for call in (lambda: score(TOPICS, reference), lambda: evaluate(topics=TOPICS, reference=reference)):
        with pytest.raises(InputError, match=message):
            call()


def test_topics_of_different_lengths_are_compared_by_as_many_words_as_all_have():
    uneven = [["ship", "sea", "port"], ["port", "wine"]]
    found = evaluate(topics=uneven, reference=CORPUS)
    assert {value.protocol["topn"] for value in found.values() if "topn" in value.protocol} == {2}
    even = evaluate(topics=[row[:2] for row in uneven], reference=CORPUS)
    # An intruder into a topic is no word of it at all.
    same = [name for name in found if name != "word_intrusion"]
    assert {name: found[name] for name in same} == {name: even[name] for name in same}
    with pytest.raises(InputError, match=r"Topic 1 has 2 words, fewer than topn=3. Lower topn or give more"):
        evaluate(["rbo"], topics=uneven, options={"rbo": {"topn": 3}})


def test_one_topic_has_all_measures_but_those_of_pairs():
    found = evaluate(topics=TOPICS[:1], reference=CORPUS, beta=BETA[:1], theta=np.ones((4, 1)))
    assert {"c_npmi", "c_v", "kl_uniform", "topic_diversity"} <= set(found)
    assert not [name for name in found if MEASURES[name].pairs]
    for name in ("rbo", "jaccard", "kl_divergence", "log_odds_ratio", "embedding_rbo_match", "word_intrusion"):
        with pytest.raises(InputError, match="there is only one"):
            evaluate([name], topics=TOPICS[:1], reference=CORPUS, beta=BETA[:1])


def test_words_outside_the_reference_cost_and_are_counted():
    known = evaluate(["c_npmi", "c_v", "u_mass", "c_uci", "npmi_doc"], topics=TOPICS, reference=CORPUS)
    outside = [TOPICS[0], ["port", "zebra"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(list(known), topics=outside, reference=CORPUS)
    for name, value in found.items():
        assert np.isfinite(value.per_topic).all()
        assert value.mean < known[name].mean
        assert value.coverage == 0.75
    with pytest.raises(InputError, match=r"No word of topic 1 has a vector.*Leave the topic out"):
        evaluate(["embedding_similarity_pairwise"], topics=[TOPICS[0], ["zebra", "yak"]], reference=CORPUS)
    with pytest.raises(InputError, match="None of the topics' words has a vector"):
        evaluate(["embedding_coherence_pairwise"], topics=[["zebra", "yak"]], reference=CORPUS)


OF_LABELS = [name for name, measure in MEASURES.items() if "labels" in measure.needs]


@pytest.mark.parametrize("name", OF_LABELS)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "needs labels"),
        ([None, "", float("nan"), None], "Only 0 of 4 documents have a label"),
        (["x"] * 4, "All labels are 'x'; agreement needs at least two different ones"),
        (["x", None, "x", None], "All labels are 'x'"),
        (LABELS[:3], "4 documents in theta and 3 labels"),
        ([["x"]] * 4, "one hashable value per document"),
    ],
)
def test_labels(name, labels, message):
    with pytest.raises(InputError, match=message):
        evaluate([name], theta=THETA, labels=labels)


OF_BETA = [name for name, measure in MEASURES.items() if "beta" in measure.needs]
OF_THETA = ["kl_vacuous", "kl_background"]


@pytest.mark.parametrize("name", OF_BETA)
def test_logits_in_place_of_word_distributions(name):
    given = {"topics": TOPICS, "reference": CORPUS, "theta": THETA}
    for logits, message in (
        (LOGITS, "Topic 0 of beta has the value -.*logits.*softmax"),
        (RAISED, "sums to 3.6.*softmax"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate([name], beta=logits, **given)


@pytest.mark.parametrize("name", OF_THETA)
def test_logits_in_place_of_topic_proportions(name):
    for logits, message in (
        (np.log(THETA), "Document 0 of theta has the value -.*logits.*softmax"),
        (THETA * 4, "to 4, not"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate([name], beta=BETA, theta=logits)


def test_logits_are_told_of_where_all_measures_are_asked_for():
    with pytest.raises(InputError, match="logits"):
        score(TOPICS, CORPUS, measures="all", beta=LOGITS)


def test_matrices_of_other_topics_are_told_of():
    with pytest.raises(InputError, match="There are 2 topics and 1 rows of beta"):
        evaluate(topics=TOPICS, beta=BETA[:1])
    with pytest.raises(InputError, match="beta has 2 topics and theta 3"):
        evaluate(["kl_vacuous"], beta=BETA, theta=np.full((4, 3), 1 / 3))
