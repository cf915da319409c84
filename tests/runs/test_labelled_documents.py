"""The file of labelled documents that a run writes."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest

import topicml
from topicml.errors import InputError, TopicWarning
from topicml.runs import fit_run, resume_run
from topicml.runs.rows import COLUMNS, automatic_labels, label_rows, note_of
from topicml.runs.tables import added_columns, table_writer, write_table


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_resumed_run_writes_the_file_that_was_asked_for(source, settings, interrupt, tmp_path):
    for name in ("documents.csv", "rows.tsv"):
        folder = tmp_path / name.partition(".")[0]
        with interrupt():
            fit_run(settings(source), folder, documents=name, progress=False)
        assert resume_run(folder, progress=False) is not None
        assert (folder / name).is_file()
    whole = tmp_path / "whole"
    fit_run(settings(source), whole, progress=False)
    assert (whole / "documents.csv").read_bytes() == (tmp_path / "documents" / "documents.csv").read_bytes()


def test_rows_have_the_columns_of_the_source_and_the_labels_of_the_topics(source, settings, tmp_path):
    fit_run(settings(source), tmp_path / "run", progress=False)
    rows = rows_of(tmp_path / "run" / "documents.csv")
    assert list(rows[0]) == ["text", "other", "label", *(f"topicml_{n}" if n == "label" else n for n in COLUMNS)]
    topics = topicml.open_run(tmp_path / "run").topics(10)
    for row in rows:
        topic = int(row["topic"])
        assert row["topicml_label"] == automatic_labels(topics)[topic] and row["unknown_share"] == "0.0"
    with open(tmp_path / "run" / "labels.csv", newline="") as stream:
        assert [(row["label"], row["words"]) for row in csv.DictReader(stream)] == [
            ("", " ".join(words)) for words in topics
        ]
    assert not topicml.open_run(tmp_path / "run").is_edited


def test_a_run_of_an_earlier_version_without_these_files_opens(source, settings, tmp_path):
    fit_run(settings(source), tmp_path / "run", documents=None, progress=False)
    (tmp_path / "run" / "labels.csv").unlink()
    run = topicml.open_run(tmp_path / "run")
    assert not run.is_edited and run.model.edits_ is None and not (run.folder / "documents.csv").exists()


def test_an_unknown_suffix_is_refused_before_the_fit(source, settings, tmp_path):
    with pytest.raises(InputError, match="ends in"):
        fit_run(settings(source), tmp_path / "run", documents="documents.doc", progress=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="no suffix"):
        table_writer(tmp_path / "documents")


def test_json_lines_have_null_for_numbers_that_json_has_not(tmp_path):
    inf, nan = float("inf"), float("nan")
    columns = {
        "number": [inf, 1.5],
        "single": pa.array([-inf, 2.5], pa.float32()),
        "vector": [[nan, 1.0], [inf]],
        "record": [{"a": -inf}, {"a": 1.0}],
    }
    write_table(tmp_path / "t.jsonl", pa.table(columns))
    lines = (tmp_path / "t.jsonl").read_text().splitlines()
    assert [json.loads(line, parse_constant=pytest.fail) for line in lines] == [
        {"number": None, "single": None, "vector": [None, 1.0], "record": {"a": None}},
        {"number": 1.5, "single": 2.5, "vector": [None], "record": {"a": 1.0}},
    ]


def test_automatic_labels_have_no_number_and_differ():
    words = [["a", "b", "c", "d", "e", "x"], ["a", "b", "c", "d", "e", "y"], ["k", "l"], ["a", "b", "c", "z"]]
    assert automatic_labels(words) == ["a, b, c, d, e, x", "a, b, c, d, e, y", "k, l", "a, b, c, z"]


def test_an_automatic_label_shows_the_beginning_of_a_long_word():
    assert automatic_labels([["a" * 61, "b" * 60]]) == [f"{'a' * 59}…, {'b' * 60}"]


def test_a_note_on_one_known_word_is_in_the_singular():
    assert note_of(3, 1) == "only 1 of 3 words is known" and note_of(5, 2) == "only 2 of 5 words are known"
    assert note_of(2, 1) == "only 1 known word" and note_of(3, 2) == "only 2 known words"


def test_all_proportions_get_the_prefix_if_one_is_taken():
    rows = label_rows(np.eye(2), np.eye(2), np.ones(2), np.ones(2), ["a", "b"])
    with pytest.warns(TopicWarning, match="columns named theta_0 already"):
        columns = added_columns(rows, np.eye(2), ["text", "theta_0"])
    assert list(columns) == [*COLUMNS, "topicml_theta_0", "topicml_theta_1"]
    assert list(added_columns(rows, np.eye(2), ["text", "theta_2"])) == [*COLUMNS, "theta_0", "theta_1"]
    with pytest.warns(TopicWarning):
        again = added_columns(rows, np.eye(2), ["theta_1", "topicml_theta_1"])
    assert list(again) == [*COLUMNS, "topicml_theta_0", "topicml_topicml_theta_1"]
