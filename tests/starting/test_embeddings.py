"""Word vectors learned from a corpus, and trained vectors read from files."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.metrics.cooccurrence import Cooccurrence
from topicml.starting import VectorStart, read_vectors, word_vectors
from topicml.starting.pmi import positive_pmi

LISTS = [["a", "b", "c"], ["a", "b"], ["c", "d", "a", "d"], ["b", "e"], ["e", "d", "c"], ["a"], []]


def brute_force(lists, vocabulary, window=None, shift=0.0, smoothing=0.75, min_count=1):
    """The definition, pair by pair."""
    index = {word: i for i, word in enumerate(vocabulary)}
    c = np.zeros((len(index), len(index)))
    for words in lists:
        if window is None:
            for one in set(words):
                for other in set(words) - {one}:
                    c[index[one], index[other]] += 1
        else:
            for p, one in enumerate(words):
                for q, other in enumerate(words):
                    if p != q and abs(p - q) <= window and one != other:
                        c[index[one], index[other]] += 1
    smoothed = c.sum(axis=0) ** smoothing
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(c / (c.sum(axis=1)[:, None] * smoothed / smoothed.sum())) - shift
    return np.where(c >= min_count, np.nan_to_num(np.maximum(value, 0)), 0)


def documents():
    words = st.integers(0, 7).map(lambda i: "abcdefgh"[i])
    return st.lists(st.lists(words, max_size=9), min_size=1, max_size=12).filter(any)


@given(
    documents(),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.75, 1.0]),
    st.integers(1, 2),
)
def test_positive_pmi_is_its_definition(lists, window, shift, smoothing, min_count):
    corpus = Corpus.from_tokens(lists)
    options = {"shift": shift, "smoothing": smoothing, "min_count": min_count}
    ours = positive_pmi(corpus, window=window, start=VectorStart(block=3, **options)).toarray()
    expected = brute_force(lists, tuple(corpus.vocabulary), window, **options)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_contexts_are_the_most_frequent_words():
    corpus = Corpus.from_tokens(LISTS)  # a, b, c, d and e are in 4, 3, 3, 2 and 2 documents
    ours = positive_pmi(corpus, start=VectorStart(max_contexts=2))
    assert ours.shape == (5, 2)
    together = np.array([[0, 2], [2, 0], [2, 1], [1, 0], [0, 1]], dtype=float)  # with a and with b
    smoothed = together.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(together / (together.sum(axis=1)[:, None] * smoothed / smoothed.sum()))
    np.testing.assert_allclose(ours.toarray(), np.nan_to_num(np.maximum(value, 0)), rtol=1e-5)


def test_a_large_corpus_is_read_in_part():
    corpus = Corpus.from_tokens(LISTS * 40)
    whole = positive_pmi(corpus).toarray()
    part = positive_pmi(corpus, start=VectorStart(max_pairs=700)).toarray()
    assert np.abs(part - whole).max() < 0.5
    assert (part > 0).any()


def test_vectors_are_the_half_power_svd_of_positive_pmi_centred_and_of_unit_length():
    corpus = Corpus.from_tokens(LISTS)
    u, s, _ = np.linalg.svd(brute_force(LISTS, tuple(corpus.vocabulary)))
    expected = u[:, :3] * np.sqrt(s[:3])
    expected -= expected.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    ours = word_vectors(corpus, dimension=3)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours @ ours.T, expected @ expected.T, atol=1e-4)  # signs of directions are free


def test_one_leading_component_in_a_hundred_is_taken_out():
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(0.3, size=(400, 150)))
    vectors = word_vectors(counts, dimension=100).astype(np.float64)
    assert vectors.shape == (150, 100)
    assert np.linalg.matrix_rank(vectors, tol=1e-4) == 99
    assert np.linalg.matrix_rank(word_vectors(counts, dimension=99), tol=1e-4) == 99


@pytest.mark.parametrize("method", ["ppmi", "word2vec"])
def test_the_same_seed_gives_the_same_vectors(method):
    corpus = Corpus.from_tokens(LISTS * 5)
    first = word_vectors(corpus, dimension=4, method=method, seed=3)
    again = word_vectors(Corpus.from_tokens(LISTS * 5), dimension=4, method=method, seed=3)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)


def test_a_word_that_stands_alone_has_a_row_of_zeros():
    corpus = Corpus.from_tokens([["a", "b"], ["b", "c"], ["a", "c", "d"], ["z"], ["z", "z"]])
    vectors = word_vectors(corpus, dimension=50)
    assert vectors.shape == (5, 50)
    assert not vectors[corpus.vocabulary.index["z"]].any()
    assert not word_vectors(Corpus.from_tokens([["a"], ["b"]]), dimension=2).any()


def test_counts_and_corpus_give_the_same_vectors():
    corpus = Corpus.from_tokens(LISTS * 3)
    np.testing.assert_array_equal(word_vectors(corpus, dimension=4), word_vectors(corpus.counts, dimension=4))


@pytest.mark.parametrize("method", ["ppmi", "word2vec"])
def test_words_of_a_planted_topic_are_near_each_other(method):
    rng = np.random.default_rng(0)
    lists = [[f"{'abcd'[k]}{i}" for i in rng.integers(12, size=12)] for k in rng.integers(4, size=800)]
    corpus = Corpus.from_tokens(lists)
    vectors = word_vectors(corpus, dimension=20, method=method)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -2)
    topic = np.array([word[0] for word in corpus.vocabulary])
    assert (topic[similarity.argmax(axis=1)] == topic).mean() > 0.95


def test_neighbours_in_a_real_corpus_share_documents(shared_corpora):
    corpus = Corpus.read(shared_corpora / "BBC_News", split="all")
    vectors = word_vectors(corpus)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -2)
    rng = np.random.default_rng(0)
    words = rng.choice(corpus.n_words, size=200, replace=False)
    near = np.column_stack([words, np.argsort(-similarity[words], axis=1)[:, :10]])
    far = np.stack([rng.choice(corpus.n_words, size=11, replace=False) for _ in range(200)])
    counter = Cooccurrence(corpus.counts.indices, corpus.counts.indptr, corpus.n_words)

    def mean_npmi(groups):
        together = counter.count(groups).astype(float)
        frequency = np.diagonal(together, axis1=1, axis2=2) / corpus.n_docs
        with np.errstate(divide="ignore"):
            share = np.log(together[:, 0, 1:] / corpus.n_docs)
        expected = np.log(frequency[:, :1] * frequency[:, 1:])
        return np.where(np.isfinite(share), expected / np.minimum(share, -1e-9) - 1, -1).mean()

    assert mean_npmi(near) - mean_npmi(far) > 0.2


def keyed_vectors(words, dimension=6):
    keyed = KeyedVectors(dimension)
    keyed.add_vectors(words, np.random.default_rng(0).normal(size=(len(words), dimension)).astype(np.float32))
    return keyed


@pytest.mark.parametrize("form", ["object", "text", "binary", "glove", "gz"])
def test_vectors_of_gensim_come_back_in_vocabulary_order(form, tmp_path):
    keyed = keyed_vectors(["sea", "ship", "été", "tree"])
    path = tmp_path / ("vectors.txt.gz" if form == "gz" else "vectors.any")
    if form != "object":
        keyed.save_word2vec_format(path, binary=form == "binary", write_header=form != "glove")
    with warnings.catch_warnings():
        warnings.simplefilter("error", TopicWarning)
        vectors = read_vectors(keyed if form == "object" else path, ["été", "sea"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [keyed["été"], keyed["sea"]], rtol=1e-6)


def test_a_missing_word_gets_the_mean_and_is_reported():
    keyed = keyed_vectors(["sea", "ship"])
    with pytest.warns(TopicWarning, match=r"1 of 3 words have no vector \('tree'\)"):
        vectors = read_vectors(keyed, ["ship", "tree", "sea"])
    np.testing.assert_allclose(vectors[1], (keyed["sea"] + keyed["ship"]) / 2, rtol=1e-6)


def test_wrong_vectors_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_vectors(tmp_path / "none.txt", ["a"])
    (tmp_path / "text.txt").write_text("This is no file of vectors.\nAt all.\n")
    with pytest.raises(InputError, match="cannot be read as word vectors"):
        read_vectors(tmp_path / "text.txt", ["a"])
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(InputError, match="cannot be read as word vectors"):
        read_vectors(tmp_path / "empty.txt", ["a"])
    cut = tmp_path / "cut.bin"
    keyed_vectors(["sea", "ship"]).save_word2vec_format(cut, binary=True)
    cut.write_bytes(cut.read_bytes()[:-8])
    with pytest.raises(InputError, match="cannot be read as word vectors"):
        read_vectors(cut, ["sea"])
    with pytest.raises(InputError, match=r"None of the 1 words .*'lake'"):
        read_vectors(keyed_vectors(["sea"]), ["lake"])
    with pytest.raises(InputError, match="given as list"):
        read_vectors([1.0, 2.0], ["a"])
    infinite = keyed_vectors(["sea"])
    infinite.vectors[0, 0] = np.inf
    with pytest.raises(InputError, match="not finite"):
        read_vectors(infinite, ["sea"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "glove"}, "Choose one of ppmi, word2vec"),
        ({"dimension": 0}, "dimension must be at least 1"),
        ({"window": 0}, "window must be at least 1"),
        ({"method": "word2vec", "window": 0}, "window must be at least 1"),
        ({"min_count": 0}, "min_count must be at least 1"),
        ({"max_contexts": 0}, "max_contexts must be at least 1"),
        ({"shift": -1.0}, "shift must be at least 0"),
        ({"smoothing": 0.0}, r"smoothing must be in \(0, 1\]"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        word_vectors(Corpus.from_tokens(LISTS), **options)


@pytest.mark.parametrize("options", [{"window": 5}, {"method": "word2vec"}])
def test_windows_need_the_order_of_words(options):
    counts = Corpus.from_tokens(LISTS).counts
    for documents_ in (counts, Corpus.from_counts(counts, list("abcde"))):
        with pytest.raises(InputError, match="needs word order"):
            word_vectors(documents_, **options)
