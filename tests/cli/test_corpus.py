"""``topicml corpus``, and ``topicml fit`` and ``transform`` with what it built and with many files."""

import shutil

import pyarrow.parquet as pq
import pytest

import topicml as package

SMALL = ("--topics", "3", "--epochs", "2", "--set", "hidden=16", "--no-report", "--quiet")
COLUMNS = ("--text-column", "body text")


def test_corpus_builds_what_fit_reads_and_many_files_are_labelled(topicml, documents, tmp_path):
    parts = tmp_path / "parts"
    outcome = topicml("corpus", documents, *COLUMNS, "--out", parts, "--shard-rows", 40, "--jobs", 1)
    assert outcome.code == 0 and "90 documents" in outcome.err and "documents/s" in outcome.err
    assert len(list(parts.glob("part-*"))) == 3
    whole = package.Corpus.read(documents, text_column="body text")
    assert package.Corpus.open(parts).fingerprint == whole.fingerprint
    assert topicml("fit", parts, *SMALL, "--out", tmp_path / "run").code == 0
    (tmp_path / "data").mkdir()
    for name in "ab":
        shutil.copy(documents, tmp_path / "data" / f"{name}.csv")
    outcome = topicml("transform", tmp_path / "run", tmp_path / "data" / "*.csv", *COLUMNS, "--out", tmp_path / "t")
    assert outcome.code == 0 and "180 documents labelled" in outcome.err
    assert {path.name for path in (tmp_path / "t").iterdir()} == {"a.parquet", "b.parquet"}
    assert "topic" in pq.read_schema(tmp_path / "t" / "a.parquet").names


def test_an_existing_corpus_is_not_replaced(topicml, documents, tmp_path):
    package.Corpus.from_tokens([["a"]]).save(tmp_path / "c")
    outcome = topicml("corpus", documents, *COLUMNS, "--out", tmp_path / "c", "--jobs", 1)
    assert outcome.refused and "exists already" in outcome.err


def test_options_that_contradict_each_other_are_refused(topicml, documents, tmp_path):
    out = ("--out", tmp_path / "out")
    assert "--tokenized" in topicml("corpus", documents, *out, "--tokenized", "--min-df", "2").err
    assert topicml("transform", tmp_path, documents, "--workers", "2").refused
    assert topicml("transform", tmp_path, documents, "--cluster", "local", "--out", tmp_path / "a.csv").refused
    assert "--workers is for --cluster local" in topicml("corpus", documents, *out, "--workers", "2").err
    address = ("--cluster", "tcp://127.0.0.1:9")
    assert "--workers is for --cluster local" in topicml("corpus", documents, *out, *address, "--workers", "2").err
    assert "--jobs is for processes" in topicml("corpus", documents, *out, *address, "--jobs", "2").err


def test_workers_of_a_cluster_build_the_same_corpus(topicml, documents, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    arguments = ("corpus", documents, *COLUMNS, "--shard-rows", 40, "--min-df", 2)
    assert topicml(*arguments, "--out", tmp_path / "one", "--jobs", 1).code == 0
    outcome = topicml(*arguments, "--out", tmp_path / "two", "--cluster", "local", "--workers", 1)
    assert outcome.code == 0 and "90 documents" in outcome.err and "documents/s" in outcome.err
    one, two = (package.Corpus.open(tmp_path / name) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint and one.fields.table.equals(two.fields.table)


def test_a_cluster_that_does_not_answer_is_refused(topicml, documents, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    out = ("--out", tmp_path / "out", "--cluster", "tcp://127.0.0.1:9", "--timeout", 1)
    outcome = topicml("corpus", documents, *COLUMNS, *out)
    assert outcome.refused and "did not answer within 1 seconds" in outcome.err
    assert not list(tmp_path.glob("out*"))
