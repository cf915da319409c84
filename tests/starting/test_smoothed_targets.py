"""Words of documents that are smoothed over similar documents."""

import numpy as np
import pytest
import scipy.sparse as sp

import topicml
from topicml.errors import InputError
from topicml.starting import document_vectors, similar_document_targets


def smoothed_by_documents(counts, vectors, share, n_similar):
    """The formula, dense, document by document."""
    expected = counts.astype(float).copy()
    known = [d for d in range(len(counts)) if vectors[d].any() and counts[d].sum()]
    for d in known:
        others = sorted((e for e in known if e != d), key=lambda e: -vectors[d] @ vectors[e])[:n_similar]
        mean = np.mean([counts[e] / counts[e].sum() for e in others], axis=0)
        expected[d] = (1 - share) * counts[d] + share * counts[d].sum() * mean
    return expected


@pytest.fixture(scope="module")
def corpus():
    """Documents of three themes; row 4 is empty."""
    rng = np.random.default_rng(0)
    words = [[f"w{j % 5 + 5 * (i % 3)}" for j in rng.integers(0, 40, 4 + i % 7)] * (i != 4) for i in range(30)]
    return topicml.Corpus.from_tokens(words)


@pytest.mark.parametrize(("share", "n_similar"), [(0.3, 1), (0.8, 4), (1.0, 100), (0.0, 2)])
def test_a_document_gets_words_of_similar_documents(corpus, share, n_similar):
    found = similar_document_targets(corpus, share=share, n_similar=n_similar, seed=1)
    vectors = document_vectors(corpus, seed=1)[:]
    expected = smoothed_by_documents(corpus.counts.toarray(), vectors, share, n_similar)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1).A1, corpus.lengths, rtol=1e-5)
    assert found.dtype == np.float32 and found.has_sorted_indices and not found[4].nnz
    assert found.nnz == np.count_nonzero(expected)
    of_matrix = similar_document_targets(corpus.counts, share=share, n_similar=n_similar, seed=1)
    assert (of_matrix != found).nnz == 0


def test_embeddings_of_a_file_are_not_changed(corpus, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(len(corpus), 8)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    of_file, of_memory = (corpus.with_embeddings(each) for each in (tmp_path / "vectors.npy", vectors.copy()))
    targets = [similar_document_targets(each) for each in (of_file, of_memory)]
    np.testing.assert_array_equal(targets[0].toarray(), targets[1].toarray())
    np.testing.assert_array_equal(of_memory.embeddings[:], vectors)


def test_embeddings_beside_the_words_say_what_is_similar(corpus):
    """One document has no embedding: it keeps its counts."""
    vectors = np.random.default_rng(3).normal(size=(30, 4)) + 1
    vectors[7] = 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    known = np.arange(30) != 7
    unit[known] -= unit[known].mean(axis=0)
    unit[known] /= np.linalg.norm(unit[known], axis=1, keepdims=True)
    beside = np.hstack([unit, document_vectors(corpus)[:]]) * known[:, None]
    beside /= np.maximum(np.linalg.norm(beside, axis=1, keepdims=True), 1e-9)
    with pytest.warns(topicml.errors.TopicWarning, match="zero"):
        given = corpus.with_embeddings(vectors)
    found = similar_document_targets(given, share=0.6, n_similar=3)
    expected = smoothed_by_documents(corpus.counts.toarray(), beside, 0.6, 3)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-5)
    assert (found[7] != corpus.counts[7]).nnz == 0


def test_the_defaults_are_a_half_and_fifteen_documents(corpus):
    expected = similar_document_targets(corpus, share=0.5, n_similar=15, seed=0)
    assert (similar_document_targets(corpus) != expected).nnz == 0


def test_a_single_document_keeps_its_counts():
    corpus = topicml.Corpus.from_tokens([["ant", "bee"], []])
    assert (similar_document_targets(corpus) != corpus.counts).nnz == 0


@pytest.mark.parametrize("options", [{"share": 1.1}, {"share": -0.1}, {"n_similar": 0}, {"n_similar": 2.5}])
def test_other_arguments_are_refused(corpus, options):
    with pytest.raises(InputError, match=next(iter(options))):
        similar_document_targets(corpus, **options)


@pytest.mark.parametrize("function", [similar_document_targets, document_vectors])
@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["a text", "another"], "Make a corpus of texts"),
        ([["a"], ["b", "c"]], "all rows of one length"),
        (np.array([["a"]]), "Counts must be numbers"),
        (np.full((3, 4), np.nan), "row 0, column 0 is NaN"),
        (sp.csr_matrix(np.full((3, 4), -1)), "row 0, column 0 is negative"),
        (sp.coo_matrix(np.full((3, 4), np.inf)), "row 0, column 0 is infinite"),
    ],
)
def test_documents_that_are_no_counts_are_refused(function, documents, message):
    with pytest.raises(InputError, match=message):
        function(documents)
