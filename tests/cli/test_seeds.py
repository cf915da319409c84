"""``topicml fit --seeds``, and seeds in grids."""

import csv
import json

import pytest

from topicml.experiment import experiment_from


@pytest.fixture
def seeds(tmp_path):
    path = tmp_path / "seeds.toml"
    path.write_text('kitchen = ["onion", "oven"]\nspace = ["comet"]\n')
    return path


def test_a_run_has_the_names_of_its_seeds(topicml, documents, small, seeds, tmp_path):
    out = tmp_path / "run"
    options = ("--text-column", "body text", "--seeds", seeds, "--no-report", "--out", out)
    result = topicml("fit", documents, *small, "--epochs", "3", *options)
    assert result.code == 0, result.err
    assert "label" in result.out and "kitchen" in result.out
    with open(out / "labels.csv", encoding="utf-8", newline="") as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == ["kitchen", "space", ""]
    with open(out / "documents.csv", encoding="utf-8", newline="") as stream:
        assert {"kitchen", "space"} <= {row["label"] for row in csv.DictReader(stream)}
    configuration = json.loads((out / "run.json").read_text())["configuration"]
    assert configuration["parameters"]["seeds"] == {"kitchen": ["onion", "oven"], "space": ["comet"]}
    assert "kitchen" in topicml("topics", out).out


def test_seeds_that_cannot_be_read_are_refused(topicml, documents, tmp_path):
    result = topicml("fit", documents, "--seeds", tmp_path / "nowhere.toml")
    assert result.refused and "cannot be read" in result.err


def test_grids_read_seeds_from_a_file_beside_them(seeds):
    config = {"corpora": ["lee"], "models": ["ProdLDA"], "settings": {"seeded": {"seeds": "seeds.toml"}}}
    experiment = experiment_from(config, seeds.parent)
    assert experiment.settings["seeded"]["seeds"] == {"kitchen": ["onion", "oven"], "space": ["comet"]}
