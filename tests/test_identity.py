import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from topicml import SetContrast
from topicml.identity import describe, differences, digest, fit_identity


def test_an_identity_is_json_with_the_version():
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
def test_everything_that_determines_the_result_changes_the_digest(changed):
    base = {
        "model": "ETM",
        "parameters": {"alpha": 0.1},
        "corpus": "abc",
        "fields": {"label": np.array(["a", "b"], dtype=object)},
        "views": [csr_matrix(np.eye(2))],
        "threads": 2,
    }
    one, other = fit_identity(**base), fit_identity(**{**base, **changed})
    assert digest(one) != digest(other)
    assert len(differences(one, other)) == 1


def test_a_version_changes_the_digest(monkeypatch):
    before = digest(fit_identity("ETM", {}, "abc"))
    monkeypatch.setattr("topicml.identity.__version__", "9.9")
    assert digest(fit_identity("ETM", {}, "abc")) != before


def test_the_description_depends_on_content_and_not_on_the_address():
    class Plain:
        def __init__(self, rate):
            self.rate = rate

    assert describe(Plain(1)) == describe(Plain(1)) != describe(Plain(2))
    assert describe(np.arange(3)) == describe(np.arange(3)) != describe(np.arange(4))
    assert describe(np.array(["a", None], dtype=object)) != describe(np.array(["a", "b"], dtype=object))
    assert describe(lambda x: x + 1) != describe(lambda x: x + 2)
    assert describe(SetContrast()) != describe(SetContrast(set_size=8))
    assert describe({"a": (1, np.float32(0.5)), "b": {3, 1}}) == {"a": [1, 0.5], "b": [1, 3]}


def test_an_object_that_refers_to_itself_can_be_described():
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


def test_gensim_vectors_have_the_same_digest_in_another_process():
    source = (
        "import numpy as np; from gensim.models import KeyedVectors; from topicml.identity import describe\n"
        "keyed = KeyedVectors(2); keyed.add_vectors(['a', 'b'], np.eye(2)); print(describe(keyed))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = [
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=environment, check=True)
        for _ in range(2)
    ]
    assert printed[0].stdout == printed[1].stdout
    assert "sha256" in printed[0].stdout
