"""The package as a whole: light to import, complete to install."""

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import topicml

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "pyro", "spacy", "gensim", "numpy", "scipy", "sklearn", "pandas", "polars", "datasets")


def python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return result.stdout.strip()


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def loaded(code: str) -> set[str]:
    """What `code` imports of the heavy libraries."""
    return set(python(f"{code}\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules])").split())


def test_import_loads_no_heavy_library():
    assert loaded("import topicml") == set()
    assert loaded("import topicml.cli") == set()
    assert loaded("import topicml.runs") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"], ["no-such-command"]])
def test_the_program_loads_no_heavy_library_before_it_needs_one(arguments):
    code = f"""
import contextlib, io
from topicml.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        main({arguments!r})
    except SystemExit:
        pass
"""
    assert loaded(code) == set()


def test_corpus_and_metrics_do_without_torch():
    code = (
        "import topicml\n"
        "corpus = topicml.Corpus.from_tokens([['a', 'b'], ['b', 'c'], ['a', 'b', 'c']])\n"
        "topicml.metrics.coherence([['a', 'b']], corpus, measure='npmi_doc', topn=2)"
    )
    assert not loaded(code) & {"torch", "pyro", "spacy", "pandas", "polars", "datasets"}


@pytest.mark.parametrize("name", topicml.__all__)
def test_public_names_resolve(name):
    assert getattr(topicml, name) is not None
    assert name in dir(topicml)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="topicmodel"):
        _ = topicml.topicmodel


def test_every_package_is_installed():
    found = {
        str(init.parent.relative_to(ROOT)).replace(os.sep, ".") for init in (ROOT / "topicml").rglob("__init__.py")
    }
    listed = set(setup_cfg()["options"]["packages"].split())
    assert listed == found | {"topicml.corpora"}


def test_wheel_would_hold_the_types_and_the_cards():
    from importlib.resources import files

    assert (files("topicml") / "py.typed").is_file()
    assert any(each.name == "lee.toml" for each in files("topicml.corpora").iterdir())


def test_tested_versions_are_within_the_ranges():
    config = setup_cfg()
    lines = [*config["options"]["install_requires"].split("\n")]
    lines += [line for extra in config["options.extras_require"].values() for line in extra.split("\n")]
    requirements = [Requirement(line) for line in lines if line.strip() and not line.startswith(("topicml", "#"))]
    tested = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    tested = {name.lower().replace("_", "-"): version for name, version in tested.items()}
    assert tested["torch"] == "2.13.0"
    for requirement in requirements:
        assert SpecifierSet(str(requirement.specifier)).contains(tested[requirement.name.lower().replace("_", "-")]), (
            requirement
        )


def test_torch_reads_weights_without_running_code():
    """Before 2.6, `torch.load` unpickled whatever a file held, and spaCy calls it for pipelines."""
    requirements = map(Requirement, setup_cfg()["options"]["install_requires"].split())
    versions = next(each.specifier for each in requirements if each.name == "torch")
    assert not any(versions.contains(old) for old in ("2.4.0", "2.5.1")) and versions.contains("2.6.0")


def test_version_is_the_same_everywhere():
    from importlib import metadata

    assert metadata.version("topicml") == topicml.__version__
    assert f"version: {topicml.__version__}" in (ROOT / "CITATION.cff").read_text("utf-8")
