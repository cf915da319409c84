"""Bad input of `evaluate` and `score`: an error that says what was wrong, or a documented treatment."""

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
RAISED = np.array([[2.0, 1.0, 0.5, 0.1], [0.1, 3.0, 1.0, 0.2]])  # logits without a negative value


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


def test_topn_is_at_most_the_length_of_the_shortest_topic():
    uneven = [["ship", "sea", "port"], ["port", "wine"]]
    scores = evaluate(topics=uneven, reference=CORPUS)
    assert {score.protocol["topn"] for score in scores.values() if "topn" in score.protocol} == {2}
    even = evaluate(topics=[row[:2] for row in uneven], reference=CORPUS)
    # Word intrusion uses all words of a topic: none of them is an intruder.
    same = [name for name in scores if name != "word_intrusion"]
    assert {name: scores[name] for name in same} == {name: even[name] for name in same}
    with pytest.raises(InputError, match=r"Topic 1 has 2 words, fewer than topn=3. Lower topn or pass more"):
        evaluate(["rbo"], topics=uneven, options={"rbo": {"topn": 3}})


def test_one_topic_has_all_measures_except_those_of_pairs():
    scores = evaluate(topics=TOPICS[:1], reference=CORPUS, beta=BETA[:1], theta=np.ones((4, 1)))
    assert {"c_npmi", "c_v", "kl_uniform", "topic_diversity"} <= set(scores)
    assert not [name for name in scores if MEASURES[name].pairs]
    for name in ("rbo", "jaccard", "kl_divergence", "log_odds_ratio", "embedding_rbo_match", "word_intrusion"):
        with pytest.raises(InputError, match="there is only one"):
            evaluate([name], topics=TOPICS[:1], reference=CORPUS, beta=BETA[:1])


def test_words_outside_the_reference_lower_the_score_and_are_reported():
    seen = evaluate(["c_npmi", "c_v", "u_mass", "c_uci", "npmi_doc"], topics=TOPICS, reference=CORPUS)
    outside = [TOPICS[0], ["port", "zebra"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = evaluate(list(seen), topics=outside, reference=CORPUS)
    for name, each in scores.items():
        assert np.isfinite(each.per_topic).all()
        assert each.mean < seen[name].mean
        assert each.coverage == 0.75
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
    inputs = {"topics": TOPICS, "reference": CORPUS, "theta": THETA}
    for logits, message in (
        (LOGITS, "Topic 0 of beta has the value -.*logits.*softmax"),
        (RAISED, "sums to 3.6.*softmax"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate([name], beta=logits, **inputs)


@pytest.mark.parametrize("name", OF_THETA)
def test_logits_in_place_of_topic_proportions(name):
    for logits, message in (
        (np.log(THETA), "Document 0 of theta has the value -.*logits.*softmax"),
        (THETA * 4, "to 4, not"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate([name], beta=BETA, theta=logits)


def test_logits_are_an_error_if_all_measures_are_requested():
    with pytest.raises(InputError, match="logits"):
        score(TOPICS, CORPUS, measures="all", beta=LOGITS)


def test_matrices_with_another_number_of_topics_are_an_error():
    with pytest.raises(InputError, match="There are 2 topics and 1 rows of beta"):
        evaluate(topics=TOPICS, beta=BETA[:1])
    with pytest.raises(InputError, match="beta has 2 topics and theta 3"):
        evaluate(["kl_vacuous"], beta=BETA, theta=np.full((4, 3), 1 / 3))
