"""A run folder that somebody sends, and runs that fail, are killed, or meet another writer."""

import json
import os
import shutil
import threading

import pytest

import topicml
from topicml.errors import InputError
from topicml.runs import DocumentsState, FitSettings, Reading, fit_run, resume_run
from topicml.runs.folder import RunWriter


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def folder(source, settings, tmp_path):
    fit_run(settings(source), tmp_path / "run", progress=False)
    return tmp_path / "run"


def change(folder, **reading):
    record = json.loads((folder / "run.json").read_text())
    record["configuration"]["reading"] |= reading
    (folder / "run.json").write_text(json.dumps(record))


def test_documents_of_ones_own_run_are_read_again_wherever_it_is_moved(folder, tmp_path):
    assert topicml.open_run(folder, progress=False).documents.state is DocumentsState.SAME
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert topicml.open_run(moved, progress=False).documents.state is DocumentsState.SAME


def test_a_source_that_somebody_else_names_is_not_read(folder, write, tmp_path, monkeypatch):
    secret = write(tmp_path / "secret.csv", 60)
    change(folder, source=str(secret))  # even with the very documents of the fit
    read = []
    monkeypatch.setattr(Reading, "corpus", lambda self, *_, **__: read.append(self.source))
    run = topicml.open_run(folder, progress=False)
    assert run.documents.state is DocumentsState.NOT_READ and run.corpus is None and not read
    assert "secret.csv" in run.documents.message and "outside its folder" in run.documents.message
    assert run.unchanged_documents.corpus is None and not read
    monkeypatch.undo()
    for options in ({"source": str(secret)}, {"trust": True}):
        assert topicml.open_run(folder, progress=False, **options).documents.state is DocumentsState.SAME


@pytest.mark.parametrize("name", ["text_column", "label_column", "encoding", "tokenized", "preprocessing"])
def test_how_a_source_is_read_is_signed_too(folder, name):
    change(folder, **{name: {"tokenized": True, "preprocessing": {"min_df": 1}}.get(name, "latin-1")})
    assert topicml.open_run(folder, progress=False).documents.state is DocumentsState.NOT_READ


def test_a_run_of_another_user_is_read_from_its_own_folder_only(folder, source, tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "another user"))
    assert topicml.open_run(folder, progress=False).documents.state is DocumentsState.NOT_READ
    inside = shutil.copy(source, folder / "documents.csv")
    change(folder, source=str(inside))
    assert topicml.open_run(folder, progress=False).documents.state is DocumentsState.SAME
    inside.unlink()
    inside.symlink_to(source)
    assert topicml.open_run(folder, progress=False).documents.state is DocumentsState.NOT_READ


def test_the_name_of_a_corpus_is_no_file_of_the_user(tmp_path, monkeypatch):
    parameters = {"n_topics": 2, "max_epochs": 1, "hidden": 4, "random_state": 0, "device": "cpu"}
    fit_run(FitSettings(Reading("lee"), "ProdLDA", parameters), tmp_path / "run", progress=False)
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "another user"))
    assert topicml.open_run(tmp_path / "run", progress=False).documents.state is DocumentsState.SAME
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lee").write_text("a local file")
    change(tmp_path / "run", encoding="utf-8")  # with an option, a file would win over the corpus
    assert topicml.open_run(tmp_path / "run", progress=False).documents.state is DocumentsState.NOT_READ


def test_a_pipeline_that_a_record_names_is_not_opened(folder, source, monkeypatch):
    import spacy

    opened = []
    monkeypatch.setattr(spacy, "load", lambda name: opened.append(name) or spacy.blank("en"))
    inside = shutil.copy(source, folder / "documents.csv")
    change(folder, source=str(inside), preprocessing={"pipeline": "antigravity"})
    documents = topicml.open_run(folder, progress=False).documents
    assert documents.state is DocumentsState.UNREADABLE and "can run code" in documents.message and not opened


@pytest.mark.parametrize(
    "reading", [{"source": 3}, {"source": None}, {"text_column": ["a"]}, {"preprocessing": []}, {"new": 1}], ids=str
)
def test_a_record_of_other_kinds_of_values_is_refused(folder, reading):
    change(folder, **reading)
    with pytest.raises(InputError, match=r"run\.json is damaged"):
        _ = topicml.open_run(folder).record


def test_damaged_proportions_are_refused_in_words(folder):
    (folder / "doc_topics.parquet").write_bytes(b"PAR1")
    run = topicml.open_run(folder, progress=False)
    assert run.theta is None
    with pytest.raises(InputError, match=r"doc_topics\.parquet is damaged"):
        run.topic_shares()


def test_a_source_that_cannot_be_read_leaves_nothing_that_blocks_the_next_fit(source, settings, tmp_path, monkeypatch):
    def unreadable(*_, **__):
        raise PermissionError(13, "Permission denied", "documents.csv")

    with monkeypatch.context() as patch:
        patch.setattr(Reading, "corpus", unreadable)
        with pytest.raises(PermissionError):
            fit_run(settings(source), tmp_path / "run", progress=False)
    assert not list(tmp_path.iterdir())
    fit_run(settings(source), tmp_path / "run", progress=False)


def test_two_threads_exclude_each_other_from_one_run(source, settings, tmp_path):
    configuration = settings(source).to_record()
    writer = RunWriter.begin(tmp_path / "run", configuration, overwrite=False)
    told = []

    def second():
        for overwrite in (False, True):
            try:
                RunWriter.begin(tmp_path / "run", configuration, overwrite=overwrite)
            except InputError as error:
                told.append(str(error))

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    assert len(told) == 2 and all("Another topicml process or thread uses" in each for each in told)
    assert writer.partial.is_dir()
    writer.discard()


def test_a_run_of_a_folder_behind_a_link_replaces_the_folder(source, settings, tmp_path):
    fit_run(settings(source), tmp_path / "disk" / "run", progress=False)
    (tmp_path / "run").symlink_to("disk/run")
    fit_run(settings(source, random_state=1), tmp_path / "run", overwrite=True, progress=False)
    assert (tmp_path / "run").is_symlink() and not list(tmp_path.glob("*.partial"))
    record = json.loads((tmp_path / "disk" / "run" / "run.json").read_text())
    assert record["configuration"]["parameters"]["random_state"] == 1
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["run"]


def test_names_that_are_not_utf_8_are_kept(source, settings, tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    fitted = shutil.copy(source, tmp_path / f"{odd}.csv")
    fit_run(settings(fitted), tmp_path / f"{odd} run", progress=False)
    run = topicml.open_run(tmp_path / f"{odd} run", progress=False)
    assert run.documents.state is DocumentsState.SAME
    assert run.record["configuration"]["reading"]["source"] == str(fitted)
    assert resume_run(tmp_path / f"{odd} run") is None
