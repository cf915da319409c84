"""Properties of all measures of word lists, for any topics."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import (
    MEASURES,
    Reference,
    Score,
    WordVectors,
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    inverted_rbo,
    jaccard,
    rbo,
    stability,
)

WORDS = [f"w{i}" for i in range(14)]
TOPN = 6
RNG = np.random.default_rng(0)
VECTORS = WordVectors({word: RNG.normal(size=5) for word in WORDS})
REFERENCE = Reference(Corpus.from_tokens([RNG.choice(WORDS, 5).tolist() for _ in range(40)]))
topic_sets = st.lists(st.permutations(WORDS).map(lambda words: words[:8]), min_size=2, max_size=5)

INPUTS = {"reference": REFERENCE, "vectors": VECTORS}
OF_TOPICS = [name for name, measure in MEASURES.items() if set(measure.needs) <= {"topics", "reference", "vectors"}]
BOUNDS = {  # by default 0 and 1
    **dict.fromkeys(("c_npmi", "npmi_doc"), (-1, 1)),
    **dict.fromkeys(("c_uci", "u_mass"), (-np.inf, np.inf)),
    "c_v": (-1, 1),
    "top_word_frequency": (0, np.inf),  # a number of documents
    "embedding_coherence_pairwise": (-1, 1),
    **dict.fromkeys(("embedding_similarity_pairwise", "embedding_similarity_centroid"), (-1, 1)),
}


def of(name, topics, topn=TOPN):
    measure = MEASURES[name]
    inputs = {"topics": topics, **INPUTS}
    return measure.function(*(inputs[need] for need in measure.needs), topn=topn, **measure.options)


@pytest.mark.parametrize("name", OF_TOPICS)
@settings(max_examples=15)
@given(topics=topic_sets, order=st.randoms())
def test_the_order_of_topics_does_not_matter(name, topics, order):
    score = of(name, topics)
    places = list(range(len(topics)))
    order.shuffle(places)
    shuffled = of(name, [topics[i] for i in places])
    assert shuffled.mean == pytest.approx(score.mean, nan_ok=True)
    np.testing.assert_allclose(shuffled.per_topic, score.per_topic[places], atol=1e-9)


@pytest.mark.parametrize("name", OF_TOPICS)
@settings(max_examples=15)
@given(topics=topic_sets)
def test_scores_are_within_their_bounds_and_have_a_protocol(name, topics):
    score = of(name, {"topics": topics, "topic-word-matrix": None})
    low, high = BOUNDS.get(name, (0, 1))
    values = np.append(score.per_topic, score.mean)
    values = values[~np.isnan(values)]
    assert (values >= low - 1e-9).all()
    assert (values <= high + 1e-9).all()
    assert isinstance(score, Score)
    assert len(score.per_topic) == len(topics)
    assert score.protocol["topn"] == TOPN
    assert "version" in score.protocol
    json.dumps(score.to_dict())
    assert pickle.loads(pickle.dumps(score)).protocol == score.protocol


NOT_OF_RANKS = [name for name in OF_TOPICS if "rbo" not in name and name != "u_mass"]


@pytest.mark.parametrize("name", NOT_OF_RANKS)
@settings(max_examples=10)
@given(topics=topic_sets, order=st.randoms())
def test_the_order_of_words_matters_only_for_ranked_measures(name, topics, order):
    first = [row[:TOPN] for row in topics]
    shuffled = [order.sample(row, TOPN) for row in first]
    assert of(name, shuffled).mean == pytest.approx(of(name, first).mean, nan_ok=True)


@settings(max_examples=20)
@given(st.permutations(WORDS), st.integers(1, 8))
def test_identical_topics_have_the_largest_similarity(words, topn):
    same = [words[:8]] * 3
    assert rbo(same, topn).mean == pytest.approx(1)
    assert jaccard(same, topn).mean == pytest.approx(1)
    for kind in ("match", "centroid"):
        assert embedding_rbo(same, VECTORS, topn, kind=kind).mean == pytest.approx(1)
        assert inverted_embedding_rbo(same, VECTORS, topn, kind=kind).mean == pytest.approx(0)
    assert embedding_similarity(same, VECTORS, topn, kind="centroid").mean == pytest.approx(1)
    assert stability([same, same], topn).mean == pytest.approx(1)


@given(topic_sets, st.integers(1, 8), st.sampled_from([0.3, 0.9]))
def test_rbo_equals_its_definition(topics, topn, p):
    def by_hand(one, other):
        agreement = [len(set(one[:d]) & set(other[:d])) / d for d in range(1, topn + 1)]
        return (1 - p) / p * sum(p**d * a for d, a in enumerate(agreement, 1)) + p**topn * agreement[-1]

    score = rbo(topics, topn, weight=p)
    for i, one in enumerate(topics):
        others = [by_hand(one, other) for j, other in enumerate(topics) if j != i]
        assert score.per_topic[i] == pytest.approx(np.mean(others))
    assert inverted_rbo(topics, topn, weight=p).mean == pytest.approx(1 - score.mean)


@given(topic_sets, st.integers(1, 8))
def test_jaccard_equals_its_definition(topics, topn):
    sets = [set(row[:topn]) for row in topics]
    pairs = [len(a & b) / len(a | b) for i, a in enumerate(sets) for b in sets[:i]]
    assert jaccard(topics, topn).mean == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("name", OF_TOPICS)
@pytest.mark.parametrize(
    ("topics", "match"),
    [
        ([], "There are no topics"),
        ([[], []], "Topic 0 has 0 words, fewer than topn=6"),
        ([WORDS[:8], WORDS[:3]], "Topic 1 has 3 words, fewer than topn=6"),
        ([WORDS[:8], ["a", *WORDS[:4], "a"]], "Topic 1 contains 'a' twice"),
        ([[*range(8)], WORDS], "Topic 0 contains 0, which is not a string"),
        ("words", "must be lists of words; received str"),
        ({"topic-word-matrix": None}, "must have the key 'topics'"),
    ],
)
def test_bad_topics_are_named(name, topics, match):
    with pytest.raises(InputError, match=match):
        of(name, topics)


@pytest.mark.parametrize("name", [name for name in OF_TOPICS if MEASURES[name].pairs])
def test_measures_of_pairs_need_two_topics(name):
    with pytest.raises(InputError, match="there is only one"):
        of(name, [WORDS])
