"""The memory of reading: a table is held once, and a process that splits texts imports only what it needs."""

import random
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from topicml.corpus import Corpus
from topicml.corpus.sources.column_types import TextTypes, whole_table
from topicml.corpus.tokens import renumbered
from topicml.errors import TopicWarning

PEAK = """
import sys
from topicml import Corpus
corpus = Corpus.read(sys.argv[1], text_column="text", label_column="kind", preprocessor=False)
assert corpus.n_docs == int(sys.argv[2])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def python(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_reading_grows_by_less_than_a_gigabyte_for_300_megabytes(tmp_path, suffix):
    draw = random.Random(0)
    texts = [" ".join(f"word{draw.randrange(5000)}" for _ in range(30)) for _ in range(1000)]
    peaks, sizes = [], []
    for n_docs in (20_000, 80_000):
        path = tmp_path / f"{n_docs}{suffix}"
        with open(path, "w") as stream:
            if suffix == ".csv":
                stream.write("id,kind,text\n")
            row = "{0},k{1},{2}\n" if suffix == ".csv" else '{{"id": {0}, "kind": "k{1}", "text": "{2}"}}\n'
            stream.writelines(row.format(i, i % 7, texts[i % 1000]) for i in range(n_docs))
        peaks.append(int(python(PEAK, path, n_docs)) * 1024)
        sizes.append(path.stat().st_size)
    assert peaks[1] - peaks[0] < 1000 / 300 * (sizes[1] - sizes[0])


def test_words_are_numbered_in_place():
    codes, lengths = np.array([3, 0, 1, 3, 2], dtype=np.int32), np.array([2, 0, 3])
    tokens, offsets = renumbered(codes, lengths, np.array([-1, 1, 0, 2], dtype=np.int32), out=codes)
    assert np.shares_memory(tokens, codes)
    assert tokens.tolist() == [2, 1, 2, 0]
    assert offsets.tolist() == [0, 1, 1, 4]


def test_small_pieces_of_text_are_joined_while_they_are_read(monkeypatch):
    monkeypatch.setattr("topicml.corpus.sources.column_types._LARGE", 1000)
    rows = [str(i) * 20 for i in range(500)]
    pieces = [pa.table({"a": pa.array(rows[i : i + 2], pa.large_string())}) for i in range(0, 500, 2)]
    table = whole_table(iter(pieces), TextTypes)
    assert table.column("a").to_pylist() == rows
    assert table.column("a").num_chunks < 50


def test_a_column_that_begins_or_ends_within_a_file_has_missing_values_elsewhere(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = ['{"text": "a cat", "early": 1}'] * 10_000 + ['{"text": "a dog", "late": "x"}'] * 10_000
    path.write_text("\n".join(rows))
    corpus = Corpus.read(path, preprocessor=False)
    assert corpus.fields.table.column_names == ["text", "early", "late"]
    assert corpus.fields.column("early").to_pylist() == [1] * 10_000 + [None] * 10_000
    assert corpus.fields.column("late").to_pylist() == [None] * 10_000 + ["x"] * 10_000
    assert corpus.places.values.tolist() == list(range(1, 20_001))


def test_objects_without_keys_are_documents_without_words(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(["{}"] * 10_001 + ['{"text": "a cat"}'] * 10_000 + ["{}"] * 10_001))
    with pytest.warns(TopicWarning, match="20,002 of 30,002 documents have no words"):
        corpus = Corpus.read(path, preprocessor=False)
    assert corpus.places.values.tolist() == list(range(1, 30_003))
    assert corpus.lengths.tolist() == [0] * 10_001 + [2] * 10_000 + [0] * 10_001


def test_a_process_that_splits_texts_imports_no_models():
    code = """
import sys
from topicml import Preprocessor
print(Preprocessor().tokens(["Cats run"]), [name for name in ("sklearn", "topicml.models") if name in sys.modules])
"""
    assert python(code) == "[['cat', 'run']] []\n"


def test_a_process_of_blank_pipelines_needs_no_torch():
    code = """
import sys
from topicml.corpus.preprocessing.pipelines import import_without_torch
import_without_torch()
from topicml import Preprocessor
print(Preprocessor().tokens(["Cats run"]), "torch" in sys.modules)
import torch
print(torch.zeros(2).sum().item())
"""
    assert python(code) == "[['cat', 'run']] False\n0.0\n"


def test_tokens_are_counted_as_words_read():
    corpus = Corpus.from_texts(["a b a", "c"], preprocessor=False)
    assert corpus.words_read.tolist() == [3, 1]
