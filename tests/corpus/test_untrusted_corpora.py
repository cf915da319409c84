"""Saved corpora that are damaged, or anybody's: refused in words before an array is used as indices."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from topicml import Corpus, Preprocessor
from topicml.corpus import checking
from topicml.errors import InputError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    documents = [list(rng.choice(list("abcdefgh"), 9)) for _ in range(30)]
    Corpus.from_tokens(documents, fields={"label": ["é", None] * 15, "n": range(30)}).save(tmp_path / "saved")
    return shutil.copytree(tmp_path / "saved", tmp_path / "copied")


def change(folder, name, i, value):
    array = np.load(folder / f"{name}.npy")
    array[i] = value
    np.save(folder / f"{name}.npy", array)


@pytest.mark.parametrize(
    ("name", "i", "value", "message"),
    [
        ("counts_indices", 7, 2**31 - 1, r"counts_indices\.npy: entry 7 is 2147483647, and there are 8 words"),
        ("counts_indices", 7, -1, r"entry 7 is -1"),
        ("counts_indices", 1, 0, r"entry 1 is not greater than the one before it in its document"),
        ("counts_indptr", 5, -(2**30), r"counts_indptr\.npy: entry 5 is less than the one before it"),
        ("counts_indptr", 5, 2**30, r"entry 6 is less than the one before it"),
        ("counts_indptr", 0, 1, r"entry 0 is less than the one before it, or not 0"),
        ("counts_indptr", -1, 2**20, r"entry 30 is 1,048,576, not the number of entries"),
        ("counts_data", 3, 0, r"counts_data\.npy: entry 3 is 0; counts start at 1"),
        ("counts_data", 3, 99, r"disagrees with the number of tokens of its document"),
        ("tokens", 7, 2**31 - 1, r"tokens\.npy: entry 7 is 2147483647, and there are 8 words"),
        ("tokens", 7, -1, r"entry 7 is -1"),
        ("offsets", 5, 2**40, r"offsets\.npy: entry 6 is less than the one before it"),
    ],
)
@pytest.mark.parametrize("block", [1 << 20, 4])
def test_a_wrong_number_in_an_array_is_named(folder, monkeypatch, name, i, value, message, block):
    monkeypatch.setattr(checking, "_BLOCK", block)
    change(folder, name, i, value)
    with pytest.raises(InputError, match=message):
        Corpus.open(folder)
    with pytest.raises(InputError, match="damaged corpus"):
        Corpus.read(folder)


def test_words_that_are_valid_and_not_those_that_were_saved_are_damage(folder):
    tokens = np.load(folder / "tokens.npy")
    change(folder, "tokens", 0, (tokens[0] + 1) % 8)
    with pytest.raises(InputError, match="its words are not those that were saved"):
        Corpus.open(folder)


def test_counts_that_are_valid_and_not_those_that_were_saved_are_damage(folder):
    ids, rows = np.load(folder / "counts_indices.npy"), np.load(folder / "counts_indptr.npy")
    row = next(r for r in range(30) if ids[rows[r + 1] - 1] < 7)
    change(folder, "counts_indices", rows[row + 1] - 1, ids[rows[row + 1] - 1] + 1)
    with pytest.raises(InputError, match="its counts are not those that were saved"):
        Corpus.open(folder)
    header = json.loads((folder / "corpus.json").read_text())
    del header["counts_digest"]  # as older versions wrote it
    (folder / "corpus.json").write_text(json.dumps(header))
    assert Corpus.open(folder).n_docs == 30


@pytest.mark.parametrize("block", [1 << 20, 4])
def test_whole_corpora_of_every_kind_are_accepted(tmp_path, monkeypatch, block):
    monkeypatch.setattr(checking, "_BLOCK", block)
    ordered = Corpus.from_tokens([[], ["a", "b", "a", "c"], [], ["c"], ["b"] * 9, []])
    for number, corpus in enumerate(
        (ordered, Corpus.from_counts(ordered.counts, ["a", "b", "c"]), Corpus.from_tokens([[], []]))
    ):
        corpus.save(tmp_path / str(number))
        copied = Corpus.open(shutil.copytree(tmp_path / str(number), tmp_path / f"copy of {number}"))
        assert list(copied) == list(corpus) and (copied.counts != corpus.counts).nnz == 0


def test_an_array_that_claims_to_be_huge_allocates_nothing(folder):
    data = (folder / "tokens.npy").read_bytes()
    (folder / "tokens.npy").write_bytes(data.replace(b"(270,), ", b"(2**9,),").replace(b"(270,)", b"(10000000000000,)"))
    with pytest.raises(InputError, match=r"not a whole \.npy file|damaged"):
        Corpus.open(folder)
    header = json.loads((folder / "corpus.json").read_text())
    for name in ("n_docs", "n_entries", "n_tokens", "n_words"):
        for value in (10**13, -1, True, 1.5, 2**70):
            (folder / "corpus.json").write_text(json.dumps({**header, name: value}))
            with pytest.raises(InputError, match="damaged"):
                Corpus.open(folder)


def test_fields_whose_offsets_lead_out_of_their_buffer_are_damage(folder):
    label = pa.ipc.open_file(str(folder / "fields.arrow")).read_all()["label"].combine_chunks()
    offsets = np.frombuffer(label.buffers()[1], np.int64)[: len(label) + 1].tobytes()
    raw = bytearray((folder / "fields.arrow").read_bytes())
    at = raw.find(offsets)
    assert at > 0
    raw[at + 8 : at + 16] = (2**40).to_bytes(8, "little")
    (folder / "fields.arrow").write_bytes(raw)
    with pytest.raises(InputError, match="damaged"):
        Corpus.open(folder)


def test_a_corpus_of_ones_own_is_not_read_to_open_it_and_a_changed_one_is(folder, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("topicml.corpus.opening.checked_ids", lambda *_, **__: calls.append(1) or "0" * 64)
    assert Corpus.open(tmp_path / "saved").n_docs == 30 and not calls
    for other in (folder, tmp_path / "saved"):
        change(other, "tokens", 0, 0)
        with pytest.raises(InputError):
            Corpus.open(other)
    assert len(calls) == 4


def test_a_sparse_matrix_whose_indices_lead_outside_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("a\nb")
    parts = {"data": [1, 1], "indices": np.array([0, 1], np.int32), "indptr": np.array([0, 2**30, 2], np.int32)}
    np.savez(tmp_path / "train_bow.npz", format=b"csr", shape=(2, 2), **parts)
    with pytest.raises(InputError, match=r"train_bow\.npz: The count matrix has indices outside its rows or columns"):
        Corpus.read(tmp_path)
    matrix = sp.csr_matrix(np.eye(2, dtype=np.int32))
    matrix.indices[1] = 7
    with pytest.raises(InputError, match="indices outside its rows or columns"):
        Corpus.from_counts(matrix, ["a", "b"])


class TestPipelines:
    """A saved preprocessor can name any spaCy pipeline; opening one can run code."""

    @pytest.fixture
    def named(self, tmp_path, monkeypatch):
        def saved(pipeline):
            preprocessor = Preprocessor(max_df=1.0)
            corpus = Corpus.from_texts(["rocket orbit", "moon rocket"], preprocessor)
            corpus.save(tmp_path / "c", overwrite=True)
            header = json.loads((tmp_path / "c" / "corpus.json").read_text())
            header["preprocessor"]["pipeline"] = pipeline
            (tmp_path / "c" / "corpus.json").write_text(json.dumps(header))
            return tmp_path / "c"

        monkeypatch.chdir(tmp_path)
        return saved

    @pytest.mark.parametrize("pipeline", ["antigravity", "folder", "./folder", "en_core_web_evil"])
    def test_one_that_spacy_does_not_publish_is_opened_only_when_trusted(self, named, pipeline, monkeypatch):
        import spacy

        opened = []
        monkeypatch.setattr(spacy, "load", lambda name: opened.append(name) or spacy.blank("en"))
        corpus = Corpus.open(named(pipeline))
        assert list(corpus) == [["rocket", "orbit"], ["moon", "rocket"]]
        with pytest.raises(InputError, match=r"Opening a pipeline can run code.*trust=True"):
            corpus.preprocessor.tokens(["a rocket"])
        corpus.save("again")  # which does not make it trusted
        with pytest.raises(InputError, match="trust=True"):
            Corpus.open("again").preprocessor.tokens(["a rocket"])
        assert not opened
        Corpus.open(named(pipeline), trust=True).preprocessor.tokens(["a rocket"])
        assert opened == [pipeline]

    def test_a_folder_with_the_name_of_a_published_pipeline_is_not_opened(self, named, tmp_path):
        import spacy

        spacy.blank("en").to_disk(tmp_path / "de_core_news_sm")
        corpus = Corpus.open(named("de_core_news_sm"))
        with pytest.raises(InputError, match=r"cannot be opened.*no package of this name"):
            corpus.preprocessor.tokens(["a rocket"])

    def test_ones_own_pipeline_is_opened_again(self, tmp_path):
        import spacy

        spacy.blank("en").to_disk(tmp_path / "mine")
        preprocessor = Preprocessor(pipeline=str(tmp_path / "mine"), lemmatize=False, max_df=1.0)
        Corpus.from_texts(["rocket orbit", "moon rocket"], preprocessor).save(tmp_path / "c")
        assert Corpus.open(tmp_path / "c").preprocessor.tokens(["a rocket"]) == [["rocket"]]
