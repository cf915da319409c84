import json
import os
import subprocess
import sys
from collections import deque
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from topicml import SetContrast
from topicml.identity import describe, differences, digest, fit_identity


def test_an_identity_is_json_and_names_the_version():
    import topicml

    identity = fit_identity("ETM", {"alpha": 0.1, "contrast": SetContrast()}, "abc", threads=2)
    assert json.loads(json.dumps(identity)) == identity
    assert identity["topicml"] == topicml.__version__
    assert len(digest(identity)) == 64


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "ProdLDA"},
        {"parameters": {"alpha": 0.2}},
        {"corpus": "other"},
        {"fields": {"label": np.array(["a", "c"], dtype=object)}},
        {"views": [csr_matrix(np.eye(3))]},
        {"threads": 3},
    ],
)
def test_whatever_decides_the_result_changes_the_digest(changed):
    usual = {
        "model": "ETM",
        "parameters": {"alpha": 0.1},
        "corpus": "abc",
        "fields": {"label": np.array(["a", "b"], dtype=object)},
        "views": [csr_matrix(np.eye(2))],
        "threads": 2,
    }
    one, other = fit_identity(**usual), fit_identity(**{**usual, **changed})
    assert digest(one) != digest(other)
    assert len(differences(one, other)) == 1


def test_the_order_of_entries_does_not_matter():
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})


def test_a_version_changes_the_digest(monkeypatch):
    before = digest(fit_identity("ETM", {}, "abc"))
    monkeypatch.setattr("topicml.identity.__version__", "9.9")
    assert digest(fit_identity("ETM", {}, "abc")) != before


def test_content_decides_and_not_the_address():
    class Plain:
        def __init__(self, rate):
            self.rate = rate

    assert describe(Plain(1)) == describe(Plain(1)) != describe(Plain(2))
    assert describe(np.arange(3)) == describe(np.arange(3)) != describe(np.arange(4))
    assert describe(np.array(["a", None], dtype=object)) != describe(np.array(["a", "b"], dtype=object))
    assert describe(lambda x: x + 1) != describe(lambda x: x + 2)
    assert describe(SetContrast()) != describe(SetContrast(set_size=8))
    assert describe({"a": (1, np.float32(0.5)), "b": {3, 1}}) == {"a": [1, 0.5], "b": [1, 3]}


class Slotted:
    __slots__ = ("rate",)

    def __init__(self, rate):
        self.rate = rate

    def scaled(self, x):
        return self.rate * x


class SlottedAndMore(Slotted):
    pass


def layer(rate):
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(layer.weight, rate)
    torch.nn.init.constant_(layer.bias, rate)
    return layer


@pytest.mark.parametrize(
    "make",
    [
        Slotted,
        SlottedAndMore,
        lambda rate: Slotted(rate).scaled,
        lambda rate: torch.tensor([rate], dtype=torch.bfloat16),
        layer,
        lambda rate: pd.DataFrame({"a": [rate]}),
        lambda rate: deque([rate]),
        lambda rate: lru_cache(lambda x: x * rate),
        lambda rate: bytes([rate]),
        lambda rate: np.datetime64(rate, "D"),
        lambda rate: np.longdouble(rate) / 3,
    ],
)
def test_the_state_of_an_object_decides_wherever_it_is_kept(make):
    assert digest({"of": describe(make(1))}) == digest({"of": describe(make(1))}) != digest({"of": describe(make(2))})


def test_a_whole_float_is_the_integer():
    assert digest({"alpha": describe(1)}) == digest({"alpha": describe(1.0)})
    assert differences({"alpha": 1}, {"alpha": True}) == ["alpha"]  # as their digests differ


def test_matrices_with_wider_indices_are_the_same():
    narrow, wide = csr_matrix(np.eye(3)), csr_matrix(np.eye(3))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert describe(narrow) == describe(wide)


def test_long_texts_and_unfinished_functions_are_described():
    texts = np.array(["A long text. " * 50, None], dtype=object)
    assert describe(texts) != describe(texts[::-1])

    def early(x):
        return late(x)

    assert describe(early)["given"][0] == [None]
    late = abs


def test_a_label_that_is_also_a_file_is_a_label(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = np.array(["a.txt", "b.txt"], dtype=object)
    before = describe(labels)
    (tmp_path / "a.txt").write_text("something")
    assert describe(labels) == before


def test_an_object_that_holds_itself_is_described():
    class Loop:
        def __init__(self):
            self.me = self

    assert describe(Loop()) == describe(Loop())


def test_a_file_is_described_by_its_content(tmp_path):
    one, same, other = tmp_path / "one.txt", tmp_path / "same.txt", tmp_path / "other.txt"
    for path, text in ((one, "a 1"), (same, "a 1"), (other, "b 1")):
        path.write_text(text)
    assert describe(one) == describe(same) == describe(str(one)) != describe(other)
    assert describe("corpus") == "corpus"
    assert describe(str(tmp_path / "missing.txt")) == str(tmp_path / "missing.txt")


def test_gensim_vectors_and_functions_have_the_same_digest_in_another_process():
    source = (
        "import numpy as np; from gensim.models import KeyedVectors; from topicml.identity import describe\n"
        "print(describe(lambda word: word in {'a', 'b', 'c', 'd'}))\n"
        "keyed = KeyedVectors(2); keyed.add_vectors(['a', 'b'], np.eye(2)); print(describe(keyed))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = [
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=environment, check=True)
        for _ in range(2)
    ]
    assert printed[0].stdout == printed[1].stdout
    assert "sha256" in printed[0].stdout
