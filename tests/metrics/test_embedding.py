from types import SimpleNamespace

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import (
    WordVectors,
    embedding_coherence,
    embedding_rbo,
    embedding_similarity,
    weighted_embedding_similarity,
    word_intrusion,
)
from topicml.starting import word_vectors

WORDS = list("abcdefgh")
TOPICS = [["a", "b", "c"], ["d", "e", "f"], ["a", "g", "h"]]


def keyed(seed=0, words=WORDS):
    vectors = KeyedVectors(4, dtype=np.float64)
    vectors.add_vectors(words, np.random.default_rng(seed).normal(size=(len(words), 4)))
    return vectors


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_cosines_equal_gensims(seed):
    vectors = keyed(seed)
    pairwise = embedding_coherence(TOPICS, vectors, 3).per_topic
    centroid = embedding_coherence(TOPICS, vectors, 3, kind="centroid").per_topic
    apart = embedding_similarity(TOPICS, vectors, 3).mean
    means = [vectors.get_mean_vector(row, pre_normalize=False) for row in TOPICS]
    expected = [vectors.cosine_similarities(means[i], [means[j]])[0] for i in range(3) for j in range(i)]
    assert embedding_similarity(TOPICS, vectors, 3, kind="centroid").mean == pytest.approx(np.mean(expected))
    for number, row in enumerate(TOPICS):
        mean = vectors.get_mean_vector(row, pre_normalize=True)
        assert centroid[number] == pytest.approx(np.mean(vectors.cosine_similarities(mean, vectors[row])))
    for number, row in enumerate(TOPICS):  # last, because gensim's `similarity` scales the vectors in place
        pairs = [vectors.similarity(a, b) for a in row for b in row if a != b]
        assert pairwise[number] == pytest.approx(np.mean(pairs))
    expected = [vectors.similarity(a, b) for i in range(3) for j in range(i) for a in TOPICS[i] for b in TOPICS[j]]
    assert apart == pytest.approx(np.mean(expected))


def test_the_scale_of_vectors_does_not_matter_to_coherence():
    vectors = keyed()
    scaled = {word: 3.0 * (i + 1) * vectors[word] for i, word in enumerate(WORDS)}
    for kind in ("pairwise", "centroid"):
        ours = embedding_coherence(TOPICS, vectors, 3, kind=kind)
        assert embedding_coherence(TOPICS, scaled, 3, kind=kind).mean == pytest.approx(ours.mean)


@pytest.mark.parametrize("kind", ["pairwise", "centroid"])
def test_a_word_without_a_vector_lowers_the_score_is_skipped_or_is_an_error(kind):
    same = {"a": [1.0, 0.0], "b": [1.0, 0.0], "zeros": [0.0, 0.0]}
    for unseen in ("zebra", "zeros"):
        topic = [["a", "b", unseen]]
        apart = embedding_coherence(topic, same, 3, kind=kind)
        assert apart.mean == pytest.approx(1 / 3 if kind == "pairwise" else 2 / 3)
        assert apart.coverage == pytest.approx(2 / 3)
        assert embedding_coherence(topic, same, 3, kind=kind, unseen="skip").mean == pytest.approx(1)
        with pytest.raises(InputError, match=f"'{unseen}' of topic 0 has no vector"):
            embedding_coherence(topic, same, 3, kind=kind, unseen="error")
    lonely = embedding_coherence([["a", "b"], ["a", "zebra"]], same, 2, kind=kind, unseen="skip")
    assert np.isnan(lonely.per_topic[1])
    assert lonely.mean == pytest.approx(1)


def test_similarity_with_words_without_a_vector():
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0]}
    topics = [["a", "zebra"], ["b", "zebra"]]
    assert embedding_similarity(topics, vectors, 2).mean == 0
    assert embedding_similarity(topics, vectors, 2, unseen="apart").mean == pytest.approx(1 / 4)
    assert embedding_rbo(topics, vectors, 2, angular=False).mean == pytest.approx((0.81 + 0.09) * 0.5)
    with pytest.raises(InputError, match="No word of topic 1 has a vector"):
        embedding_similarity([["a"], ["zebra"]], vectors, 1)


