"""``topicml fit --parents``, ``topicml topics`` of a tree, and parents in grids."""

import json

import pytest

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


@pytest.mark.parametrize("value", ["x", "2,", "-1", "2.5"])
def test_values_that_are_refused(topicml, documents, value):
    result = topicml("fit", documents, "--parents", value)
    assert result.refused and "--parents takes" in result.err


def test_two_ways_to_set_it_are_refused(topicml, documents):
    result = topicml("fit", documents, "--parents", "2", "--set", "parents=3")
    assert result.refused and "same parameter" in result.err


def test_too_many_parents_are_refused(topicml, documents):
    result = topicml("fit", documents, "--text-column", "body text", "--topics", "4", "--parents", "4")
    assert result.refused and "fewer nodes" in result.err


def test_a_cut_of_a_flat_run_is_refused(topicml, documents, small, tmp_path):
    out = tmp_path / "run"
    topicml("fit", documents, *small, "--text-column", "body text", "--no-report", "--epochs", "1", "--out", out)
    result = topicml("topics", out, "--cut", "2")
    assert result.refused and "without a tree" in result.err


def test_grids_have_parents():
    config = {"corpora": ["lee"], "models": ["ProdLDA"], "settings": {"tree": {"parents": [2, 5]}}}
    assert experiment_from(config).settings["tree"]["parents"] == [2, 5]
