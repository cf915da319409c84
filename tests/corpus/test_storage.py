"""Saved corpora: equal after opening, memory-mapped, and refused if damaged."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.corpus import Corpus, Preprocessor, Vocabulary
from topicml.corpus.mapped import file_of
from topicml.corpus.storage import writing
from topicml.errors import InputError

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
DOCUMENTS = st.lists(st.lists(WORDS, max_size=6), max_size=8)
LABELS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))


def saved(corpus: Corpus) -> Corpus:
    folder = Path(tempfile.mkdtemp()) / "corpus"
    corpus.save(folder)
    return Corpus.open(folder)


@settings(max_examples=50)
@given(DOCUMENTS, st.data())
def test_a_corpus_of_tokens_comes_back(documents, data):
    labels = [data.draw(LABELS) for _ in documents]
    corpus = Corpus.from_tokens(documents, fields={"label": labels, "n": range(len(documents))})
    opened = saved(corpus)
    assert list(opened) == documents
    assert opened.vocabulary == corpus.vocabulary
    assert opened.fields["label"].tolist() == labels
    assert opened.fields["n"].tolist() == list(range(len(documents)))
    assert (opened.counts != corpus.counts).nnz == 0
    assert opened.fingerprint == corpus.fingerprint


@settings(max_examples=50)
@given(DOCUMENTS)
def test_a_corpus_of_counts_comes_back(documents):
    ordered = Corpus.from_tokens(documents)
    corpus = Corpus.from_counts(ordered.counts, ordered.vocabulary)
    opened = saved(corpus)
    assert not opened.has_order
    assert list(opened) == list(corpus)
    assert opened.fingerprint == corpus.fingerprint
    assert not len(opened.fields)


def test_the_fingerprint_of_the_header_is_that_of_the_arrays():
    opened = saved(Corpus.from_tokens([["b", "a"], ["a"]]))
    assert opened.fingerprint == Corpus(opened.vocabulary, tokens=opened.tokens, offsets=opened.offsets).fingerprint


def test_vectors_and_empty_fields_come_back():
    opened = saved(Corpus.from_tokens([["a"]] * 3, fields={"vector": np.eye(3), "nothing": [None] * 3}))
    assert (opened.fields["vector"] == np.eye(3)).all()
    assert opened.fields["nothing"].tolist() == [None] * 3


def test_parts_written_one_after_the_other_are_one_corpus(tmp_path):
    documents = [[f"w{i}", f"w{i % 7}", "w0"] for i in range(100)]
    whole = Corpus.from_tokens(documents, fields={"n": range(100)})
    with writing(tmp_path / "parts", whole.vocabulary) as writer:
        for begin in range(0, 100, 30):
            writer.append(whole[begin : begin + 30])
    opened = Corpus.open(tmp_path / "parts")
    assert list(opened) == documents
    assert (opened.counts != whole.counts).nnz == 0
    assert opened.fields["n"].tolist() == list(range(100))
    assert opened.fingerprint == whole.fingerprint


def test_parts_that_do_not_match_raise_and_leave_no_folder(tmp_path):
    ordered = Corpus.from_tokens([["a"]])
    for other in (Corpus.from_tokens([["b"]]), Corpus.from_counts(ordered.counts, ["a"])):
        with pytest.raises(InputError, match="one vocabulary"), writing(tmp_path / "x", Vocabulary(["a"])) as writer:
            writer.append(ordered)
            writer.append(other)
    assert list(tmp_path.iterdir()) == []


def test_the_preprocessor_comes_back_and_treats_new_text_the_same(tmp_path):
    texts = ["The cats sat on 3 mats in New York.", "Dogs chase cats, http://x.org", "Mats and dogs"] * 3
    corpus = Corpus.from_texts(texts, Preprocessor(min_df=1, max_df=1.0, stop_words=["chase"]))
    opened = saved(corpus)
    assert opened.preprocessor.tokens(["Two cats chase dogs"]) == corpus.preprocessor.tokens(["Two cats chase dogs"])
    assert opened.fields["text"].tolist() == texts


def test_an_existing_folder_is_replaced_only_when_allowed(tmp_path):
    Corpus.from_tokens([["a"]]).save(tmp_path / "c")
    with pytest.raises(InputError, match="exists already"):
        Corpus.from_tokens([["b"]]).save(tmp_path / "c")
    assert list(Corpus.open(tmp_path / "c")) == [["a"]]
    Corpus.from_tokens([["b"]]).save(tmp_path / "c", overwrite=True)
    assert list(Corpus.open(tmp_path / "c")) == [["b"]]


def test_a_folder_of_other_files_is_never_replaced(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(InputError, match=r"holds something else: it has no corpus\.json"):
        Corpus.from_tokens([["a"]]).save(tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_a_corpus_can_replace_the_folder_it_is_opened_from(tmp_path):
    Corpus.from_tokens([["a", "b"], ["b"]], fields={"n": [1, 2]}).save(tmp_path / "c")
    opened = Corpus.open(tmp_path / "c")
    opened[1:].save(tmp_path / "c", overwrite=True)
    assert list(opened) == [["a", "b"], ["b"]]
    assert list(Corpus.open(tmp_path / "c")) == [["b"]]


def test_a_write_that_fails_leaves_the_old_folder(tmp_path, monkeypatch):
    Corpus.from_tokens([["a"]]).save(tmp_path / "c")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("topicml.corpus.storage.write_json", full)
    with pytest.raises(OSError, match="No space left"):
        Corpus.from_tokens([["b"]]).save(tmp_path / "c", overwrite=True)
    assert list(Corpus.open(tmp_path / "c")) == [["a"]]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


class TestDamage:
    @pytest.fixture
    def folder(self, tmp_path):
        corpus = Corpus.from_tokens([["a", "b"] * 50, ["c"]] * 50, fields={"label": ["x", "y"] * 50})
        corpus.save(tmp_path / "c")
        return tmp_path / "c"

    @pytest.mark.parametrize(
        "name",
        [
            *("tokens.npy", "offsets.npy", "counts_data.npy", "counts_indices.npy", "counts_indptr.npy"),
            *("fields.arrow", "vocabulary.json", "corpus.json"),
        ],
    )
    @pytest.mark.parametrize("keep", [0.0, 0.5, None])
    def test_a_truncated_or_missing_file_raises(self, folder, name, keep):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        if keep is not None:
            (folder / name).write_bytes(content[: int(len(content) * keep)])
        with pytest.raises(InputError, match=r"damaged|not a saved corpus"):
            Corpus.open(folder)

    def test_a_file_of_another_corpus_raises(self, folder, tmp_path):
        Corpus.from_tokens([["a", "b", "c"]], fields={"label": ["z"]}).save(tmp_path / "other")
        for name in ("tokens.npy", "fields.arrow"):
            kept = (folder / name).read_bytes()
            (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
            with pytest.raises(InputError, match=rf"{name} has .* a damaged corpus"):
                Corpus.open(folder)
            (folder / name).write_bytes(kept)

    def test_an_array_of_another_dtype_raises(self, folder):
        np.save(folder / "tokens.npy", np.zeros(5050))
        with pytest.raises(InputError, match=r"has float64 .* not a column of int32"):
            Corpus.open(folder)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"version": 99, "topicml": "9.1"}, r"format version 99, written by topicml 9.1.*Upgrade topicml"),
            ({"format": "something"}, r"not a saved topicml corpus"),
            ({"version": None}, r"format version None"),
            ({"n_docs": "many"}, r"a damaged or truncated corpus"),
            ({"n_words": None}, r"a damaged or truncated corpus"),
        ],
    )
    def test_another_format_raises(self, folder, change, message):
        header = json.loads((folder / "corpus.json").read_text())
        (folder / "corpus.json").write_text(json.dumps(header | change))
        with pytest.raises(InputError, match=message):
            Corpus.open(folder)

    def test_a_missing_or_empty_folder_raises(self, tmp_path):
        with pytest.raises(InputError, match="no folder"):
            Corpus.open(tmp_path / "absent")
        with pytest.raises(InputError, match=r"no corpus.json"):
            Corpus.open(tmp_path)


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """Save a corpus of 1,000,000 documents of ten words, with a field."""
    n, length, n_words = 1_000_000, 10, 50_000
    tokens = np.random.default_rng(0).integers(n_words, size=n * length, dtype=np.int32)
    offsets = np.arange(0, n * length + 1, length, dtype=np.int64)
    corpus = Corpus(Vocabulary(map(str, range(n_words))), tokens=tokens, offsets=offsets)
    folder = tmp_path_factory.mktemp("million") / "corpus"
    corpus.save(folder)
    return folder


OPEN_AND_READ_A_BATCH = """
import sys, time
import numpy as np
from topicml.corpus import Corpus
import topicml.corpus.storage

