"""``topicml drift`` and ``topicml effects``, and the words of slices after edits."""

import csv
import json
import random
import shutil

import pandas as pd
import pytest

import topicml as package
from topicml import explore


@pytest.fixture(scope="module")
def fitted(topicml, themes, tmp_path_factory):
    """A run with time and a formula: the theme sport begins in March, and the side follows the theme of space."""
    pytest.importorskip("formulaic")
    folder = tmp_path_factory.mktemp("moving")
    draw = random.Random(0)
    with open(folder / "dated.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "when", "side", "age"))
        for i in range(150):
            theme = [*themes][i % (2 if i < 75 else 3)]
            side = "left" if (theme == "space") != (draw.random() < 0.2) else "right"
            text = " ".join(draw.choices(themes[theme].split(), k=15))
            writer.writerow((text, f"2024-{1 + i // 30:02}-{1 + i % 28:02}", side, i % 7))
    options = ("--text-column", "text", "--topics", "4", "--time", "when", "--by", "month", "--epochs", "6")
    options += ("--prevalence", "~ side + age", "--set", "hidden=16", "--no-report", "--out", folder / "run")
    outcome = topicml("fit", folder / "dated.csv", *options)
    assert outcome.code == 0, outcome.err
    return folder / "run"


@pytest.fixture
def run(fitted, tmp_path):
    """A copy, to edit."""
    return shutil.copytree(fitted, tmp_path / "run")


@pytest.fixture(scope="module")
def plain(topicml, documents, small, tmp_path_factory):
    """A run without time and formula."""
    out = tmp_path_factory.mktemp("plain") / "run"
    options = ("--text-column", "body text", "--epochs", "1", "--no-report", "--out", out)
    assert topicml("fit", documents, *small, *options).code == 0
    return out


def table_of(run):
    opened = package.open_run(run)
    return explore.drift(explore.TopicView.of(opened.model, opened.corpus, theta=opened.theta), n=3)


def test_drift_prints_what_moved(topicml, fitted):
    table = table_of(fitted)
    shown = topicml("drift", fitted, "-n", "3")
    assert shown.code == 0, shown.err
    for row in table.itertuples():
        assert all(text in shown.out for text in (row.label, row.come, row.go, row.most_in))
    assert "born or gone" in shown.out and set(table["born"]) - {""}
    found = json.loads(topicml("drift", fitted, "-n", "3", "--format", "json").out)
    assert pd.DataFrame(found)[list(table)].round(6).equals(table.round(6))
    assert json.loads(topicml("drift", fitted, "--format", "json").out)[0]["come"].count(",") == 4  # five by default


def test_drift_writes_a_file(topicml, fitted, tmp_path):
    out = tmp_path / "drift.csv"
    result = topicml("drift", fitted, "-n", "3", "--out", out)
    assert result.code == 0 and not result.out and "4 topics" in result.err
    written = pd.read_csv(out, keep_default_na=False)
    assert list(written) == list(table_of(fitted)) and written["go"].tolist() == table_of(fitted)["go"].tolist()
    again = topicml("drift", fitted, "--out", out)
    assert again.refused and "--overwrite" in again.err
    assert topicml("drift", fitted, "--out", out, "--overwrite").code == 0
    assert topicml("drift", fitted, "--out", tmp_path / "a.doc").refused
    assert topicml("drift", fitted, "--out", "-").refused


def test_drift_without_time_is_refused_in_words(topicml, plain):
    result = topicml("drift", plain)
    assert result.refused and "do not move over time" in result.err and "--time …" in result.err


def test_drift_of_documents_without_the_column(topicml, fitted, documents):
    result = topicml("drift", fitted, "--source", documents, "--text-column", "body text")
    assert result.refused and "no field 'when'" in result.err


def test_drift_of_standard_input(topicml, fitted, typed):
    typed(b'{"text": "rocket orbit moon", "when": "2024-01-03"}\n{"text": "oven butter flour", "when": "2024-05-03"}\n')
    options = ("--source", "-", "--stdin-format", "jsonl", "--text-column", "text", "--format", "json")
    result = topicml("drift", fitted, *options)
    assert result.code == 0 and len(json.loads(result.out)) == 4
    alone = topicml("drift", fitted, "--stdin-format", "jsonl")
    assert alone.refused and "pass --source" in alone.err


def test_a_run_in_which_no_topic_is_born(topicml, run):
    topicml("merge", run, "0", "1", "2", "3")
    shown = topicml("drift", run)
    assert shown.code == 0 and "No topic is born or gone" in shown.out


def test_effects_are_those_of_python(topicml, fitted, tmp_path):
    opened = package.open_run(fitted)
    found = explore.effects(opened.model, opened.corpus)
    rows = json.loads(topicml("effects", fitted, "--format", "json").out)
    assert [row["term"] for row in rows[:3]] == ["Intercept", "side[T.right]", "age"]
    assert pd.DataFrame(rows).round(6).equals(found.table().round(6))
    by = json.loads(topicml("effects", fitted, "--by", "side", "--topic", "1", "--format", "json").out)
    assert pd.DataFrame(by).round(6).equals(found.marginal("side", topics=[1]).round(6))
    options = ("--contrast", "side", "left", "right", "--draws", "50", "--level", "0.8", "--seed", "3")
    other = explore.effects(opened.model, opened.corpus, draws=50, level=0.8, seed=3)
    out = tmp_path / "effects.csv"
    assert "4 rows" in topicml("effects", fitted, *options, "--out", out).err
    assert pd.read_csv(out).round(6).equals(other.contrast("side", "left", "right").round(6))
    shown = topicml("effects", fitted, "--contrast", "side", "left", "right")
    assert "side: left - right" in shown.out and "low_bootstrap" not in shown.out
    age = topicml("effects", fitted, "--formula", "~ age", "--topic", "2", "--topic", "0")
    assert [line.split()[0] for line in age.out.splitlines()[1:]] == ["2", "2", "0", "0"]


def test_effects_of_a_run_without_prevalence(topicml, plain):
    result = topicml("effects", plain)
    assert result.refused and "without --prevalence. Pass a formula: --formula" in result.err
    assert topicml("effects", plain, "--formula", "~ theme", "--draws", "5").code == 0


def test_of_many_topics_the_first_are_printed(topicml, fitted, monkeypatch):
    monkeypatch.setattr("topicml.cli.effects._SHOWN", 2)
    few = topicml("effects", fitted, "--draws", "5")
    assert {line.split()[0] for line in few.out.splitlines()[1:]} == {"0", "1"} and "first 2 of 4 topics" in few.err
    chosen = topicml("effects", fitted, "--draws", "5", *(each for k in "0123" for each in ("--topic", k)))
    assert {line.split()[0] for line in chosen.out.splitlines()[1:]} == set("0123") and "first 2" not in chosen.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--by", "side", "--contrast", "side", "left", "right"), "pass one of them"),
        (("--by", "colour"), "'colour' is not in the formula"),
        (("--contrast", "side", "left", "middle"), "no level 'middle'"),
        (("--topic", "9"), "no topic 9"),
        (("--level", "1.5"), "between 0 and 1"),
        (("--formula", "~ colour"), "no field 'colour'"),
    ],
)
def test_effects_that_cannot_be_shown(topicml, fitted, options, message):
    result = topicml("effects", fitted, *options)
    assert result.refused and message in " ".join(result.err.split())


def test_words_of_a_slice_have_the_edits(topicml, run):
    for edit in (("rename", 1, "My topic"), ("hide", 3), ("merge", 0, 2)):
        assert topicml(edit[0], run, *edit[1:]).code == 0
    view = explore.TopicView.of(package.load(run))
    found = json.loads(topicml("topics", run, "--at", "2024-02", "-n", "4", "--format", "json").out)
    assert found == view.topics_at("2024-02", 4) and len(found) == 3
    lines = topicml("topics", run, "--at", "2024-02", "-n", "4").out.splitlines()
    assert lines[0].split() == ["topic", "label", "words"]
    assert [line.split()[0] for line in lines[1:]] == ["0", "1"]
    assert lines[2].split() == ["1", "My", "topic", *found[1]]
