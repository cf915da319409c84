"""A fault of Python's parser does not make a file damaged."""

import ast
import gc
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import scipy.sparse as sp

from topicml import Corpus
from topicml.corpus import checking
from topicml.corpus.building import counting
from topicml.corpus.embeddings import mapped
from topicml.corpus.encoding import _PartFile
from topicml.corpus.npy_headers import reading
from topicml.corpus.targets import Targets
from topicml.errors import InputError


class Parses:
    """Garbage whose finalizer parses Python, and leaves garbage of the same kind."""

    collected = False

    def __init__(self):
        self.circle = self

    def __del__(self):
        ast.literal_eval("1")
        if Parses.collected:
            Parses()


@contextmanager
def collecting():
    """The collector runs inside of each parser, where Python 3.11.7 and earlier then raise SystemError."""
    before = gc.get_threshold()
    Parses.collected = True
    Parses()
    gc.set_threshold(5)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        Parses.collected = False
        gc.collect()


def test_a_finalizer_that_parses_does_not_damage_a_corpus(tmp_path):
    corpus = Corpus.from_tokens([["ant", "bee"], ["bee"]])
    corpus.save(tmp_path / "saved")
    shutil.copytree(tmp_path / "saved", tmp_path / "copied")
    for name in ("saved", "copied"):
        with collecting():
            opened = Corpus.open(tmp_path / name)
        assert opened.fingerprint == corpus.fingerprint


def failing(monkeypatch, times, error=SystemError):
    """Some calls of the parser fail; returns a list of whether garbage is collected in each call."""
    parse, calls = ast.literal_eval, []

    def literal_eval(text):
        calls.append(gc.isenabled())
        if len(calls) <= times:
            raise error("mismatch")
        return parse(text)

    monkeypatch.setattr(ast, "literal_eval", literal_eval)
    return calls


def read_vectors(path):
    np.save(path, np.ones((2, 3)))
    return lambda: mapped(path)


def read_array(path):
    np.save(path, np.arange(5))
    return lambda: checking.ArrayFile.of(path, np.int64, 5).mapped()


def read_targets(path):
    sp.save_npz(path.with_suffix(".npz"), sp.csr_matrix(np.ones((2, 3))))
    return lambda: Targets.of(path.with_suffix(".npz"), (2, 3)).weights.toarray()


def read_codes(path):
    np.save(path.parent / "codes.npy", np.arange(5))
    return lambda: counting.CountedShard(path.parent).array("codes")


def read_part(path):
    """What a killed encoder left: a fault must not remove it."""
    with _PartFile(path, 4, "<f4") as part:
        part.append(np.ones((2, 3)))

    def read():
        with _PartFile(path, 4, "<f4") as part:
            return part.n_rows

    return read


@pytest.mark.parametrize("make", [read_vectors, read_array, read_targets, read_codes, read_part])
def test_a_header_is_read_once_more_if_the_parser_of_python_fails(tmp_path, monkeypatch, make):
    read = make(tmp_path / "a.npy")
    expected = read()
    calls = failing(monkeypatch, 1)
    np.testing.assert_array_equal(read(), expected)
    assert calls[:2] == [True, False] and gc.isenabled()


def test_a_parser_that_fails_twice_is_not_said_to_be_a_damaged_corpus(tmp_path, monkeypatch):
    read = read_array(tmp_path / "a.npy")
    assert failing(monkeypatch, 2) == []
    with pytest.raises(SystemError, match="mismatch"):
        read()
    assert gc.isenabled()


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_full_memory_or_stack_is_told(tmp_path, monkeypatch, error):
    read = read_array(tmp_path / "a.npy")
    failing(monkeypatch, 1, error)
    with pytest.raises(
        InputError, match=rf"a\.npy cannot be read \({error.__name__}: mismatch\): the memory or the st"
    ):
        read()


def test_garbage_collection_stays_off_where_it_was_off():
    def fails():
        raise SystemError

    gc.disable()
    try:
        with pytest.raises(SystemError):
            reading(fails)
        assert not gc.isenabled()
    finally:
        gc.enable()
