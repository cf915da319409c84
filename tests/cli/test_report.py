"""``topicml report``, and report.html at the end of a fit."""

import json
import shutil

import pytest


@pytest.fixture
def copied(run_folder, tmp_path):
    """A copy of a run, which may be changed."""
    return shutil.copytree(run_folder, tmp_path / "run")


def test_a_fit_ends_with_a_whole_report(run_folder, documents):
    html = (run_folder / "report.html").read_text("utf-8")
    record = json.loads((run_folder / "run.json").read_text())
    assert record["command"].startswith("topicml fit") and "--label-column theme" in record["command"]
    assert "--out" not in record["command"]
    assert "Topics of documents" in html and "90 documents" in html and "By theme" in html
    assert "rocket" in html and record["versions"]["torch"] in html
    assert str(documents.parent) not in html, "the page is sent around: it tells no folders"


def test_report_reads_again_what_was_fitted(topicml, run_folder, copied, tmp_path):
    outcome = topicml("report", copied, "-o", tmp_path / "again.html")
    assert outcome.code == 0 and not outcome.out and "again.html" in outcome.err
    assert (tmp_path / "again.html").read_text("utf-8") == (run_folder / "report.html").read_text("utf-8")


def test_report_of_other_documents(topicml, copied, write, tmp_path):
    other = write(tmp_path / "other.csv", 30, 1)
    outcome = topicml("report", copied, other, "--text-column", "body text", "--by", "theme", "--overwrite")
    assert outcome.code == 0, outcome.err
    html = (copied / "report.html").read_text("utf-8")
    assert "30 documents" in html and "Documents: other.csv" in html and "By theme" in html


def test_without_the_documents_the_report_says_what_is_missing(topicml, copied, tmp_path):
    record = json.loads((copied / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(tmp_path / "gone.csv")
    (copied / "run.json").write_text(json.dumps(record))
    outcome = topicml("report", copied, "--overwrite")
    assert outcome.code == 0 and "gone.csv" in outcome.err and "topicml report DIR SOURCE" in outcome.err
    html = (copied / "report.html").read_text("utf-8")
    assert "Written without documents" in html and "gone.csv" in html and str(tmp_path) not in html
    assert topicml("report", copied, "--by", "theme", "--overwrite").refused


def test_changed_documents_are_told(topicml, copied, write, tmp_path):
    record = json.loads((copied / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(write(tmp_path / "changed.csv", 60, 2))
    (copied / "run.json").write_text(json.dumps(record))
    assert topicml("report", copied, "--trust", "--overwrite").code == 0
    html = (copied / "report.html").read_text("utf-8")
    assert "changed after the fit" in html and "60 documents" in html


def test_a_saved_model_has_a_report_too(topicml, copied, tmp_path):
    outcome = topicml("report", copied / "model", "-o", tmp_path / "model.html")
    assert outcome.code == 0 and "keeps no documents" in outcome.err
    assert (tmp_path / "model.html").is_file()


def test_refuses_with_a_reason(topicml, copied, documents, tmp_path):
    there = tmp_path / "there.html"
    there.write_text("mine")
    assert "exists already" in topicml("report", copied, "-o", there).err and there.read_text() == "mine"
    before = (copied / "report.html").read_bytes()
    refused = topicml("report", copied)  # the same rule for the report of the run
    assert refused.refused and "report.html exists already" in refused.err and "--overwrite" in refused.err
    assert (copied / "report.html").read_bytes() == before
    assert topicml("report", tmp_path / "nowhere").refused
    assert "is a folder" in topicml("report", copied, "-o", tmp_path).err
    assert "pass SOURCE" in topicml("report", copied, "--text-column", "x", "--overwrite").err
    outcome = topicml("report", copied, "--over", "nothing", "--overwrite")
    assert outcome.refused and "no field 'nothing'" in outcome.err
    assert "newer topicml" in _of_the_future(topicml, copied).err


def _of_the_future(topicml, folder):
    record = json.loads((folder / "run.json").read_text()) | {"format": 99}
    (folder / "run.json").write_text(json.dumps(record))
    return topicml("report", folder, "--overwrite")


def test_no_report_where_none_is_wanted_or_none_can_be(topicml, documents, small, tmp_path, monkeypatch):
    column = ("--text-column", "body text")
    assert topicml("fit", documents, *column, *small, "--out", tmp_path / "a", "--no-report").code == 0
    assert not (tmp_path / "a" / "report.html").exists()
    assert "pass --out" in topicml("fit", documents, *column, *small, "--report").err
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    outcome = topicml("fit", documents, *column, *small, "--out", tmp_path / "b")
    assert outcome.code == 0 and "No report.html" in outcome.err and "topicml[report]" in outcome.err
    outcome = topicml("fit", documents, *column, *small, "--out", tmp_path / "c", "--report")
    assert outcome.refused and not (tmp_path / "c").exists()


def test_calendar_units_and_classes_share_one_option(topicml, copied, tmp_path):
    rows = [
        f'{i},"{" ".join(["rocket orbit moon", "oven butter flour", "goal match team"][i % 3 : i % 3 + 1] * 4)}",'
        f"{'ab'[i % 2]},2024-{1 + i // 40:02}-{1 + i % 28:02}"
        for i in range(160)
    ]
    (tmp_path / "dated.csv").write_text("id,body text,kind,date\n" + "\n".join(rows))
    given = ("report", copied, tmp_path / "dated.csv", "--text-column", "body text")
    outcome = topicml(*given, "--over", "date", "--by", "month", "--by", "kind", "-o", tmp_path / "both.html")
    assert outcome.code == 0, outcome.err
    html = (tmp_path / "both.html").read_text("utf-8")
    assert "from Jan 2024 to Apr 2024" in html and "By kind" in html and "T00:00" not in html
    assert "no field 'fortnight'" in topicml(*given, "--by", "fortnight", "-o", tmp_path / "x.html").err
    assert "one calendar unit" in topicml(*given, "--over", "date", "--by", "month", "--by", "day", "--overwrite").err
    assert "one field of classes" in topicml(*given, "--by", "kind", "--by", "id", "--overwrite").err
