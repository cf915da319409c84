"""The nearest vectors of each vector: against all pairs, sorted; and what an index returns."""

import sys
import types

import numpy as np
import pytest

from topicml.corpus import neighbours
from topicml.corpus.neighbours import nearest
from topicml.errors import InputError, MissingExtraError, TopicWarning


def unit_vectors(n, size=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, size)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def sorted_pairs(vectors, k):
    """By sorting all cosines: an independent way, for few vectors."""
    cosines = vectors @ vectors.T - 10 * np.eye(len(vectors))
    return np.sort(np.argsort(-cosines, axis=1)[:, :k], axis=1)


def test_the_nearest_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 4 * 60 * 7)  # blocks of 7
    vectors = unit_vectors(60)
    assert np.array_equal(np.sort(nearest(vectors, 5), axis=1), sorted_pairs(vectors, 5))


@pytest.mark.parametrize(("n", "k"), [(1, 0), (2, 1), (5, 4)])
def test_few_vectors(n, k):
    found = nearest(unit_vectors(n), k)
    assert found.shape == (n, k) and all(row not in others for row, others in enumerate(found.tolist()))


@pytest.mark.parametrize(
    ("k", "options", "message"),
    [(5, {}, "n_neighbours"), (-1, {}, "n_neighbours"), (2, {"search": "fast"}, "auto, exact or approximate")],
)
def test_bad_input(k, options, message):
    with pytest.raises(InputError, match=message):
        nearest(unit_vectors(5), k, **options)


def test_a_real_index_finds_almost_all():
    pytest.importorskip("usearch", reason="usearch is not installed (topicml[embeddings])")
    centres = unit_vectors(40, size=48)
    noise = np.random.default_rng(1).normal(size=(3000, 48)).astype(np.float32)
    vectors = centres[np.arange(3000) % 40] + 0.15 * noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, true = nearest(vectors, 15, search="approximate"), nearest(vectors, 15, search="exact")
    recall = np.mean([len(np.intersect1d(*pair)) for pair in zip(found, true, strict=True)]) / 15
    assert recall > 0.97
    assert not (found == np.arange(3000)[:, None]).any()


class Index:
    """Stands for USearch's: the vector itself is last among its equals, and rows 3 and 4 get one match only."""

    def __init__(self, *, ndim, metric, dtype, **options):
        assert (ndim, metric, dtype) == (8, "ip", "bf16") and set(options) == set(neighbours._INDEX)

    def add(self, keys, vectors):
        self.vectors = vectors
        assert np.array_equal(keys, np.arange(len(vectors)))

    def search(self, vectors, count):
        cosines = vectors @ self.vectors.T - 1e-6 * np.eye(len(vectors))
        keys = np.argsort(-cosines, axis=1)[:, :count].astype(np.uint64)
        counts = np.full(len(vectors), count)
        counts[[3, 4]], keys[[3, 4], 1:] = 1, 2**63
        return types.SimpleNamespace(keys=keys, counts=counts)


@pytest.fixture()
def index(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", types.ModuleType("usearch"))
    module = types.ModuleType("usearch.index")
    module.Index = Index
    monkeypatch.setitem(sys.modules, "usearch.index", module)
    monkeypatch.setattr(neighbours, "find_spec", lambda name: module if name == "usearch" else None)


def test_what_an_index_returns_is_completed(index):
    vectors = unit_vectors(40)
    vectors[20] = vectors[10]
    found, true = nearest(vectors, 5, search="approximate"), sorted_pairs(vectors, 5)
    assert not (found == np.arange(40)[:, None]).any()
    found[found == 20] = true[true == 20] = 10  # the two are equal, so either is right
    assert np.array_equal(np.sort(found, axis=1), np.sort(true, axis=1))


def test_many_vectors_are_searched_by_an_index(index, monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT", 40)
    monkeypatch.setattr(neighbours, "_by_index", lambda vectors, k: "index")
    assert nearest(unit_vectors(41), 5) == "index"
    assert nearest(unit_vectors(40), 5).shape == (40, 5)
    assert nearest(unit_vectors(41), 5, search="exact").shape == (41, 5)


def test_without_the_package_all_pairs_are_compared_and_this_is_told(monkeypatch):
    monkeypatch.setattr(neighbours, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    monkeypatch.setattr(neighbours, "EXACT", 40)
    vectors = unit_vectors(41)
    with pytest.warns(TopicWarning, match=r"pip install usearch, or topicml\[embeddings\]"):
        found = nearest(vectors, 5)
    assert np.array_equal(np.sort(found, axis=1), sorted_pairs(vectors, 5))
    with pytest.raises(MissingExtraError, match=r"pip install usearch"):
        nearest(vectors, 5, search="approximate")
