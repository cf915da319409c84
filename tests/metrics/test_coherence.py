import json
import pickle
import warnings
from itertools import combinations
from math import log

import numpy as np
import pytest
import scipy.sparse as sp

from topicml import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.metrics import Reference, coherence, score

TEXTS = [["a", "b", "c"], ["a", "b"], ["c", "d"], ["a", "d", "a"], []]
TOPICS = [["a", "b", "c"], ["d", "c", "a"]]


def npmi_by_hand(topic, texts):
    def share(*words):
        return sum(all(word in text for word in words) for text in texts) / len(texts)

    values = []
    for i, j in combinations(topic, 2):
        joint = share(i, j)
        values.append(-1.0 if joint == 0 else log(joint / share(i) / share(j)) / -log(joint))
    return np.mean(values)


def test_npmi_doc_equals_its_definition():
    result = coherence(TOPICS, TEXTS, "npmi_doc", 3)
    np.testing.assert_allclose(result.per_topic, [npmi_by_hand(topic, TEXTS) for topic in TOPICS])
    assert result.mean == pytest.approx(result.per_topic.mean())


def test_the_record_has_the_protocol_and_is_json_able():
    result = coherence(TOPICS, TEXTS, "c_v", 3)
    record = json.loads(json.dumps(result.to_dict()))
    assert record["measure"] == "c_v"
    assert (record["topn"], record["window"], record["unseen"], record["coverage"]) == (3, 110, "apart", 1.0)
    assert (record["reference_documents"], record["reference_windows"], record["repeats"]) == (5, 5, "gensim")
    assert result.coverage == 1.0
    assert record["reference_fingerprint"] == Corpus.from_tokens(TEXTS).fingerprint
    assert float(result) == result.mean


@pytest.mark.parametrize("measure", ["u_mass", "c_uci", "c_npmi", "c_v", "npmi_doc"])
def test_an_unseen_word_lowers_the_score_is_skipped_or_is_an_error(measure):
    seen = coherence([["a", "b"]], TEXTS, measure, 2).mean
    apart = coherence([["a", "b", "zebra"]], TEXTS, measure, 3)
    assert apart.mean < seen
    assert apart.protocol["coverage"] == pytest.approx(2 / 3)
    assert np.isfinite(apart.mean)
    assert coherence([["a", "b", "zebra"]], TEXTS, measure, 3, unseen="skip").mean == pytest.approx(seen)
    with pytest.raises(InputError, match="'zebra' of topic 0"):
        coherence([["a", "b", "zebra"]], TEXTS, measure, 3, unseen="error")


MEASURES = ["u_mass", "c_uci", "c_npmi", "c_v", "npmi_doc"]
LOWEST = {"u_mass": log(1e-12), "c_uci": log(1e-12), "c_npmi": -1, "npmi_doc": -1, "c_v": 0}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("n_docs", [50, 500])
def test_words_found_nowhere_never_raise_a_score(measure, n_docs):
    """Neither added to a topic nor in the place of its words; the more of them, the lower, whatever the reference."""
    random = np.random.default_rng(0)
    vocabulary = [f"w{i}" for i in range(60)]
    reference = Reference([list(random.choice(vocabulary, 12)) for _ in range(n_docs)])
    topics = [[str(word) for word in random.choice(vocabulary, 10, replace=False)] for _ in range(20)]
    values = []
    for n_unseen in (0, 1, 2, 5, 10):
        mixed = [topic[: 10 - n_unseen] + [f"z{i}" for i in range(n_unseen)] for topic in topics]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TopicWarning)
            score = coherence(mixed, reference, measure, 10)
            if n_unseen < 10:
                shorter = coherence([topic[: 10 - n_unseen] for topic in topics], reference, measure, 10 - n_unseen)
                assert (score.per_topic <= shorter.per_topic + 1e-12).all()
        assert score.protocol["unseen_words"] == 20 * n_unseen
        assert score.coverage == pytest.approx(1 - n_unseen / 10)
        values.append(score.per_topic)
    assert (np.diff([value.mean() for value in values]) < 0).all()
    np.testing.assert_allclose(values[-1], LOWEST[measure], atol=1e-9)


