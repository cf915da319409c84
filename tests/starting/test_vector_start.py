"""`VectorStart` and the vectors that models start from: what every option changes."""

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.starting import Start, VectorStart, starting_vectors, word_vectors
from topicml.starting.pmi import positive_pmi


def ring(n_docs=150, n_words=40, length=10):
    """Words on a ring; a document has words around one place."""
    rng = np.random.default_rng(2)
    places = rng.uniform(0, n_words, size=(n_docs, 1)) + 3 * rng.normal(size=(n_docs, length))
    corpus = Corpus.from_tokens([[f"w{int(place) % n_words}" for place in row] for row in places])
    return Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus)


RING = ring()
WORD2VEC = {"dimension": 10, "method": "word2vec"}

# Every option, a value that must change the vectors, and how they are made.
CHANGES = {
    "shift": (0.5, {}),
    "smoothing": (1.0, {}),
    "min_count": (5, {}),
    "max_contexts": (10, {}),
    "max_pairs": (1000.0, {}),
    "svd_iterations": (0, {"dimension": 10}),
    "rank_tolerance": (0.3, {}),
    "removed": (0.2, {}),
    "word2vec_window": (1, WORD2VEC),
    "word2vec_negatives": (1, WORD2VEC),
    "word2vec_epochs": (1, WORD2VEC),
}
TESTED_BELOW = {"block", "chunk", "random_length"}


def test_every_option_is_tried():
    assert {*CHANGES, *TESTED_BELOW} == {*VectorStart().settings()}


@pytest.mark.parametrize("name", CHANGES)
def test_every_option_changes_the_vectors(name):
    value, how = CHANGES[name]
    how = {"dimension": 30} | how
    before = word_vectors(RING.corpus, **how)
    after = word_vectors(RING.corpus, start=VectorStart(**{name: value}), **how)
    assert np.abs(before @ before.T - after @ after.T).max() > 0.01  # signs of directions are free
    np.testing.assert_array_equal(after, word_vectors(RING.corpus, **{name: value}, **how))


@pytest.mark.parametrize("window", [None, 3])
def test_blocks_and_chunks_do_not_change_the_result(window):
    whole = positive_pmi(RING.corpus, window=window)
    for start in (VectorStart(block=7), VectorStart(chunk=11)):
        part = positive_pmi(RING.corpus, window=window, start=start)
        np.testing.assert_array_equal(part.toarray(), whole.toarray())


@pytest.mark.parametrize("length", [0.1, 2.0])
def test_words_without_a_direction_get_random_vectors_of_the_given_length(length):
    array = np.zeros((RING.counts.shape[1], 30))
    array[::2, 0] = 7.0
    start = VectorStart(random_length=length)
    vectors = starting_vectors(array, RING, 30, window=None, power=0.0, seed=0, start=start)
    assert np.sqrt(np.mean(np.sum(vectors[1::2] ** 2, axis=1))) == pytest.approx(length, rel=0.1)
    np.testing.assert_allclose(np.linalg.norm(vectors[::2], axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("source", ["corpus", "word2vec", "random"])
def test_the_seed_decides_the_vectors(source):
    def made(seed):
        return starting_vectors(source, RING, 10, window=3, power=0.0, seed=seed)

    np.testing.assert_array_equal(made(5), made(5))
    assert np.abs(made(5) - made(6)).max() > (1e-6 if source == "corpus" else 0.01)  # of the SVD, only roundings


def test_the_window_reads_the_word_order_and_none_the_documents():
    options = {"power": 0.0, "seed": 0}
    near = starting_vectors("corpus", RING, 10, window=1, **options)
    wide = starting_vectors("corpus", RING, 10, window=None, **options)
    unordered = starting_vectors("corpus", Documents(RING.counts), 10, window=1, **options)
    np.testing.assert_array_equal(wide, unordered)
    assert np.abs(near @ near.T - wide @ wide.T).max() > 0.1
    for window in (1, 10):
        vectors = starting_vectors("word2vec", RING, 10, window=window, **options)
        raw = word_vectors(RING.corpus, dimension=10, method="word2vec", window=window).astype(float)
        np.testing.assert_allclose(vectors, raw, atol=1e-6)
    np.testing.assert_array_equal(vectors, starting_vectors("word2vec", RING, 10, window=None, **options))


def test_lengths_follow_document_frequency():
    vectors = starting_vectors("random", RING, 10, window=None, power=0.5, seed=0)
    frequency = np.diff(RING.counts.tocsc().indptr)
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(lengths**2, frequency / frequency.mean())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": -1.0}, "shift must be at least 0; received -1.0"),
        ({"smoothing": 0.0}, r"smoothing must be in \(0, 1\]"),
        ({"min_count": 0}, "min_count must be at least 1"),
        ({"max_contexts": 2.5}, "max_contexts must be a whole number"),
        ({"removed": 1.0}, r"removed must be in \[0, 1\)"),
        ({"max_pairs": 0.0}, "max_pairs must be positive"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        VectorStart(**options)
    with pytest.raises(InputError, match=message):
        word_vectors(RING.corpus, **options)


def test_vector_options_are_part_of_start():
    vectors = VectorStart(removed=0.0)
    assert Start(vectors=vectors).vectors is vectors
    assert repr(Start().vectors) == "VectorStart()"
    assert repr(vectors.replace(shift=1.0)) == "VectorStart(shift=1.0, removed=0.0)"


@pytest.mark.parametrize("dimension", [*range(1, 1000, 7), 100, 200, 500, 700, 2900, 5700])
def test_one_component_in_a_hundred_is_removed_despite_rounding(dimension):
    assert int(dimension * VectorStart().removed + 1e-9) == dimension // 100
