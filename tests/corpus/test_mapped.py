"""Arrays in files: their pages are let go of after they were read, and large results are in files."""

import mmap
import os
import pickle
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from topicml import metrics
from topicml.corpus import Corpus, mapped
from topicml.corpus.counts import take_rows
from topicml.corpus.documents import Documents
from topicml.corpus.mapped import MappedFile, large_arrays_in, mapped_array, new_array, release, rows_of
from topicml.metrics.cooccurrence import Cooccurrence
from topicml.metrics.leading import leading_topics
from topicml.nn.batch import Batch
from topicml.runs.phrases import topic_phrases
from topicml.runs.theta import write_theta

N_DOCS, LENGTH, N_WORDS, N_TOPICS = 6000, 150, 3000, 40


@pytest.fixture(scope="module")
def whole():
    counts = sp.random(N_DOCS, N_WORDS, LENGTH / N_WORDS, "csr", np.float32, np.random.default_rng(0))
    counts.data = np.random.default_rng(1).integers(1, 3, counts.nnz)
    order = [np.repeat(row.indices, row.data) for row in counts]
    words = [f"w{i:04d}" for i in range(N_WORDS)]
    made = Corpus.from_tokens(([words[i] for i in each] for each in order), vocabulary=words)
    vectors = np.random.default_rng(2).normal(size=(N_DOCS, 64)).astype(np.float32)
    return made.with_embeddings(vectors, outside_knowledge=False).with_targets(made.counts, outside_knowledge=False)


@pytest.fixture(params=[None, 700], ids=["one part", "parts"])
def opened(whole, tmp_path, request, monkeypatch):
    """A corpus in files that count as large."""
    whole.save(tmp_path / "corpus", **({} if request.param is None else {"shard_rows": request.param}))
    monkeypatch.setattr(mapped, "_LARGE", 0)
    return Corpus.open(tmp_path / "corpus")


@pytest.fixture
def theta(tmp_path, monkeypatch, resident):
    """Topic proportions in a file that counts as large."""
    monkeypatch.setattr(mapped, "_LARGE", 0)
    with large_arrays_in(tmp_path):
        made = new_array((N_DOCS, N_TOPICS), np.float32)
    made[:] = np.random.default_rng(0).dirichlet(np.ones(N_TOPICS), N_DOCS)
    release(made)
    assert resident(made) < 0.1
    return made


def arrays_of(corpus):
    return {"data": corpus.counts.data, "indices": corpus.counts.indices, "tokens": corpus.tokens}


def test_what_was_read_is_let_go_of_and_read_again(opened, whole, resident):
    for name, array in arrays_of(opened).items():
        before = array.copy()
        assert resident(array) > 0.9
        release(array[5:])  # of a view, too
        assert resident(array) < 0.1, name
        np.testing.assert_array_equal(array, before)  # also the pages in which two parts meet
        np.testing.assert_array_equal(array, arrays_of(whole)[name])


def test_few_places_are_counted_until_they_are_many(opened, resident):
    array = opened.tokens
    array.sum()
    for _ in range(3):
        release(array, read=333)
    assert resident(array) > 0.9
    release(array, read=1)
    assert resident(array) < 0.1


def test_small_files_stay_in_memory(opened, monkeypatch, resident):
    monkeypatch.undo()
    opened.tokens.sum()
    release(opened.tokens)
    assert resident(opened.tokens) > 0.9


@pytest.mark.parametrize(
    ("reads", "names"),
    [
        (lambda corpus: [Batch.from_counts(corpus.counts, rows) for rows in np.arange(N_DOCS).reshape(-1, 250)], "di"),
        (lambda corpus: corpus[np.arange(0, N_DOCS, 2)], "dit"),
        (lambda corpus: take_rows(corpus.counts, np.arange(N_DOCS)), "di"),
        (lambda corpus: Cooccurrence(corpus.tokens, corpus.offsets, N_WORDS, 10).count(np.array([[1, 2]])), "t"),
        (lambda corpus: metrics.coherence([["w0001", "w0002"]], corpus, "npmi_doc", 2), "t"),
        (lambda corpus: Documents(corpus.counts).mean_length, "di"),
        (lambda corpus: list(corpus.embeddings.blocks()), "e"),
        (lambda corpus: Batch.from_counts(corpus.targets.weights, np.arange(N_DOCS)), "w"),
    ],
)
def test_readers_let_go_of_what_they_read(opened, reads, names, resident):
    reads(opened)
    arrays = {
        **arrays_of(opened),
        "embeddings": opened.embeddings._vectors,
        "weights": opened.targets.weights.data,
    }
    for name, array in arrays.items():
        if name[0] in names:
            assert resident(array) < 0.2, name


