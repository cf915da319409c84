"""How commands read sources: delimiters, sheets, the column of labels, and sources that cannot be read."""

import contextlib
import json

import pytest

import topicml as package
from topicml.runs import Reading

SMALL = ("--topics", "3", "--epochs", "2", "--set", "hidden=16", "--no-report", "--quiet")


@pytest.fixture(scope="module")
def odd(tmp_path_factory, write):
    """The documents with a delimiter that no rule recognises."""
    folder = tmp_path_factory.mktemp("odd")
    rows = [line.split(",") for line in write(folder / "a.csv").read_text().splitlines()]
    (folder / "odd.csv").write_text("\n".join("#".join(row) for row in rows) + "\n")
    return folder / "odd.csv"


@pytest.fixture(scope="module")
def run(topicml, odd):
    arguments = ("--delimiter", "#", "--text-column", "body text", "--label-column", "theme")
    outcome = topicml("fit", odd, *arguments, *SMALL, "--out", odd.parent / "run")
    assert outcome.code == 0, outcome.err
    return odd.parent / "run"


def test_every_command_takes_the_delimiter(topicml, odd, run, tmp_path):
    given = ("--text-column", "body text", "--delimiter", "#")
    assert topicml("transform", run, odd, *given, "--out", tmp_path / "t.csv").code == 0
    for command in (("show", 0), ("docs", 0), ("search", "rocket", "--documents")):
        name, *rest = command
        outcome = topicml(name, run, *rest, "--source", odd, *given)
        assert outcome.code == 0, outcome.err
    assert topicml("evaluate", run, "--reference", odd, *given, "--label-column", "theme").code == 0
    assert topicml("show", run, 0, "--delimiter", "#").refused
    assert topicml("transform", run, odd, "--text-column", "body text", "--out", tmp_path / "u.csv").refused


def test_the_documents_of_a_run_are_read_again_with_its_delimiter(run):
    opened = package.open_run(run, progress=False)
    assert opened.corpus.n_docs == 90
    assert opened.corpus.fields.label_name == "theme"
    assert {"purity", "nmi"} & set(json.loads((run / "scores.json").read_text()))


def test_a_run_folder_can_be_loaded(run):
    assert package.load(run).n_topics == package.load(run / "model").n_topics == 3


def test_the_home_folder_is_the_same_for_all(topicml, run, write, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(run.parent))
    monkeypatch.setenv("USERPROFILE", str(run.parent))
    monkeypatch.chdir(tmp_path)
    model = package.load("~/run")
    model.save("~/copy")
    assert package.load("~/copy").n_topics == package.open_run("~/run").model.n_topics == 3
    documents = write(run.parent / "b.csv")
    assert topicml("fit", "~/b.csv", "--text-column", "body text", *SMALL, "--out", "~/second").code == 0
    assert topicml("transform", "~/second", "~/b.csv", "--text-column", "body text", "--out", "~/t.csv").code == 0
    assert documents.with_name("second").is_dir() and documents.with_name("t.csv").is_file()
    assert list(tmp_path.iterdir()) == []
    assert (run.parent / "copy" / "model.json").is_file()


def test_a_sheet_is_chosen(topicml, write, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    workbook.active.append(["nothing"])
    sheet = workbook.create_sheet("answers")
    for line in write(tmp_path / "a.csv").read_text().splitlines():
        sheet.append(line.split(","))
    workbook.save(tmp_path / "a.xlsx")
    outcome = topicml("fit", tmp_path / "a.xlsx", "--text-column", "body text", "--sheet", "answers", *SMALL)
    assert outcome.code == 0, outcome.err
    outcome = topicml("fit", tmp_path / "a.xlsx", "--text-column", "body text", "--sheet", "answer", *SMALL)
    assert outcome.refused and "Its sheets: 'Sheet', 'answers'" in outcome.err


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("a bug")])
def test_a_source_that_cannot_be_read_does_not_block_the_next_fit(topicml, write, tmp_path, monkeypatch, error):
    source = write(tmp_path / "a.csv")
    arguments = ("fit", source, "--text-column", "body text", *SMALL, "--out", tmp_path / "run")

    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Reading, "corpus", fail)
        with contextlib.suppress(RuntimeError):  # a bug is shown with its traceback
            assert topicml(*arguments).code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert topicml(*arguments).code == 0


def test_a_file_of_stop_words_in_cp1252_is_no_traceback(topicml, write, tmp_path):
    source = write(tmp_path / "a.csv")
    (tmp_path / "stop.txt").write_text("café\nrocket\n", encoding="cp1252")
    arguments = ("--text-column", "body text", *SMALL, "--stop-words", tmp_path / "stop.txt", "--out", tmp_path / "run")
    outcome = topicml("fit", source, *arguments)
    assert outcome.code == 0 and "cp1252" in outcome.err
    assert "rocket" not in package.load(tmp_path / "run").vocabulary_
    assert topicml("fit", source, *SMALL, "--stop-words", tmp_path / "absent.txt").refused


def test_an_empty_name_is_not_the_current_folder(topicml, documents, tmp_path, monkeypatch):
    monkeypatch.chdir(documents.parent)
    for command in (("corpus", "", "--out", tmp_path / "c"), ("fit", "", "--topics", "3", "--out", tmp_path / "run")):
        outcome = topicml(*command)
        assert outcome.refused and "A path is an empty string" in outcome.err
