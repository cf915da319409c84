"""``topicml show``: one topic, with documents and without; widths and what a terminal must not obey."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

import topicml as package
from topicml.cli import printing


@pytest.fixture(scope="module")
def model(run_folder):
    return package.load(run_folder / "model")


def test_json_holds_the_numbers_of_the_model(topicml, run_folder, model):
    outcome = topicml("show", run_folder, 1, "-n", "5", "--format", "json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [each["word"] for each in found["words"]] == model.topics(5)[1]
    np.testing.assert_allclose(
        [each["probability"] for each in found["words"]], np.sort(model.components_[1])[::-1][:5], rtol=1e-9
    )
    theta = np.column_stack([pq.read_table(run_folder / "doc_topics.parquet")[f"theta_{k}"] for k in range(3)])
    assert found["size"]["documents"] == int((theta.argmax(axis=1) == 1).sum())
    assert found["size"]["mass"] == pytest.approx(theta[:, 1].mean(), abs=1e-6)
    assert {each["topic"] for each in found["neighbours"]} == {0, 2}
    for each in found["documents"]:
        assert each["proportion"] == pytest.approx(theta[each["document"], 1], abs=1e-6)
        assert set(each["words"]) <= set(each["text"].split())
    assert found["documents"][0]["proportion"] >= np.sort(theta[:, 1])[-50]


def test_people_read_words_sizes_neighbours_and_documents(topicml, run_folder, model):
    out = topicml("show", run_folder, 0, "-n", "4", "--n-documents", "2").out
    assert out.startswith("Topic 0: ") and "Largest topic of " in out and "nearest topic" in out
    assert out.count("; words: ") == 2
    assert all(word in out for word in model.topics(4)[0])
    assert "\x1b" not in out, "a pipe gets no colours"


def test_without_documents_it_says_how_to_give_them(topicml, run_folder, documents):
    outcome = topicml("show", run_folder / "model", 0)
    assert outcome.code == 0 and "Largest topic of" not in outcome.out and "rank" in outcome.out
    assert "keeps no documents" in outcome.err and "--source FILE" in outcome.err
    given = topicml("show", run_folder / "model", 0, "--source", documents, "--text-column", "body text")
    assert given.code == 0 and given.out == topicml("show", run_folder, 0).out
    quick = topicml("show", run_folder, 0, "--no-documents")
    assert quick.code == 0 and quick.out == outcome.out and not quick.err


def test_changed_documents_are_told(topicml, run_folder, write, tmp_path):
    copied = shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((copied / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(write(tmp_path / "changed.csv", 60, 2))
    (copied / "run.json").write_text(json.dumps(record))
    outcome = topicml("show", copied, 0, "--trust")
    assert outcome.code == 0 and "changed.csv changed after the fit" in outcome.err


def test_refuses_with_a_reason(topicml, run_folder, tmp_path):
    outcome = topicml("show", run_folder, 7)
    assert outcome.refused and "There is no topic 7; topics are 0 to 2." in outcome.err
    (tmp_path / "empty").mkdir()
    outcome = topicml("show", tmp_path / "empty", 0)
    assert outcome.refused and "is not a topicml model: it has no model.json" in outcome.err
    assert "There is no folder" in topicml("show", tmp_path / "none", 0).err
    assert "pass --source" in topicml("show", run_folder, 0, "--text-column", "x").err
    outcome = topicml("show", run_folder, 0, "--source", "none.csv")
    assert outcome.refused and "none.csv" in outcome.err
    assert topicml("show", run_folder, 0, "--source", "lee", "--no-documents").refused
    assert topicml("show", run_folder, "first").refused
    assert topicml("show", run_folder, 0, "--format", "xml").refused


@pytest.mark.parametrize(("file", "part"), [("run.json", ""), ("model.json", "model")])
def test_a_folder_of_a_newer_version_is_refused(topicml, run_folder, tmp_path, file, part):
    copied = shutil.copytree(run_folder, tmp_path / "run")
    held = json.loads((copied / part / file).read_text())
    (copied / part / file).write_text(json.dumps({**held, "format": 99}))
    outcome = topicml("show", copied, 0)
    assert outcome.refused and "newer topicml" in outcome.err and "Upgrade" in outcome.err


def test_columns_line_up_for_wide_and_combining_characters(capsys):
    printing.table(("word", "n"), [("話題", 1), ("cafe\u0301", 2), ("שלום", 3), ("plain", 4)])
    lines = capsys.readouterr().out.splitlines()
    assert len({cell_len(line) for line in lines}) == 1


def test_what_a_document_says_is_shown_not_obeyed(capsys):
    printing.table(("text",), [("a\x1b[2Jb\x07\u202ec\nd",)])
    assert capsys.readouterr().out.splitlines()[1] == "a [2Jb c d"


def test_words_with_escapes_are_shown_not_obeyed(topicml, tmp_path):
    """Tokens that no preprocessor touched may hold anything, in tables and in the lines over documents."""
    lines = [f"moon rocket red\x1b[31m\x1b]0;title{i % 2}\x07 moon" for i in range(12)]
    (tmp_path / "odd.txt").write_text("\n".join(lines) + "\n", "utf-8")
    run = tmp_path / "run"
    fit = ("fit", tmp_path / "odd.txt", "--tokenized", "--topics", "2", "--epochs", "2", "--out", run, "--no-report")
    assert topicml(*fit, "-q").code == 0
    for command in (("show", run, 0), ("docs", run), ("search", run, "moon"), ("search", run, "moon", "--documents")):
        outcome = topicml(*command)
        assert outcome.code == 0 and "red" in outcome.out
        assert "\x1b" not in outcome.out and "\x07" not in outcome.out


def test_a_terminal_gets_its_width_and_marked_words(run_folder):
    pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX's")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "topicml", "show", str(run_folder), "0"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "60", "TERM": "xterm-256color", "NO_COLOR": ""},
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    assert process.wait(timeout=60) == 0
    out = b"".join(parts).decode()
    assert "\x1b[1;7m" in out, "the words that drove the topic most are reversed"
    assert max(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip("\r")) for line in out.split("\n")) <= 60


def test_a_hidden_topic_is_shown_with_its_words_and_size(topicml, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    before = json.loads(topicml("show", tmp_path / "run", 1, "--format", "json").out)
    assert topicml("hide", tmp_path / "run", 1).code == 0
    outcome = topicml("show", tmp_path / "run", 1, "--format", "json")
    assert outcome.code == 0 and "Topic 1 is hidden" in outcome.err
    facts = json.loads(outcome.out)
    assert facts["words"] == before["words"] and facts["frex"] and facts["size"] == before["size"]
