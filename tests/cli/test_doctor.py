"""``topicml doctor``: it tells what is here and what is not, and never fails."""

import configparser
import json
import sys
from importlib import metadata
from pathlib import Path

import pytest

from topicml.cli import doctor as module

SETTINGS = configparser.ConfigParser()
SETTINGS.read(Path(__file__).parents[2] / "setup.cfg", "utf-8")


def examined(topicml):
    outcome = topicml("doctor", "--format", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_versions_are_those_of_the_packages(topicml):
    versions = {row["package"]: row["version"] for row in examined(topicml)["versions"]}
    for name in ("torch", "pyro-ppl", "spacy", "scikit-learn"):
        assert versions[name] == metadata.version(name)
    assert versions["Python"].startswith(".".join(map(str, sys.version_info[:3])))


def test_every_extra_that_a_user_may_want_is_told(topicml):
    wanted = set(SETTINGS["options.extras_require"]) - {"test", "docs", "lint"}
    assert {row["extra"] for row in examined(topicml)["optional_parts"]} == wanted


def test_what_is_missing_comes_with_the_line_that_gets_it(topicml, monkeypatch):
    found = module.version_of
    monkeypatch.setattr(module, "version_of", lambda name: None if name in ("plotly", "fastapi") else found(name))
    parts = {row["extra"]: row for row in examined(topicml)["optional_parts"]}
    assert parts["plots"]["state"] == "missing" and parts["plots"]["to_get_it"] == "pip install 'topicml[plots]'"
    assert parts["serve"]["state"] == "in part" and parts["serve"]["missing"] == "fastapi"
    out = topicml("doctor").out
    assert "pip install 'topicml[plots]'" in out and "pip install 'topicml[plots,serve]'" in out


def test_a_torch_that_does_not_load_is_told_not_raised(topicml, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    outcome = topicml("doctor")
    assert outcome.code == 0 and "cannot be imported" in outcome.out


def test_an_installation_that_is_not_whole_is_told(topicml, monkeypatch):
    found = module.version_of
    monkeypatch.setattr(module, "version_of", lambda name: None if name == "gensim" else found(name))
    assert "The installation is incomplete: gensim missing" in topicml("doctor").out


def test_files_are_where_they_are_looked_for(topicml, monkeypatch, tmp_path):
    (tmp_path / "corpora" / "BBC_News").mkdir(parents=True)
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path))
    places = {row["what"]: row["where"] for row in examined(topicml)["files"]}
    assert str(tmp_path / "corpora") in places["fetched corpora"] and "BBC_News" in places["fetched corpora"]
    assert "en" in places["lookup lemmas of spaCy"]


@pytest.mark.parametrize(
    "requirement", ['plotly>=6; extra == "plots"', "plotly>=6 ; python_version>'3' and extra=='plots'"]
)
def test_an_installed_package_tells_its_extras(monkeypatch, requirement, tmp_path):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "topicml" / "cli" / "doctor.py"))
    listed = [requirement, 'topicml[plots]; extra == "all"', "numpy>=1.26"]
    monkeypatch.setattr(module.metadata, "requires", lambda name: listed)
    assert module.extras() == {"plots": ["plotly"], "all": ["plotly"]}