def test_matching_pairs_the_most_similar_words_first():
    angle = np.deg2rad([0, 10, 15, 90])
    vectors = dict(zip("abcd", np.stack([np.cos(angle), np.sin(angle)], axis=1), strict=True))
    # The most similar pair is b-c (5 degrees); a-d (90) remains. The other matching would be a-c (15) and b-d (80).
    found = embedding_rbo([["a", "b"], ["c", "d"]], vectors, 2, weight=0.5)
    first, second = 1 - 15 / 180, (1 - 5 / 180 + 1 - 90 / 180) / 2
    assert found.mean == pytest.approx(0.5 * first + (0.25 + 0.25) * second)


def test_vectors_are_learned_from_a_corpus():
    corpus = Corpus.read("lee")
    rows = word_vectors(corpus, dimension=20, seed=3)
    by_word = dict(zip(corpus.vocabulary, rows, strict=True))
    topics = [list(corpus.vocabulary)[:5], list(corpus.vocabulary)[5:10]]
    learned = embedding_coherence(topics, corpus, 5, dimension=20, seed=3)
    assert learned.mean == pytest.approx(embedding_coherence(topics, by_word, 5).mean)
    assert learned.protocol["vectors"] == "in-corpus"
    assert (learned.protocol["dimension"], learned.protocol["vectors_seed"]) == (20, 3)
    assert learned.protocol["reference_fingerprint"] == corpus.fingerprint
    again = embedding_coherence(topics, WordVectors([corpus.document(i) for i in range(300)], 20, 3), 5)
    assert again.mean == pytest.approx(learned.mean, abs=1e-6)


def test_a_gensim_model_is_a_source_of_vectors():
    vectors = keyed()
    of_model = SimpleNamespace(wv=vectors)
    found = embedding_coherence(TOPICS, of_model, 3)
    assert found.mean == embedding_coherence(TOPICS, vectors, 3).mean
    assert (found.protocol["vectors"], found.protocol["dimension"]) == ("KeyedVectors", 4)
    intruders = [word_intrusion(TOPICS, source, 3).mean for source in (vectors, of_model, WordVectors(vectors))]
    assert len(set(intruders)) == 1


def test_weighted_similarity_uses_the_vocabulary_of_the_corpus():
    corpus = Corpus.from_tokens([["a", "b"], ["a", "c"], ["b", "c", "d"]] * 4)
    beta = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]])
    named = weighted_embedding_similarity(beta, corpus, list("abcd"))
    assert weighted_embedding_similarity(beta, corpus).mean == named.mean
    assert weighted_embedding_similarity(beta[[0, 0]], corpus).mean == pytest.approx(1)
    with pytest.raises(InputError, match="Pass the vocabulary"):
        weighted_embedding_similarity(beta, keyed())
    with pytest.raises(InputError, match="4 words and the vocabulary 2"):
        weighted_embedding_similarity(beta, keyed(), ["a", "b"])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: embedding_coherence(TOPICS, "vectors.txt", 3), "cannot be read from str.*load_word2vec_format"),
        (lambda: embedding_coherence(TOPICS, 3, 3), "cannot be read from int"),
        (lambda: embedding_coherence([["x", "y"]], keyed(), 2), "None of the topics' words has a vector"),
        (lambda: embedding_coherence(TOPICS, keyed(), 3, kind="all"), "kind must be one of .*received 'all'"),
        (lambda: embedding_coherence(TOPICS, keyed(), 3, unseen="drop"), "unseen must be one of .*received 'drop'"),
        (lambda: embedding_coherence(TOPICS, keyed(), 1), "topn must be at least 2"),
        (lambda: embedding_similarity(TOPICS, keyed(), 3, kind="all"), "kind must be one of .*received 'all'"),
        (lambda: embedding_rbo(TOPICS, keyed(), 3, unseen="skip"), "unseen must be one of .*received 'skip'"),
        (lambda: embedding_rbo(TOPICS, keyed(), 3, weight=0), "weight must be between 0 and 1"),
        (lambda: embedding_rbo(TOPICS, keyed(), 3, kind="all"), "kind must be one of .*received 'all'"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(InputError, match=match):
        call()
