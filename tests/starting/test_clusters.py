"""Clusters of documents in embedding space."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

import topicml
from topicml.corpus import synthetic
from topicml.corpus.neighbours import nearest
from topicml.errors import InputError
from topicml.models.documents import documents_to_fit
from topicml.starting import DocumentClusters, Start, clusters, document_clusters, starting_topics
from topicml.starting.clusters import diffusion_map
from topicml.starting.mean_vectors import beside_words


def documents_of(words, vectors=None):
    corpus = topicml.Corpus.from_tokens(words)
    return documents_to_fit(topicml.ProdLDA(), corpus if vectors is None else corpus.with_embeddings(vectors), None)


def themes(sizes, seed=0, size=8, noise=0.5):
    rng = np.random.default_rng(seed)
    theme = np.repeat(np.arange(len(sizes)), sizes)
    return theme, rng.normal(size=(len(sizes), size))[theme] + noise * rng.normal(size=(len(theme), size))


def arcs(seed):
    """Two long arcs beside each other: 60 vectors of each."""
    rng = np.random.default_rng(seed)
    theme, angle = np.repeat([0, 1], 60), rng.uniform(-1.2, 1.2, 120)
    points = np.stack([np.cos(angle), np.sin(angle), 0.6 * theme], axis=1) + 0.05 * rng.normal(size=(120, 3))
    return theme, points / np.linalg.norm(points, axis=1, keepdims=True)


def test_clusters_follow_neighbours():
    """k-means of the vectors cuts both arcs in the middle."""
    agreement = []
    for seed in range(3):
        theme, vectors = arcs(seed)
        places = diffusion_map(nearest(vectors, 15), seed=0)
        found = [KMeans(2, n_init=3, random_state=0).fit_predict(each) for each in (places, vectors)]
        agreement.append([normalized_mutual_info_score(theme, each) for each in found])
    of_map, of_vectors = np.mean(agreement, axis=0)
    assert of_map > of_vectors + 0.3


def test_the_map_has_the_eigenvectors_of_the_walk():
    neighbours = nearest(themes([20, 20], noise=0.2)[1].astype(np.float32), 4)
    found = diffusion_map(neighbours, seed=0)
    graph = np.zeros((40, 40))
    np.add.at(graph, (np.repeat(np.arange(40), 4), neighbours.ravel()), 1)
    graph += graph.T
    walk = (graph / graph.sum(axis=1, keepdims=True) + np.eye(40)) / 2
    for column in found.T[np.linalg.norm(found, axis=0) > 1e-6]:
        value = column @ walk @ column / (column @ column)
        assert np.allclose(walk @ column, value * column, atol=1e-6 * np.linalg.norm(column))


def test_words_of_a_cluster_have_the_largest_weights():
    words = [["tea", "cup"] if i % 2 else ["rain", "cloud"] for i in range(40)]
    documents = documents_of(words, np.eye(2)[np.arange(40) % 2] + 0.01)
    found = document_clusters(documents, 2, seed=0)
    first = {frozenset(documents.vocabulary[i] for i in np.argsort(-row)[:2]) for row in found.topic_weights(documents)}
    assert first == {frozenset({"tea", "cup"}), frozenset({"rain", "cloud"})}


def test_clusters_vote_by_the_naive_bayes_of_their_documents():
    """By hand, document by document. The last cluster is of long documents, whose words count as five."""
    documents = documents_of([["a", "b"], ["a", "c"], ["b"], ["c", "c"], ["a"] * 9 + ["b"] * 3, ["c"] * 20], np.eye(6))
    topics = np.random.default_rng(1).normal(size=(4, 3))  # with which each step decides a vote
    clusters = DocumentClusters(np.array([0, 1, 2, 4, 5]), np.array([0, 1, 0, 2, 2]), 3)
    evidence = []
    for row in clusters.rows:
        counts = documents.counts[row].toarray()[0]
        evidence.append(topics @ counts * min(1, 5 / counts.sum()))
    evidence = np.array(evidence) - np.mean(evidence, axis=0)
    shares = [np.exp(each) / np.exp(each).sum() for each in evidence]
    best = [np.argmax(shares[0] + shares[2]), np.argmax(shares[1]), np.argmax(shares[3] + shares[4])]
    assert clusters.votes(documents, topics).tolist() == [best[i] for i in clusters.labels]
    assert len({*best}) > 1


def test_words_count_beside_embeddings():
    """The embeddings tell two themes apart, and the words two others."""
    rng = np.random.default_rng(0)
    given, of_words = np.arange(80) % 2, np.arange(80) // 40
    vectors = np.eye(2)[given] + 0.2 * rng.normal(size=(80, 2))
    words = [[f"w{i}{j}" for j in rng.integers(0, 5, 5)] for i in of_words]
    documents = documents_of(words, vectors)
    found, without = (document_clusters(documents, 4, seed=0, word_weight=w).labels for w in (1, 0))
    assert normalized_mutual_info_score(2 * given + of_words, found) > 0.9
    assert normalized_mutual_info_score(of_words, without) < 0.2
    starts = [starting_topics(documents, 4, Start(method="clusters", word_weight=w), seed=0) for w in (1, 0)]
    assert not np.allclose(*starts)


def test_embeddings_beside_words():
    given, of_words = np.array([[0.6, 0.8], [0, 0], [1, 0]]), np.array([[1.0], [1], [0]])
    expected = np.array([[0.6, 0.8, 0.5], [0, 0, 0], [1, 0, 0]]) / np.array([[1.25**0.5], [1], [1]])
    np.testing.assert_allclose(beside_words(given, of_words, 0.5), expected)


def test_more_clusters_than_documents_leave_topics_without_words():
    documents = documents_of([["a", "b"], ["c", "d"], ["a", "d"]], np.eye(3))
    weights = document_clusters(documents, 5, seed=0).topic_weights(documents)
    assert weights.shape == (5, 4) and np.isfinite(weights).all() and (weights > 0).all()


def test_a_zero_vector_is_in_no_cluster():
    vectors = themes([20, 20])[1]
    vectors[7] = 0
    with pytest.warns(topicml.errors.TopicWarning, match="zero"):
        documents = documents_of([["a", "b"]] * 40, vectors)
    assert 7 not in document_clusters(documents, 2, seed=0).rows
    with pytest.warns(topicml.errors.TopicWarning), pytest.raises(InputError, match="those of all documents are zero"):
        document_clusters(documents_of([["a", "b"]] * 4, np.zeros((4, 2))), 2, seed=0)


def test_many_documents_are_sampled_evenly(monkeypatch):
    monkeypatch.setattr(clusters, "MAX_DOCUMENTS", 10)
    rows = document_clusters(documents_of([["a", "b"]] * 40, themes([20, 20])[1]), 2, seed=0).rows
    assert len(rows) == 10 and rows[0] == 0 and rows[-1] == 39


def test_without_embeddings_vectors_are_learned_from_words():
    words = [[f"w{i % 2}{j}" for j in range(4)] for i in range(40)]
    found = document_clusters(documents_of(words), 2, seed=0)
    assert normalized_mutual_info_score(np.arange(40) % 2, found.labels) == pytest.approx(1)


def test_seeds_and_clusters_are_refused_together():
    corpus = synthetic.short_text(60, 3, 40, random_state=0).corpus
    with pytest.raises(InputError, match="so seeds have no topic to start"):
        topicml.ProdLDA(n_topics=3, init="clusters", seeds={"a": [corpus.vocabulary[0]]}, max_epochs=1).fit(corpus)
