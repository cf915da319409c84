"""``topicml fit --parents``, ``topicml topics`` of a tree, and parents in grids."""

import json

import pytest

import topicml as package
from topicml.experiment import experiment_from


def test_a_run_prints_its_tree(topicml, documents, tmp_path):
    out = tmp_path / "run"
    options = ("--text-column", "body text", "--no-report", "--out", out, "--min-df", "1", "--epochs", "2")
    result = topicml("fit", documents, "--topics", "4", "--parents", "2", *options)
    assert result.code == 0, result.err
    lines = topicml("topics", out, "-n", "3").out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("1.", "2."))].count("1.") >= 1
    assert len([line for line in lines if line.split() and line.split()[0] in ("1.", "2.")]) == 6
    assert json.loads((out / "run.json").read_text())["configuration"]["parameters"]["parents"] == [2]
    assert len(json.loads(topicml("topics", out, "--cut", "3", "--format", "json").out)) == 3
    assert len(json.loads(topicml("topics", out, "--format", "json").out)) == 4


def test_parents_that_seeds_name(topicml, documents, tmp_path):
    seeds = tmp_path / "seeds.toml"
    seeds.write_text('"a/moon" = ["moon", "orbit"]\n"a/oven" = ["oven", "bread"]\n"b/goal" = ["goal"]\n')
    out = tmp_path / "run"
    options = ("--text-column", "body text", "--out", out, "--epochs", "2", "--seeds", seeds, "--report")
    result = topicml("fit", documents, "--topics", "5", "--parents", "3", *options)
    assert result.code == 0, result.err
    model = package.load(out)
    cut = topicml("topics", out, "--cut", "3", "-n", "2").out.splitlines()
    names = [name or "-" for name in model.parent_names_]
    assert [line.split()[:2] for line in cut[1:]] == [[str(k), name] for k, name in enumerate(names)]
    tree = [line.split()[:2] for line in topicml("topics", out, "-n", "2").out.splitlines()]
    assert [f"{model.parents_[0] + 1}.", "a"] in tree and [f"{model.parents_[2] + 1}.", "b"] in tree
    assert "<b><bdi>a</bdi></b>" in (out / "report.html").read_text("utf-8")
    for edit in (("rename", 3, "three"), ("hide", 2), ("merge", 0, 3)):
        assert topicml(edit[0], out, *edit[1:]).code == 0
    edited = topicml("topics", out, "--cut", "5", "-n", "2")
    assert [line.split()[0] for line in edited.out.splitlines()[1:]] == ["1", "4"]  # 2 is hidden, 0 and 3 are one
    assert "do not change these words" in edited.err
    assert len(json.loads(topicml("topics", out, "--cut", "5", "--format", "json").out)) == 5


def test_a_name_of_a_topic_is_that_of_its_cut(topicml, documents, tmp_path):
    out = tmp_path / "run"
    options = ("--text-column", "body text", "--no-report", "--out", out, "--epochs", "1")
    topicml("fit", documents, "--topics", "3", "--parents", "2", *options)
    topicml("rename", out, "1", "Cooking")
    shown = topicml("topics", out, "--cut", "3", "-n", "2")
    assert [line.split()[1] for line in shown.out.splitlines()] == ["label", "-", "Cooking", "-"] and not shown.err


@pytest.mark.parametrize("value", ["x", "2,", "-1", "2.5"])
def test_values_that_are_refused(topicml, documents, value):
    result = topicml("fit", documents, "--parents", value)
    assert result.refused and "--parents takes" in result.err


def test_two_ways_to_set_it_are_refused(topicml, documents):
    result = topicml("fit", documents, "--parents", "2", "--set", "parents=3")
    assert result.refused and "same parameter" in result.err


def test_too_many_parents_are_refused(topicml, documents):
    result = topicml("fit", documents, "--text-column", "body text", "--topics", "4", "--parents", "4")
    assert result.refused and "fewer parents than topics" in result.err


def test_a_cut_of_a_flat_run_is_refused(topicml, documents, small, tmp_path):
    out = tmp_path / "run"
    topicml("fit", documents, *small, "--text-column", "body text", "--no-report", "--epochs", "1", "--out", out)
    result = topicml("topics", out, "--cut", "2")
    assert result.refused and "without a tree" in result.err


def test_grids_have_parents():
    config = {"corpora": ["lee"], "models": ["ProdLDA"], "settings": {"tree": {"parents": [2, 5]}}}
    assert experiment_from(config).settings["tree"]["parents"] == [2, 5]
