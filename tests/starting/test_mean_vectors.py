"""Document vectors of the corpus alone: the formula, in blocks, from training documents only."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.starting import document_vectors, word_vectors
from topicml.starting.mean_vectors import DocumentVectors

PETS, MONEY = ["cat", "dog", "pet", "fur"], ["tax", "bank", "loan", "rate"]


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    return Corpus.from_tokens([list(rng.choice(PETS if i % 2 else MONEY, 3)) for i in range(60)] + [[]])


def test_the_formula(corpus):
    found = document_vectors(corpus, dimension=3, frequency=0.05, seed=1)
    words = word_vectors(corpus.counts, dimension=3, seed=1).astype(float)
    share = np.asarray(corpus.counts.sum(axis=0)).ravel() / corpus.counts.sum()
    sums = corpus.counts.toarray()[:60] @ (words * (0.05 / (0.05 + share))[:, None])
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    expected = sums - sums.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(found[:60], expected, atol=1e-5)
    assert not found[60:].any()  # no words, no direction


def test_documents_of_one_theme_are_near(corpus):
    vectors = np.asarray(document_vectors(corpus, dimension=4))[:60]
    cosines = vectors @ vectors.T
    same = np.arange(60)[:, None] % 2 == np.arange(60) % 2
    assert cosines[same].mean() > 0.5 > 0 > cosines[~same].mean()


def test_blocks_and_selections_are_the_same_vectors(corpus, monkeypatch):
    whole = np.asarray(document_vectors(corpus))
    monkeypatch.setattr("topicml.starting.mean_vectors._BLOCK", 7)
    found = document_vectors(corpus)
    assert np.allclose(np.asarray(found), whole, atol=1e-6)
    assert np.allclose(found[[5, 2]], whole[[5, 2]], atol=1e-6)
    assert [begin for begin, _ in found.blocks()] == list(range(0, 61, 7))


def test_other_documents_do_not_change_the_encoder(corpus):
    train = corpus[:40]
    found = document_vectors(train)
    assert np.array_equal(found.of(corpus.counts)[:40], found[:])
    assert isinstance(found.of(corpus.counts), DocumentVectors) and len(found.of(corpus.counts)) == 61


def test_the_most_frequent_words_count_almost_as_much_as_rare_ones():
    """In a corpus without stop words, the weights of running text would drop the words that tell topics apart."""
    rng = np.random.default_rng(1)
    noise = [f"w{i}" for i in range(40)]
    lists = [["excel" if i % 2 else "bash", *rng.choice(noise, 3)] for i in range(300)]
    corpus = Corpus.from_tokens(lists)
    same = np.arange(300)[:, None] % 2 == np.arange(300) % 2

    def margin(frequency):
        vectors = np.asarray(document_vectors(corpus, dimension=5, frequency=frequency))
        cosines = vectors @ vectors.T
        return cosines[same].mean() - cosines[~same].mean()

    assert margin(0.1) > 2 * margin(0.001)


def test_wrong_options_are_errors(corpus):
    with pytest.raises(InputError, match="dimension"):
        document_vectors(corpus, dimension=0)
    with pytest.raises(InputError, match="frequency"):
        document_vectors(corpus, frequency=0)
    assert document_vectors(csr_matrix(np.eye(4, dtype=int))).size == 4


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["a text", "another"], "Make a corpus of texts"),
        ([["a"], ["b", "c"]], "all rows of one length"),
        (np.array([["a"]]), "Counts must be numbers"),
        (np.full((3, 4), np.nan), "row 0, column 0 is NaN"),
        (csr_matrix(np.full((3, 4), -1)), "row 0, column 0 is negative"),
        (coo_matrix(np.full((3, 4), np.inf)), "row 0, column 0 is infinite"),
    ],
)
def test_documents_that_are_no_counts_are_refused(documents, message):
    with pytest.raises(InputError, match=message):
        document_vectors(documents)
