"""Topics are named by phrases of the texts: in tables, rows and the report."""

import csv
import random

import pytest

import topicml as package
from topicml.explore import TopicView


@pytest.fixture(scope="module")
def phrased(tmp_path_factory):
    """Texts of two subjects; each says a phrase again and again."""
    path = tmp_path_factory.mktemp("phrased") / "texts.csv"
    draw = random.Random(0)
    subjects = {"Prime Minister": "vote party law poll tax seat", "stock market": "bank share loan price fund bond"}
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text"])
        for i in range(120):
            phrase = [*subjects][i % 2]
            words = subjects[phrase].split()
            writer.writerow([" ".join([*draw.choices(words, k=5), phrase, *draw.choices(words, k=5)])])
    return path


@pytest.fixture(scope="module")
def run(topicml, phrased, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    result = topicml("fit", phrased, "--topics", "2", "--epochs", "6", "--max-df", "1.0", "--out", out, "--report")
    assert result.code == 0, result.err
    assert "Prime Minister" in result.out and result.out.splitlines()[0].split() == ["topic", "label", "words"]
    return out


def test_tables_rows_and_the_report_have_one_name(topicml, run):
    labels = TopicView.of(package.load(run)).labels
    assert sum("Prime Minister" in label for label in labels) == sum("stock market" in label for label in labels) == 1
    shown = topicml("topics", run)
    assert all(label in shown.out for label in labels)
    assert topicml("topics", run / "model").out == shown.out
    with open(run / "documents.csv", encoding="utf-8", newline="") as stream:
        assert {row["label"] for row in csv.DictReader(stream)} == {*labels}
    page = (run / "report.html").read_text("utf-8")
    assert all(f"<bdi>{label}</bdi></b>" in page for label in labels)
    assert labels[0] in topicml("transform", run).out
    assert labels[1] in topicml("show", run, "1", "--no-documents").out


def test_edits_and_ways_back_to_words(topicml, run, phrased, tmp_path):
    copied = tmp_path / "run"
    options = ("--topics", "2", "--epochs", "6", "--max-df", "1.0", "--no-report")
    assert topicml("fit", phrased, *options, "--names", "words", "--out", copied).code == 0
    words = topicml("topics", copied)
    assert words.out.splitlines()[0].split() == ["topic", "words"] and "Prime Minister" not in words.out
    renamed = topicml("rename", run, "0", "Mine")
    try:
        assert "Mine" in renamed.out and TopicView.of(package.load(run)).labels[1] in renamed.out
    finally:
        topicml("undo", run)
    assert topicml("fit", phrased, *options, "--names", "letters").code == 2
