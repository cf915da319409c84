"""``topicml docs``: documents that stand for topics, shown and written."""

import csv
import json
import shutil

import pyarrow.parquet as pq
import pytest


def test_all_topics_or_one(topicml, run_folder):
    out = topicml("docs", run_folder, "-n", "2").out
    assert [line.split(":")[0] for line in out.splitlines() if line.startswith("Topic")] == [
        f"Topic {k}" for k in range(3)
    ]
    assert out.count("; words: ") == 6
    one = topicml("docs", run_folder, 1, "-n", "2").out
    assert one.startswith("Topic 1") and one.strip() in out


def test_files_hold_what_json_prints(topicml, run_folder, documents, tmp_path):
    rows = json.loads(topicml("docs", run_folder, "-n", "4", "--format", "json").out)
    texts = [line.split(",")[1] for line in documents.read_text().splitlines()[1:]]
    assert len(rows) == 12 and all(row["text"] == texts[row["document"]] for row in rows)
    for suffix in (".csv", ".parquet", ".jsonl"):
        outcome = topicml("docs", run_folder, "-n", "4", "--out", tmp_path / f"docs{suffix}")
        assert outcome.code == 0 and not outcome.out and "12 documents of 3 topics" in outcome.err
    assert pq.read_table(tmp_path / "docs.parquet").to_pylist() == rows
    assert [json.loads(line) for line in (tmp_path / "docs.jsonl").read_text("utf-8").splitlines()] == rows
    with open(tmp_path / "docs.csv", encoding="utf-8", newline="") as stream:
        for read, row in zip(csv.DictReader(stream), rows, strict=True):
            assert read["text"] == row["text"] and int(read["document"]) == row["document"]
            assert read["words"].split() == row["words"]


@pytest.mark.parametrize("diversity", ["0", "1"])
def test_diversity_is_that_of_the_library(topicml, run_folder, documents, diversity):
    rows = json.loads(topicml("docs", run_folder, 0, "-n", "3", "--diversity", diversity, "--format", "json").out)
    if diversity == "0":
        assert [row["proportion"] for row in rows] == sorted((row["proportion"] for row in rows), reverse=True)
    assert len({row["document"] for row in rows}) == 3


def test_refuses_and_keeps(topicml, run_folder, tmp_path):
    there = tmp_path / "there.csv"
    there.write_text("mine")
    assert "exists already" in topicml("docs", run_folder, "--out", there).err and there.read_text() == "mine"
    assert topicml("docs", run_folder, "--out", there, "--overwrite").code == 0 and there.read_text() != "mine"
    outcome = topicml("docs", run_folder, "--out", tmp_path / "docs.xlsx")
    assert outcome.refused and ".xlsx" in outcome.err and ".parquet" in outcome.err
    assert "topics are 0 to 2" in topicml("docs", run_folder, 3).err
    outcome = topicml("docs", run_folder / "model")
    assert outcome.refused and "There are no documents to show" in outcome.err and "--source FILE" in outcome.err


def test_documents_that_are_gone_are_asked_for(topicml, run_folder, tmp_path):
    copied = shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((copied / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(tmp_path / "gone.csv")
    (copied / "run.json").write_text(json.dumps(record))
    outcome = topicml("docs", copied)
    assert outcome.refused and "gone.csv" in outcome.err and "--source FILE" in outcome.err