def private_mb():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

def resident_mb():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

before, resident, started = private_mb(), resident_mb(), time.perf_counter()
corpus = Corpus.open(sys.argv[1])
seconds, opened, mapped = time.perf_counter() - started, private_mb(), resident_mb()
batch = corpus.counts[np.random.default_rng(0).integers(len(corpus), size=200)]
rows = corpus[500_000:500_200]
rows.counts.sum(), rows.document(7), corpus.shape
print(seconds, opened - before, mapped - resident, private_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from Linux's /proc")
def test_opening_reads_only_headers_and_a_batch_reads_only_its_rows(million):
    run = [sys.executable, "-c", OPEN_AND_READ_A_BATCH, str(million)]
    output = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    seconds, opened_mb, resident_mb, batch_mb = map(float, output.split())
    arrays_mb = sum(file.stat().st_size for file in million.iterdir()) / 2**20
    assert arrays_mb > 120
    assert seconds < 0.5
    assert opened_mb < 25  # the vocabulary, and the row pointers that SciPy makes and gives back
    assert resident_mb < 40
    assert batch_mb < 40


def test_counts_of_an_opened_corpus_are_the_mapped_files(million):
    corpus = Corpus.open(million)
    started = time.perf_counter()
    counts = corpus.counts
    part = counts[1000:1200]
    by_hand = sp.csr_matrix(
        (np.ones(2000, dtype=int), corpus.tokens[10_000:12_000], np.arange(0, 2001, 10)), shape=(200, 50_000)
    )
    assert time.perf_counter() - started < 1
    assert (part != by_hand).nnz == 0
    for array in (counts.data, counts.indices, counts.indptr, corpus.tokens, corpus.offsets):
        assert file_of(array) is not None
        assert not array.flags.writeable
    assert np.shares_memory(corpus[5:500_000].counts.data, counts.data)
