"""``topicml transform``, ``evaluate``, ``topics``, ``corpora`` and the program itself."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

import topicml as package
from topicml.errors import TopicWarning

TEXTS = ["rocket moon orbit", "the oven, the BUTTER and the Flour!", "", "goal match referee zzzz"]


@pytest.fixture(scope="module")
def new_texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("new") / "new.csv"
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("number", "body text"), *enumerate(TEXTS)])
    return path


def read(path):
    """Theta, (n_docs, 3), of any of the formats; NaN where there is none."""
    if path.suffix == ".parquet":
        records = pq.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        with open(path, encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
    else:
        records = [json.loads(line) for line in path.read_text().splitlines()]
    return np.array([[float(record[f"theta_{k}"] or "nan") for k in range(3)] for record in records])


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_transform_equals_the_library(topicml, run_folder, new_texts, tmp_path, suffix):
    out = tmp_path / f"theta{suffix}"
    outcome = topicml("transform", run_folder, new_texts, "--theta", "--out", out)
    assert outcome.code == 0, outcome.err
    with pytest.warns(TopicWarning, match="1 of"):
        expected = package.load(run_folder / "model").transform(TEXTS)
    expected[2] = np.nan  # the empty text
    np.testing.assert_allclose(read(out), expected, atol=1e-6)
    assert "1 of" in outcome.err and "not in the model's vocabulary" in outcome.err


def test_transform_of_the_source_is_that_of_fit(topicml, run_folder, documents, tmp_path):
    assert (
        topicml(
            *("transform", run_folder, documents, "--out", tmp_path / "t.parquet", "--theta"),
            *("--text-column", "body text"),
        ).code
        == 0
    )
    np.testing.assert_array_equal(read(tmp_path / "t.parquet"), read(run_folder / "doc_topics.parquet"))


def test_transform_refuses_and_keeps(topicml, run_folder, new_texts, tmp_path):
    out = tmp_path / "theta.csv"
    out.write_text("old")
    assert topicml("transform", run_folder, new_texts, "--out", out).refused
    assert out.read_text() == "old"
    assert topicml("transform", run_folder, new_texts, "--out", out, "--overwrite", "--theta").code == 0
    assert read(out).shape == (4, 3)
    assert ".parquet" in topicml("transform", run_folder, new_texts, "--out", tmp_path / "theta.xls").err
    assert topicml("transform", run_folder, new_texts, "--out", tmp_path / "t.csv", "--text-column", "txt").refused
    assert topicml("transform", tmp_path / "none", new_texts, "--out", tmp_path / "t.csv").refused
    assert topicml("transform", run_folder, "none.csv", "--out", tmp_path / "t.csv").refused
    assert not (tmp_path / "t.csv").exists()


def test_damaged_model_is_refused(topicml, run_folder, new_texts, tmp_path):
    broken = tmp_path / "run"
    shutil.copytree(run_folder, broken)
    weights = broken / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert topicml("transform", broken, new_texts, "--out", tmp_path / "t.csv").refused


def test_topics_shows_and_gives_json(topicml, run_folder):
    written = json.loads((run_folder / "topics.json").read_text())
    outcome = topicml("topics", run_folder, "-n", "5")
    assert [line.split()[1:] for line in outcome.out.splitlines()[1:]] == [words[:5] for words in written]
    assert json.loads(topicml("topics", run_folder, "-n", "25", "--json").out) == written
    more = json.loads(topicml("topics", run_folder, "-n", "30", "--json").out)
    assert [words[:25] for words in more] == written and all(len(words) == 30 for words in more)
    assert topicml("topics", run_folder / "model", "-n", "5").out == outcome.out


def test_evaluate_gives_the_scores_of_fit(topicml, run_folder, documents, tmp_path):
    reference = ("--reference", documents, "--text-column", "body text", "--label-column", "theme")
    outcome = topicml("evaluate", run_folder, *reference, "--json", "--out", tmp_path / "scores.json")
    assert outcome.code == 0, outcome.err
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert json.loads(outcome.out) == scores
    assert scores == json.loads((run_folder / "scores.json").read_text())
    again = topicml("evaluate", run_folder, *reference, "--out", documents)
    assert again.refused and "--overwrite" in again.err
    assert documents.read_text().startswith("id,"), "a slip of the hand costs no source"


def test_evaluate_of_a_file_of_topics(topicml, run_folder, documents, tmp_path):
    reference = ("--reference", documents, "--text-column", "body text")
    outcome = topicml("evaluate", run_folder / "topics.json", *reference)
    assert outcome.code == 0 and "c_npmi" in outcome.out and "nmi" not in outcome.out.replace("npmi", "")
    wrong = tmp_path / "topics.json"
    for content in ("[]", "{}", "[[1, 2]]", "[", '["a"]'):
        wrong.write_text(content)
        assert topicml("evaluate", wrong, *reference).refused
    assert topicml("evaluate", tmp_path / "none.json", *reference).refused
    assert topicml("evaluate", run_folder / "topics.json").refused


def test_corpora_lists_the_named_corpora(topicml):
    outcome = topicml("corpora")
    assert outcome.code == 0
    assert {"lee", "20newsgroups", "BBC_News"} <= {line.split()[0] for line in outcome.out.splitlines()[1:]}


def test_version(topicml):
    assert topicml("--version").out == f"topicml {package.__version__}\n"


def test_output_fits_a_terminal_of_80_columns(topicml):
    commands = topicml("--help").out.partition("Commands:")[2].split("\n")
    names = [line.split()[0] for line in commands if line.startswith("  ") and not line.startswith("   ")]
    assert {"fit", "sweep", "doctor"} <= set(names)
    for command in ((), *((name,) for name in names)):
        assert max(map(len, topicml(*command, "--help").out.splitlines())) <= 80


def start(*arguments, **options):
    """The program in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "topicml", *map(str, arguments)], text=True, **options)


def test_a_reader_that_leaves_early_is_no_error(run_folder):
    reading, writing = os.pipe()
    os.close(reading)
    process = start("topics", run_folder, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert err == ""


def test_ctrl_c_ends_with_130_and_the_way_on(topicml, documents, tmp_path):
    run = tmp_path / "run"
    arguments = ("fit", documents, "--text-column", "body text", "--topics", "3", "--epochs", "100000")
    process = start(
        *(*arguments, "--set", "patience=100000", "--out", run),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run.partial" / "checkpoint" / "training.safetensors").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    busy = topicml("fit", "--resume", run)
    assert busy.refused and "Another topicml" in busy.err
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == "" and "Traceback" not in err and f"topicml fit --resume {run}" in err
    assert not run.exists()


def test_files_that_cannot_be_written_are_no_crash(run_folder, documents, tmp_path):
    """The system refuses files above 4 kB, as it refuses all on a full disk."""
    resource = pytest.importorskip("resource", reason="limits are POSIX's")
    shutil.copytree(run_folder, tmp_path / "run")
    process = start(
        *("fit", documents, "--text-column", "body text", "--topics", "3", "--epochs", "2"),
        *("--out", tmp_path / "run", "--overwrite"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)),
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in err and "File too large" in err
    for path in filter(os.path.isfile, run_folder.rglob("*")):
        assert (tmp_path / "run" / path.relative_to(run_folder)).read_bytes() == path.read_bytes()
