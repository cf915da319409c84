"""`Start`: how topics start from documents, and what every option changes."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.identity import describe
from topicml.starting import Start, VectorStart, spectral, start_from, starting_topics
from topicml.starting.passages import passage_counts
from topicml.starting.spectral import spectral_topics


def long_documents(n_docs=30, n_topics=4, words=8, segment=40):
    """Every document goes through all topics, one after the other: only nearby words tell the topics apart."""
    rng = np.random.default_rng(0)
    documents = []
    for _ in range(n_docs):
        order = rng.permutation(n_topics)
        documents.append([f"{'abcd'[k]}{i}" for k in order for i in rng.integers(words, size=segment)])
    return as_documents(documents)


def overlapping_documents(n_docs=200, n_words=40, length=12):
    """Words on a ring; a document has words around one place. Topics overlap, as no place is a border."""
    rng = np.random.default_rng(2)
    places = rng.uniform(0, n_words, size=(n_docs, 1)) + 3 * rng.normal(size=(n_docs, length))
    return as_documents([[f"w{int(place) % n_words}" for place in row] for row in places])


def as_documents(texts):
    corpus = Corpus.from_tokens(texts)
    return Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus)


def leading_letters(topics, vocabulary, n=8):
    return {frozenset(vocabulary[i][0] for i in row) for row in np.argsort(-topics, axis=1)[:, :n]}


LONG = long_documents()
RING = overlapping_documents()
PLANTED = {frozenset("a"), frozenset("b"), frozenset("c"), frozenset("d")}


def test_nearby_words_make_topics_where_whole_documents_cannot():
    ordered = starting_topics(LONG, 4, seed=0)
    unordered = starting_topics(Documents(LONG.counts, LONG.vocabulary), 4, seed=0)
    assert leading_letters(ordered, LONG.vocabulary) == PLANTED
    assert leading_letters(unordered, LONG.vocabulary) != PLANTED
    np.testing.assert_array_equal(ordered, spectral_topics(passage_counts(LONG.corpus), 4, seed=0))
    np.testing.assert_array_equal(unordered, spectral_topics(LONG.counts, 4, seed=0))


def test_a_corpus_of_counts_has_no_passages():
    corpus = Corpus.from_counts(LONG.counts, LONG.vocabulary)
    documents = Documents(corpus.counts, LONG.vocabulary, None, corpus)
    np.testing.assert_array_equal(starting_topics(documents, 4, seed=0), spectral_topics(LONG.counts, 4, seed=0))


def test_tf_idf_counts_whole_documents():
    start = Start(method="nmf")
    np.testing.assert_array_equal(
        starting_topics(LONG, 4, start, seed=0), spectral_topics(LONG.counts, 4, start, seed=0)
    )


@pytest.mark.parametrize(
    ("start", "n_topics"),
    [(Start(method="random"), 4), (Start(max_pairs=5000), 4), (Start(), 60)],
    ids=["random topics", "a sample of the documents", "topics beyond the rank"],
)
def test_the_seed_decides_every_random_choice(start, n_topics):
    one, again, other = (starting_topics(RING, n_topics, start, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_spectral_topics_are_centred_and_of_single_precision():
    for method in ("npmi", "nmf"):
        topics = starting_topics(RING, 8, Start(method=method), seed=0)
        assert topics.dtype == np.float32
        assert topics.shape == (8, len(RING.vocabulary))
        np.testing.assert_allclose(topics.mean(axis=1), 0, atol=1e-5)


# Every option, a value that must change the topics, and options that make it matter.
CHANGES = {
    "method": ("nmf", {}),
    "exclusivity": (0.0, {}),
    "passage_length": (5, {}),
    "max_tokens": (1000, {}),
    "max_words": (20, {}),
    "max_pairs": (5000.0, {}),
    "threshold": (0.3, {}),
    "frequency_power": (0.5, {}),
    "min_count": (20, {}),
    "discount": (20.0, {}),
    "window": (2, {"discount": 5.0}),
    "floor": (0.5, {}),
    "coherence_kept": (1.0, {"exclusivity": "auto"}),
    "top_words": (3, {"exclusivity": "auto"}),
    "max_power": (0.5, {"exclusivity": "auto"}),
    "power_step": (0.7, {"exclusivity": "auto"}),
    "shared_weight": (0.0, {"exclusivity": 2.0}),
    "sublinear_tf": (False, {"method": "nmf"}),
    "iterations": (2, {}),
    "tolerance": (0.5, {}),
    "noise": (1.0, {"method": "random"}),
}
WITHOUT_EFFECT_ON_TOPICS = {"block", "vectors", "encoder_clusters", "word_weight"}


def test_the_name_of_topics_by_npmi_and_an_encoder_by_votes():
    assert start_from("npmi+clusters", 1.0).settings() == Start(encoder_clusters=2.0, exclusivity=1.0).settings()
    assert start_from("npmi+clusters").reads_embeddings and Start(method="clusters").reads_embeddings
    assert not Start().reads_embeddings and Start(encoder_clusters=0.5).reads_embeddings
    with pytest.raises(InputError, match=r"method='npmi\+clusters' is unknown"):
        Start(method="npmi+clusters")
    for name in ("encoder_clusters", "word_weight"):
        with pytest.raises(InputError, match=f"{name} must be at least 0"):
            Start(**{name: -1})


def test_every_option_is_tried():
    assert {*CHANGES, *WITHOUT_EFFECT_ON_TOPICS} == {*Start().settings()}


@pytest.mark.parametrize("name", CHANGES)
def test_every_option_changes_the_topics(name):
    value, others = CHANGES[name]
    before = starting_topics(RING, 8, Start(**others), seed=0)
    after = starting_topics(RING, 8, Start(**others, **{name: value}), seed=0)
    assert np.abs(before - after).max() > 0.01


def test_block_decides_how_many_words_are_counted_at_a_time_and_nothing_else(monkeypatch):
    sizes = []

    def counted(*matrices, **options):
        for block in document_pairs(*matrices, **options):
            sizes.append(block.shape[0])
            yield block

    document_pairs = spectral.document_pairs
    whole = starting_topics(RING, 8, seed=0)
    monkeypatch.setattr(spectral, "document_pairs", counted)
    np.testing.assert_array_equal(starting_topics(RING, 8, Start(block=7), seed=0), whole)
    assert max(sizes) == 7


def test_given_topics_start_there():
    weights = np.array([[3.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]])
    documents = Documents(sp.csr_matrix(np.ones((5, 4), dtype=np.int32)))
    topics = starting_topics(documents, 2, Start(method=weights), seed=0)
    log = np.log(np.array([[3.1, 1.1, 0.1, 0.1], [0.1, 0.1, 2.1, 2.1]]))
    np.testing.assert_allclose(topics, log - log.mean(axis=1, keepdims=True), rtol=1e-6)
    assert topics.dtype == np.float32
    scaled = weights / weights.sum(axis=1, keepdims=True)
    for same in (scaled, scaled.tolist(), weights.astype(int), weights.astype(object)):
        np.testing.assert_allclose(starting_topics(documents, 2, Start(method=same), seed=1), topics, atol=1e-6)
    higher = starting_topics(documents, 2, Start(method=weights, floor=1.0), seed=0)
    assert np.ptp(higher) < np.ptp(topics)


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        (np.ones(3), r"shape \(3,\).*components_"),
        (np.ones((0, 3)), r"shape \(0, 3\)"),
        (np.array([[1.0, -1.0]]), r"negative at topic 0, word 1 \(-1\.0\)"),
        (np.array([[1.0, np.nan]]), "not finite at topic 0, word 1"),
        (np.array([[1.0, np.inf]]), "not finite at topic 0, word 1"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), "only zeros for topic 1"),
        ([["a", "b"]], "list and cannot be read as an array of numbers"),
        ([[1.0], [1.0, 2.0]], "list and cannot be read"),
        (sp.csr_matrix(np.eye(2)), "csr_matrix and cannot be read"),
        (1j * np.ones((2, 2)), "cannot be read"),
    ],
    ids=str,
)
def test_given_topics_that_are_not_valid_are_refused(topics, message):
    with pytest.raises(InputError, match=f"method .*{message}"):
        Start(method=topics)
    with pytest.raises(InputError, match=f"init .*{message}"):
        start_from(topics)


def test_given_topics_must_fit_the_documents():
    start = Start(method=np.ones((3, 5)))
    with pytest.raises(InputError, match=r"shape \(3, 5\); 8 topics of 40 words need \(8, 40\)"):
        starting_topics(RING, 8, start, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "svd"}, r"method='svd' is unknown. Choose one of npmi, nmf, random, clusters, or pass an array"),
        ({"method": None}, "method=None is unknown. Choose one of npmi, nmf, random"),
        ({"exclusivity": "much"}, "exclusivity must be 'auto' or a number of at least 0; received 'much'"),
        ({"exclusivity": -1.0}, "exclusivity must be"),
        ({"passage_length": 0}, "passage_length must be at least 1; received 0"),
        ({"max_tokens": 1e6}, "max_tokens must be a whole number"),
        ({"top_words": 1}, "top_words must be at least 2"),
        ({"floor": 0.0}, "floor must be positive"),
        ({"tolerance": -1.0}, "tolerance must be at least 0"),
        ({"threshold": 1.0}, r"threshold must be in \[-1, 1\)"),
        ({"coherence_kept": 1.5}, r"coherence_kept must be in \[0, 1\]"),
        ({"vectors": "corpus"}, "vectors must be a VectorStart; received 'corpus'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Start(**options)


def test_start_prints_copies_and_is_identified_by_its_options():
    start = Start(threshold=0.2, vectors=VectorStart(smoothing=1.0))
    assert repr(Start()) == "Start()"
    assert repr(start) == "Start(threshold=0.2, vectors=VectorStart(smoothing=1.0))"
    assert repr(start.replace(threshold=0.1)) == "Start(vectors=VectorStart(smoothing=1.0))"
    assert repr(start) == repr(copy.deepcopy(start))
    assert describe(start) == describe(copy.deepcopy(start)) != describe(Start(threshold=0.2))


def test_init_resolves_to_a_start():
    assert repr(start_from("nmf", 2.0)) == "Start(method='nmf', exclusivity=2.0)"
    start = Start(exclusivity=1.0)
    assert start_from(start) is start
    assert start_from(start, 1.0) is start
    with pytest.raises(InputError, match=r"both set the exclusivity.*init=Start\(exclusivity=2\.0"):
        start_from(start, 2.0)
    with pytest.raises(InputError, match=r"init='warm' is unknown\. Choose one of npmi, nmf, random"):
        start_from("warm")
    assert Start(method="random").is_random
    assert not Start(method=np.ones((2, 2))).is_random
