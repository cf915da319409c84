"""Files, names and texts of others on the command line: what is read, what is replaced, what is printed."""

import gzip
import json
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from topicml.experiment.page import write_page

ESCAPES = "/nowhere/\x1b]0;PWNED\x07\x1b[31mred\u202e.csv"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """Another user than the one who made `run_folder`."""
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def received(run_folder, tmp_path):
    return shutil.copytree(run_folder, tmp_path / "run")


def point_to(folder, source):
    record = json.loads((folder / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(source)
    (folder / "run.json").write_text(json.dumps(record))


def program(*arguments, **environment):
    command = [sys.executable, "-m", "topicml", *map(str, arguments)]
    given = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, env=given, capture_output=True, check=False)


def test_a_received_run_does_not_decide_which_file_is_put_into_the_report(topicml, received, tmp_path):
    (tmp_path / "private").mkdir()
    for number in range(6):
        (tmp_path / "private" / f"{number}.txt").write_text(
            f"password hunter{number} rocket orbit moon goal match oven"
        )
    point_to(received, tmp_path / "private")
    outcome = topicml("report", received, "-o", tmp_path / "page.html")
    assert outcome.code == 0 and "were not read" in outcome.err and "topicml report DIR SOURCE" in outcome.err
    assert "hunter" not in (tmp_path / "page.html").read_text("utf-8")
    assert topicml("docs", received).refused
    shown = topicml("show", received, 0)
    assert shown.code == 0 and "hunter" not in shown.out and "--source FILE" in shown.err
    assert "hunter" in topicml("docs", received, "--source", tmp_path / "private").out
    assert "hunter" in topicml("docs", received, "--trust").out


def test_serve_does_not_read_what_a_received_run_names(received, documents):
    from topicml.cli.serve import served_model

    assert served_model(received, documents=True).view.corpus is None
    assert served_model(received, documents=True, source=str(documents)).view.corpus is not None


@pytest.mark.parametrize(
    "command", [("docs", "RUN"), ("show", "RUN", 0), ("report", "RUN", "-o", "page.html", "--overwrite")]
)
def test_control_characters_of_a_path_are_printed_as_escapes(topicml, received, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    point_to(received, ESCAPES)
    for trust in ((), ("--trust",)):
        outcome = topicml(*(received if each == "RUN" else each for each in command), *trust)
        assert not set(outcome.out + outcome.err) & set("\x1b\x07\u202e") and "red" in outcome.err


def test_json_for_programs_escapes_control_characters_of_documents(topicml, received, tmp_path):
    (tmp_path / "new.txt").write_text("rocket orbit moon \x1b]0;PWNED\x07 \u202egoal match\n" * 3, "utf-8")
    outcome = topicml("docs", received, 0, "--source", tmp_path / "new.txt", "--format", "json")
    assert outcome.code == 0 and not set(outcome.out) & set("\x1b\x07\u202e")
    assert "\x1b]0;PWNED" in json.loads(outcome.out)[0]["text"]


def test_output_to_links_private_files_pipes_and_devices(topicml, received, documents, tmp_path):
    (tmp_path / "t.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("t.csv")
    (tmp_path / "secret.csv").write_text("old")
    (tmp_path / "secret.csv").chmod(0o600)
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link", "secret"):
        arguments = ("transform", received, documents, "--text-column", "body text", "--out", tmp_path / f"{name}.csv")
        assert topicml(*arguments).refused, "it exists"
        assert topicml(*arguments, "--overwrite").code == 0
    assert (tmp_path / "link.csv").is_symlink() and "unknown_share" in (tmp_path / "t.csv").read_text()
    assert stat.S_IMODE((tmp_path / "secret.csv").stat().st_mode) == 0o600
    outcome = topicml("transform", received, documents, "--text-column", "body text", "--out", tmp_path / "pipe.csv")
    assert outcome.refused and "pipe that nothing reads" in outcome.err and (tmp_path / "pipe.csv").is_fifo()


def test_a_sweep_replaces_no_report_of_a_fit(topicml, received, documents):
    before = (received / "report.html").read_bytes() if (received / "report.html").exists() else b"mine"
    (received / "report.html").write_bytes(before)
    arguments = ("sweep", documents, "--text-column", "body text", "--topics", "2,3", "--out", received)
    outcome = topicml(*arguments)
    assert outcome.refused and "has report.html" in outcome.err and "--overwrite" in outcome.err
    assert (received / "report.html").read_bytes() == before and not (received / "runs").exists()


def test_a_benchmark_and_a_search_replace_no_files_of_others(topicml, documents, tmp_path):
    (tmp_path / "grid.toml").write_text(
        'corpora = ["lee"]\ntopics = [2]\nmeasures = ["topic_diversity"]\nmodels.ETM = {}'
    )
    (tmp_path / "results.csv").write_text("mine")
    (tmp_path / "tuned.json").write_text("mine")
    outcome = topicml("benchmark", tmp_path / "grid.toml", "--out", tmp_path)
    assert outcome.refused and "has results.csv" in outcome.err
    outcome = topicml("tune", documents, "--search", "hidden=8,16", "--out", tmp_path)
    assert outcome.refused and "has tuned.json" in outcome.err
    assert (tmp_path / "results.csv").read_text() == (tmp_path / "tuned.json").read_text() == "mine"


def test_brackets_in_the_title_of_a_table_are_no_markup():
    code = "from topicml.cli import printing; printing.table(('[/b]', 'x'), [('[bold]', 1)], title='[/red]')"
    parent, child = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=child, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(child)
    text = os.read(parent, 10_000).decode()
    os.close(parent)
    assert done.returncode == 0, done.stderr.decode()
    assert "[/red]" in text and "[/b]" in text and "[bold]" in text


def test_output_under_an_ascii_locale(received, tmp_path):
    (tmp_path / "new.txt").write_text("rocket orbit moon – “Bücher”\n" * 4, "utf-8")
    done = program("docs", received, "--source", tmp_path / "new.txt", PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 0, done.stderr.decode()
    assert rb"\u201cB\u00fccher\u201d" in done.stdout


def test_names_of_files_that_are_not_utf_8(received, documents, tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    source = shutil.copy(documents, tmp_path / f"{odd}.csv")
    run = tmp_path / f"{odd} run"
    small = ("--topics", 2, "--epochs", 1, "--set", "hidden=8", "--text-column", "body text")
    for arguments in (
        ("fit", source, *small, "--out", run),
        ("docs", run, 0),
        ("docs", run, "--out", tmp_path / f"{odd}.parquet"),
        ("report", run, "-o", tmp_path / f"{odd}.html"),
        ("transform", run, source, "--text-column", "body text", "--out", tmp_path / f"{odd} theta.parquet"),
        ("transform", run, source, "--text-column", "body text", "--out", tmp_path / f"{odd} theta.csv"),
    ):
        done = program(*arguments)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    packed = tmp_path / f"{odd}.csv.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    done = program("corpus", packed, "--text-column", "body text", "--out", tmp_path / f"{odd} corpus", "--jobs", 1)
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    write_page(tmp_path / "page.html", f"Sweep of {odd}", [])
    assert "Sweep of caf" in (tmp_path / "page.html").read_text("utf-8")
    (tmp_path / odd).mkdir()
    for number in range(4):
        (tmp_path / odd / f"{odd}{number}.txt").write_text("rocket orbit moon goal match oven butter")
    done = program("transform", run, tmp_path / odd, "--out", tmp_path / "theta.jsonl")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
