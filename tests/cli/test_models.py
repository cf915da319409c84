"""Models by name, and models of users, on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from topicml.cli.options import MODELS
from topicml.models import model_names, registry
from topicml.runs import fit as run_fit

MODULE = """
import topicml

class Wide(topicml.ProdLDA):
    pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the current folder that defines a model; forgotten afterwards."""
    (tmp_path / "my_wide_models.py").write_text(MODULE)
    (tmp_path / "my_registered_models.py").write_text(
        MODULE.replace("class Wide", "@topicml.models.register\nclass Registered")
    )
    (tmp_path / "my_broken_models.py").write_text("raise RuntimeError('not today')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(registry, "_registered", {})
    yield "my_wide_models"
    for name in ("my_wide_models", "my_registered_models", "my_broken_models"):
        sys.modules.pop(name, None)


def forget():
    registry._registered.clear()
    sys.modules.pop("my_wide_models", None)
    sys.modules.pop("my_registered_models", None)


def test_help_and_completion_have_the_models_of_topicml(topicml, monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    assert [name.lower() for name in model_names()] == list(MODELS)
    for command in ("fit", "sweep", "tune"):
        assert all(name in topicml(command, "--help").out for name in MODELS)


@pytest.mark.parametrize("command", ["fit", "sweep", "tune"])
def test_an_unknown_model_comes_with_what_is_known(topicml, documents, command, tmp_path):
    options = {"tune": ["--search", "alpha=0.1:1"]}.get(command, [])
    outcome = topicml(command, documents, *options, "--model", "prodlad", "--out", tmp_path / "out", "--quiet")
    assert outcome.refused and "There is no model 'prodlad'. Did you mean ProdLDA?" in outcome.err
    outcome = topicml(command, documents, *options, "--model", "xyzzy", "--out", tmp_path / "out", "--quiet")
    assert (
        outcome.refused
        and "ProdLDA, ETM, ECRTM, LDA2Vec, TSCTM, DocNADE" in outcome.err
        and "module:Class" in outcome.err
    )
    assert not (tmp_path / "out").exists()


def test_a_model_of_the_current_folder_fits(topicml, module, documents, run_folder, small, tmp_path):
    arguments = ("fit", documents, "--text-column", "body text", "--label-column", "theme", *small)
    outcome = topicml(*arguments, "--model", f"{module}:Wide", "--out", tmp_path / "run")
    assert outcome.code == 0 and "Wide with 3 topics" in outcome.err, outcome.err
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["configuration"]["model"] == "my_wide_models:Wide"
    assert "--model my_wide_models:Wide" in record["command"]
    forget()
    assert topicml("topics", tmp_path / "run").out == topicml("topics", run_folder).out, "it is ProdLDA by another name"
    show = ("show", tmp_path / "run", 0, "--no-documents")
    refused = topicml(*show)
    assert refused.refused and "topicml --import my_wide_models COMMAND" in refused.err
    assert topicml("--import", module, *show).out == topicml("show", run_folder, 0, "--no-documents").out


def test_a_registered_model_fits_by_its_name(topicml, module, documents, small, tmp_path):
    arguments = ("fit", documents, "--text-column", "body text", *small, "--model", "registered")
    assert "There is no model 'registered'" in topicml(*arguments).err
    imported = ("--import", "my_registered_models")
    outcome = topicml(*imported, *arguments, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["configuration"]["model"] == "my_registered_models:Registered"
    assert record["command"].startswith("topicml --import my_registered_models fit ")


def test_an_interrupted_run_resumes_once_its_module_is_imported(
    topicml, module, documents, small, tmp_path, monkeypatch
):
    arguments = ("fit", documents, "--text-column", "body text", *small, "--model", f"{module}:Wide", "--no-report")
    assert topicml(*arguments, "--out", tmp_path / "whole").code == 0

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_fit, "write_topics", interrupt)
        outcome = topicml(*arguments, "--out", tmp_path / "run")
    assert outcome.code == 130
    hint = f"topicml --import my_wide_models fit --resume {tmp_path / 'run'}"
    assert hint in outcome.err and hint in topicml("topics", tmp_path / "run").err
    forget()
    outcome = topicml("fit", "--resume", tmp_path / "run")
    assert outcome.refused and "--import my_wide_models" in outcome.err and module not in sys.modules
    outcome = topicml("--import", module, "fit", "--resume", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    for name in ("model/weights.safetensors", "doc_topics.parquet", "topics.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no_such_module", "No module named 'no_such_module'"), ("my_broken_models", "RuntimeError: not today")],
)
def test_a_module_that_cannot_be_imported_is_named(topicml, module, name, reason):
    outcome = topicml("--import", name, "corpora")
    assert outcome.refused and f"--import {name}: the module cannot be imported" in outcome.err
    assert reason in outcome.err and "--debug" in outcome.err
    assert "Traceback" in topicml("--debug", "--import", name, "corpora").err


def test_the_installed_program_finds_modules_of_the_current_folder(module, documents, tmp_path):
    """`topicml`, other than `python -m topicml`, starts without the current folder in its path."""
    code = "import sys; sys.path.remove(''); from topicml.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", code, "--import", "my_wide_models", "corpora"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert process.returncode == 0 and "lee" in process.stdout, process.stderr
