"""``merge``, ``split``, ``rename``, ``hide``, ``order``, ``undo``: edits that every command uses."""

import csv
import json
import shutil

import numpy as np
import pytest

import topicml as package
from topicml.explore import TopicView


@pytest.fixture
def run(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    return tmp_path / "run"


def labels_of(run):
    with open(run / "labels.csv", encoding="utf-8", newline="") as stream:
        return [row["label"] for row in csv.DictReader(stream)]


def test_a_merge_and_a_name_are_used_by_every_command(topicml, run, tmp_path):
    text = tmp_path / "new.csv"
    text.write_text("text\nrocket moon orbit planet\noven butter flour garlic\ngoal match team coach\nzzzz\n")
    outcome = topicml("merge", run, 0, 2)
    assert outcome.code == 0 and len(outcome.out.splitlines()) == 3, outcome.err
    assert "documents.csv" in outcome.err and "topicml transform" in outcome.err
    assert "topics.csv" in outcome.err and "numbers before all edits" in " ".join(outcome.err.split())
    assert topicml("rename", run, 0, "Two subjects").code == 0
    assert labels_of(run) == ["Two subjects", ""]
    # transform
    topicml("transform", run, text, "--out", tmp_path / "out.csv", "--theta")
    with open(tmp_path / "out.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["label"] for row in rows if row["topic"] == "0"} == {"Two subjects"}
    assert rows[3]["topic"] == "-1" and "theta_1" in rows[0] and "theta_2" not in rows[0]
    # topics, show, docs, search, report, load
    assert "Two subjects" in topicml("topics", run).out
    assert len(json.loads(topicml("topics", run, "--json").out)) == 2
    assert "Two subjects" in topicml("show", run, 0).out and topicml("show", run, 2).refused
    assert "Two subjects" in topicml("docs", run, 0).out
    assert "Two subjects" in topicml("search", run, "rocket").out + topicml("search", run, "goal").out
    assert topicml("report", run, "--overwrite").code == 0
    assert "Two subjects" in (run / "report.html").read_text()
    view = TopicView.of(package.load(run / "model"))
    assert view.labels[0] == "Two subjects" and view.n_topics == 2


def test_a_merge_tells_the_new_numbers_of_topics(topicml, run):
    said = " ".join(topicml("merge", run, 1, 0).err.split())  # in any order, the lowest number is kept
    assert "Topics 0, 1 are now topic 0. Topics after 1 have new numbers, as in this table: 2 is now 1." in said
    topicml("undo", run)
    said = " ".join(topicml("merge", run, 0, 2).err.split())
    assert "Topics 0, 2 are now topic 0." in said and "new numbers" not in said


def test_the_server_has_the_edits(topicml, run):
    from topicml.cli.serve import served_model

    topicml("rename", run, 1, "Named")
    topicml("hide", run, 2)
    for documents in (True, False):
        summaries = served_model(run, documents=documents).summaries()
        assert [each.topic for each in summaries] == [0, 1] and summaries[1].label == "Named"


def test_undo_by_name_and_of_the_last(topicml, run):
    topicml("rename", run, 2, "first")
    topicml("merge", run, 0, 1)
    topicml("rename", run, 0, "second")
    listed = topicml("edits", run).out
    assert [line.split("  ")[0] for line in listed.splitlines()[1:]] == ["rename 2", "merge 0 1", "rename 0"]
    assert topicml("undo", run, "merge", "0", "1").code == 0
    assert labels_of(run) == ["second", "", "first"]
    assert topicml("undo", run).code == 0 and labels_of(run) == ["", "", "first"]
    refused = topicml("undo", run, "rename 7")
    assert refused.refused and "rename 2" in refused.err
    assert topicml("undo", run).code == 0 and topicml("undo", run).refused
    assert "as they were fitted" in topicml("edits", run).err


def test_split_and_order(topicml, run):
    word = json.loads(topicml("topics", run, "--json").out)[1][0]
    assert topicml("split", run, 1, "--words", word).code == 0
    assert json.loads(topicml("topics", run, "--json").out)[3][0] == word
    assert topicml("order", run, 3).code == 0
    assert json.loads(topicml("topics", run, "--json").out)[0][0] == word
    assert topicml("split", run, 1).code == 0  # parts learned from the documents of the fit
    assert TopicView.of(package.load(run / "model")).n_topics == 5
    assert topicml("split", run, 9).refused


def test_names_written_into_labels_csv_are_used(topicml, run):
    with open(run / "labels.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for mark, delimiter in (("", ","), ("\ufeff", ";")):  # as a spreadsheet writes it, too
        with open(run / "labels.csv", "w", encoding="utf-8", newline="") as stream:
            stream.write(mark)
            writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows([{**row, "label": "By hand" if row["topic"] == "1" else ""} for row in rows])
        assert "By hand" in topicml("topics", run).out
        assert TopicView.of(package.load(run / "model")).labels[1] == "By hand"
    topicml("hide", run, 0)
    assert labels_of(run)[1] == "By hand" and "rename 1" in topicml("edits", run).out
    topicml("rename", run, 1, "")
    assert labels_of(run) == ["", "", ""]
    assert TopicView.of(package.load(run / "model")).given_labels[1] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("topic\n1\n", "columns topic and label"),
        ("topic,label\nx,a\n", "not a number"),
        ("topic,label\n1,a\n1,b\n", "twice"),
    ],
)
def test_a_wrong_labels_csv_is_told(topicml, run, content, message):
    (run / "labels.csv").write_text(content)
    outcome = topicml("topics", run)
    assert outcome.refused and message in outcome.err


def test_a_topic_that_labels_csv_names_must_exist(topicml, run):
    (run / "labels.csv").write_text("topic,label\n7,a\n")
    outcome = topicml("topics", run)
    assert outcome.refused and "topic 7" in outcome.err


@pytest.mark.parametrize(
    "arguments", [("merge", 1), ("merge", 0, 9), ("rename", 9, "x"), ("hide", 0, 1, 2), ("order", 1, 1), ("undo",)]
)
def test_wrong_edits_are_refused_and_change_nothing(topicml, run, arguments):
    outcome = topicml(arguments[0], run, *arguments[1:])
    assert outcome.refused, outcome
    assert not (run / "model" / "edits.json").exists()


def test_a_saved_model_can_be_edited_too(topicml, run):
    assert topicml("merge", run / "model", 0, 1).code == 0
    model = package.load(run / "model")
    assert TopicView.of(model).n_topics == 2 and len(model.components_) == 3
    np.testing.assert_allclose(TopicView.of(model).mass.sum(), 1, atol=1e-4)


def test_the_confidence_is_calibrated_to_labels_and_back(topicml, run, tmp_path):
    outcome = topicml("calibrate", run, "--label-column", "theme")
    assert outcome.code == 0 and "Error of the confidence" in outcome.err, outcome.err
    assert TopicView.of(package.load(run / "model")).calibration.target == "labels"
    topicml("rename", run, 0, "named")
    assert [line.split()[0] for line in topicml("edits", run).out.splitlines()[1:]] == ["rename", "calibrate"]
    assert topicml("undo", run, "calibrate").code == 0
    view = TopicView.of(package.load(run / "model"))
    assert view.calibration.target == "halves" and view.labels[0] == "named"
    assert topicml("calibrate", run, "--label-column", "nothing").refused


@pytest.mark.parametrize("command", [("rename", "-1", "X"), ("merge", "0", "-2"), ("show", "-1"), ("split", "-3")])
def test_negative_numbers_of_topics_are_told(topicml, run_folder, command):
    result = topicml(command[0], run_folder, *command[1:])
    number = next(each for each in command if each.startswith("-"))
    assert result.refused and f"There is no topic {number}: topics are counted from 0" in result.err
    assert "There is no topic -1" in topicml("rename", run_folder, "--", "-1", "X").err


def test_other_unknown_options_are_told_as_such(topicml, run_folder):
    assert "No such option" in topicml("rename", run_folder, "0", "X", "-z").err
    assert "No such option: -1" in topicml("topics", run_folder, "-1").err