def test_topics_of_other_words_than_the_reference_are_told_once():
    reference = Reference([["new", "york", "city"], ["new", "car"], ["york", "city"]])
    topics = [["new york", "york city"], ["new car", "city car"]]
    with pytest.warns(TopicWarning, match=r"4 of 4 words.*'new york'.*n-grams.*ngram_range") as caught:
        for measure in MEASURES:
            coherence(topics, reference, measure, 2)
    assert len(caught) == 1
    with pytest.warns(TopicWarning, match="in another case"):
        coherence([["New", "York"]], reference, "c_npmi", 2)
    with pytest.warns(TopicWarning, match="same way as the documents"):
        coherence([["zebra", "lion"]], reference, "c_npmi", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coherence([["new", "york"], ["city", "zebra"]], reference, "c_npmi", 2)


def test_a_topic_of_unseen_words_is_nan_when_skipped_and_not_in_the_mean():
    with pytest.warns(TopicWarning, match="2 of 4 words"):
        result = coherence([["a", "b"], ["x", "y"]], TEXTS, "c_npmi", 2, unseen="skip")
    assert np.isnan(result.per_topic[1])
    assert result.mean == result.per_topic[0]
    assert result.to_dict()["per_topic"][1] is None


def test_corpora_without_word_order_have_only_document_measures():
    corpus = Corpus.from_counts(sp.csr_matrix([[1, 1, 0], [1, 0, 2], [0, 1, 1]]), ["a", "b", "c"])
    assert np.isfinite(coherence([["a", "b"]], corpus, "npmi_doc", 2).mean)
    assert np.isfinite(coherence([["a", "b"]], corpus, "u_mass", 2).mean)
    for words in (["a", "b"], ["unknown", "words"]):
        with pytest.raises(InputError, match="order"):
            coherence([words], corpus, "c_v", 2)


@pytest.mark.parametrize(
    ("topics", "options", "match"),
    [
        ([], {}, "no topics"),
        ([["a"]], {"topn": 2}, "has 1 words, fewer than topn=2"),
        ([["a", "b"], ["c"]], {"topn": 2}, "Topic 1"),
        ([["a", "a"]], {"topn": 2}, "'a' twice"),
        ([[1, 2]], {"topn": 2}, "contains 1, which is not a string"),
        ("abc", {"topn": 2}, "lists of words"),
        ([5], {"topn": 2}, "Topic 0 is 5"),
        ([["a", "b"]], {"topn": 2, "repeats": "once"}, "gensim, boolean"),
        ([["a", "b"]], {"topn": 1}, "at least 2"),
        ([["a", "b"]], {"topn": 2, "measure": "c_w"}, "u_mass, c_uci"),
        ([["a", "b"]], {"topn": 2, "unseen": "drop"}, "apart, skip, error"),
        ([["a", "b"]], {"topn": 2, "measure": "u_mass", "window": 5}, "window=5"),
        ({"words": []}, {"topn": 2}, "must have the key 'topics'"),
    ],
)
def test_bad_topics_say_what_was_wrong(topics, options, match):
    with pytest.raises(InputError, match=match):
        coherence(topics, TEXTS, **options)


def test_a_reference_of_one_document_is_an_error():
    with pytest.raises(InputError, match="at least two documents"):
        Reference([["a", "b"]])


def test_counts_do_not_keep_their_corpus_alive():
    import gc
    import weakref

    corpus = Corpus.from_tokens(TEXTS)
    coherence(TOPICS, corpus, "c_npmi", 3)
    alive = weakref.ref(corpus)
    del corpus
    gc.collect()
    assert alive() is None


def test_score_computes_the_default_measures_that_apply():
    theta = np.eye(5, 2) + 0.1
    everything = score(TOPICS, Corpus.from_tokens(TEXTS), theta, ["x", "y", "x", "x", "y"], topn=3)
    names = ["c_npmi", "c_v", "npmi_doc", "u_mass", "c_uci", "topic_diversity", "topic_uniqueness", "inverted_rbo"]
    assert list(everything) == [*names, "purity", "nmi", "ari"]
    assert everything["c_v"]["mean"] == coherence(TOPICS, TEXTS, "c_v", 3).mean
    json.dumps(everything)
    counts = Corpus.from_counts(Corpus.from_tokens(TEXTS).counts, ["a", "b", "c", "d"])
    assert list(score(TOPICS, counts, topn=3))[:2] == ["npmi_doc", "u_mass"]


def test_a_score_is_a_number_and_can_be_pickled():
    result = coherence(TOPICS, TEXTS, "npmi_doc", 3)
    assert result + 1 == result.mean + 1
    assert max([result, -1.0]) is result
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result
    assert copy.protocol == result.protocol
    np.testing.assert_array_equal(copy.per_topic, result.per_topic)


def test_words_of_a_part_of_the_documents_are_not_said_to_be_in_another_case():
    corpus = Corpus.from_tokens([["a", "b"], ["c", "d"], ["c", "d"], ["c", "d"]])
    with pytest.warns(TopicWarning, match="in none of its documents: take more documents"):
        coherence([["a", "b"]], corpus[1:], "c_npmi", 2)