def test_rows_are_those_of_scipy(opened, whole):
    rows = np.random.default_rng(0).integers(N_DOCS, size=2500)
    found, expected = take_rows(opened.counts, rows), whole.counts[rows]
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    assert found.shape == expected.shape and found.has_canonical_format
    none = take_rows(opened.counts, np.zeros(0, dtype=np.int64))
    assert none.shape == (0, N_WORDS) and none.nnz == 0


def test_readers_of_theta_let_go_of_it(theta, tmp_path, monkeypatch, resident):
    for module in ("topicml.metrics.leading._CHUNK", "topicml.metrics.clusters._CHUNK", "topicml.runs.phrases._ROWS"):
        monkeypatch.setattr(module, 500)
    topics, rows = theta.argmax(axis=1), np.arange(0, N_DOCS, 7)
    corpus = Corpus.from_tokens([["a"]] * N_DOCS, fields={"text": ["a b"] * N_DOCS})
    readers = {
        "leading": lambda: leading_topics(theta),
        "leading of some": lambda: leading_topics(theta, np.arange(3)),
        "labels": lambda: metrics.clustering(theta, topics % 5),
        "rows": lambda: rows_of(theta, rows),
        "file": lambda: write_theta(tmp_path / "theta.parquet", theta),
        "phrases": lambda: topic_phrases([["a"]] * N_TOPICS, corpus, theta, topics, None),
    }
    for name, read in readers.items():
        theta.sum()
        assert resident(theta) > 0.9
        read()
        assert resident(theta) < 0.1, name
    np.testing.assert_array_equal(rows_of(theta, rows), theta[rows])


def test_a_search_for_nan_does_not_keep_what_it_read(theta, monkeypatch, resident):
    from topicml.metrics import clusters

    monkeypatch.setattr(clusters, "_CHUNK", 500)
    theta.sum()
    assert not clusters._has_nan(theta) and resident(theta) < 0.1
    theta[-1, -1] = np.nan
    assert clusters._has_nan(theta)


def test_large_arrays_are_in_files_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "_LARGE", 4000)
    assert new_array((1000, 1), np.float32).base is None
    with large_arrays_in(tmp_path):
        small, large = new_array((999, 1), np.float32), new_array((1000, 1), np.float32)
        with large_arrays_in(None):
            assert new_array((1000, 1), np.float32).base is None
    assert small.base is None and large.base is not None
    assert large.shape == (1000, 1) and large.dtype == np.float32 and large.flags.writeable
    assert not list(tmp_path.iterdir())
    large[:] = 3
    release(large)
    assert (large == 3).all()
    assert (pickle.loads(pickle.dumps(large)) == 3).all()


def test_arrays_are_in_memory_if_there_is_no_room_for_a_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mapped, "_LARGE", 0)
    with large_arrays_in(tmp_path / "missing"):
        assert new_array((10,), np.float32).base is None
    monkeypatch.setattr(os, "posix_fallocate", full)
    with large_arrays_in(tmp_path):
        assert new_array((10,), np.float32).base is None
    monkeypatch.delattr(os, "posix_fallocate")
    with large_arrays_in(tmp_path):
        assert new_array((10,), np.float32).base is None


@pytest.mark.parametrize(("free", "in_file"), [(8 * 40, True), (8 * 40 - 1, False)])
def test_the_output_has_room_beside_the_file_of_an_array(tmp_path, monkeypatch, free, in_file):
    monkeypatch.setattr(mapped, "_LARGE", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with large_arrays_in(tmp_path):
        assert (new_array((10,), np.float32).base is not None) == in_file


def test_memory_that_the_process_has_locked_is_kept(tmp_path):
    class Locked(MappedFile):
        def madvise(self, *_):
            raise OSError(22, "Invalid argument")

    (tmp_path / "array").write_bytes(np.arange(5, dtype=np.int32).tobytes())
    with open(tmp_path / "array", "rb") as stream:
        file = Locked(stream.fileno(), 0, access=mmap.ACCESS_READ)
    file.release()
    assert mapped_array(file, np.int32, (5,)).tolist() == [0, 1, 2, 3, 4]


def test_changes_of_private_maps_of_others_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "_LARGE", 0)
    np.save(tmp_path / "array.npy", np.zeros(5000))
    array = np.load(tmp_path / "array.npy", mmap_mode="c")
    array[:] = 1
    release(array)
    assert (array == 1).all()


def test_systems_without_the_call_keep_what_was_read(tmp_path, monkeypatch):
    import mmap

    monkeypatch.delattr(mmap, "MADV_DONTNEED", raising=False)
    (tmp_path / "file").write_bytes(bytes(5000))
    with open(tmp_path / "file", "rb") as stream:
        MappedFile(stream.fileno(), 0, access=mmap.ACCESS_READ).release()
