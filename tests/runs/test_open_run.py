"""`topicml.open_run`: the output of a fit, read again."""

import json
import shutil

import numpy as np
import pytest

import topicml
from topicml.errors import InputError
from topicml.runs import DocumentsState, fit_run


@pytest.fixture(scope="module")
def folder(source, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit_run(settings(source), folder, progress=False)
    return folder


@pytest.fixture
def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "run")


def point_to(folder, source):
    record = json.loads((folder / "run.json").read_text())
    record["configuration"]["reading"]["source"] = str(source)
    (folder / "run.json").write_text(json.dumps(record))


def test_an_open_run_has_what_the_fit_had(folder, source, settings):
    result = fit_run(settings(source), progress=False)
    run = topicml.open_run(folder, progress=False)
    np.testing.assert_array_equal(run.model.components_, result.model.components_)
    np.testing.assert_array_equal(run.theta, result.theta)
    assert run.corpus.fingerprint == result.corpus.fingerprint
    assert run.documents.state is DocumentsState.SAME and run.documents.message == ""
    np.testing.assert_array_equal(run.documents.theta, result.theta)
    assert run.scores == json.loads(json.dumps(result.scores))
    assert run.topics(5) == result.model.topics(5) == [words[:5] for words in run.topics(25)]
    assert run.topics(10_000) == result.model.topics(len(result.model.vocabulary_))
    np.testing.assert_allclose(run.topic_shares(), result.theta.mean(axis=0, dtype=np.float64))
    assert run.record["state"] == "finished" and repr(run) == f"OpenRun({str(folder)!r})"


def test_other_documents_are_preprocessed_as_the_fit_was(folder, write, tmp_path):
    run = topicml.open_run(str(folder), progress=False)
    (tmp_path / "new.txt").write_text("The ROCKETS, the moon\nzzzz\n")
    corpus = run.read(str(tmp_path / "new.txt"))
    assert corpus.n_docs == 2 and set(corpus.vocabulary) == {"rocket", "moon", "zzzz"}
    np.testing.assert_allclose(
        run.model.transform(corpus)[0], run.model.transform(["The ROCKETS, the moon"])[0], atol=1e-6
    )


def test_a_saved_model_opens_without_documents(folder):
    run = topicml.open_run(folder / "model", progress=False)
    assert run.record == {} and run.theta is None and run.scores is None and run.corpus is None
    assert run.topic_shares() is None
    assert run.documents.state is DocumentsState.NOT_RECORDED and "keeps no documents" in run.documents.message
    assert run.topics(5) == topicml.open_run(folder).topics(5)


def test_changed_documents_come_as_they_are_now(copied, write, tmp_path):
    run = topicml.open_run(copied, progress=False, source=str(write(tmp_path / "changed.csv", 30)))
    assert run.documents.state is DocumentsState.CHANGED and run.corpus.n_docs == 30
    assert run.documents.message == "changed.csv changed after the fit." and run.documents.theta is None
    assert run.unchanged_documents.corpus is None
    assert run.theta.shape == (60, 3), "the proportions of the fit are still there"


def test_documents_that_are_gone_come_with_the_reason(copied, tmp_path):
    point_to(copied, tmp_path / "gone.csv")
    run = topicml.open_run(copied, progress=False, trust=True)
    assert run.corpus is None and run.documents.state is DocumentsState.UNREADABLE
    assert "gone.csv" in run.documents.message and str(tmp_path) not in run.documents.message


def test_files_of_another_model_are_not_taken_for_its_own(copied, settings, source, tmp_path):
    fit_run(settings(source, n_topics=4), tmp_path / "other", progress=False)
    for name in ("doc_topics.parquet", "scores.json"):
        shutil.copy(tmp_path / "other" / name, copied / name)
    run = topicml.open_run(copied, progress=False)
    assert run.scores is None and run.topics(3) == topicml.open_run(copied / "model").topics(3)
    shutil.copy(copied / "doc_topics.parquet", tmp_path / "theta.parquet")
    fewer = topicml.open_run(tmp_path / "other", progress=False)
    fewer.model.n_topics = 5
    with pytest.raises(InputError, match="does not belong to this model: it lacks columns of its 5 topics"):
        fewer.topic_shares()


def test_wrong_folders_are_refused(settings, source, tmp_path, interrupt):
    with pytest.raises(InputError, match=r"There is no folder .*nowhere"):
        topicml.open_run(tmp_path / "nowhere")
    with interrupt():
        fit_run(settings(source), tmp_path / "half", progress=False)
    with pytest.raises(InputError, match=r"not finished\. Resume it: topicml fit --resume"):
        topicml.open_run(tmp_path / "half")
    with pytest.raises(InputError, match=r"The run of .*half is not finished\. Resume it: topicml fit --resume"):
        topicml.open_run(tmp_path / "half.partial")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is not a topicml model"):
        _ = topicml.open_run(tmp_path / "empty").model


def test_a_record_of_format_1_is_read_and_a_newer_one_is_refused(copied):
    record = json.loads((copied / "run.json").read_text())
    assert record["format"] == 2
    old = {name: value for name, value in record.items() if name not in ("identity", "digest")} | {"format": 1}
    (copied / "run.json").write_text(json.dumps(old))
    assert topicml.open_run(copied, progress=False).corpus.n_docs == 60
    (copied / "run.json").write_text(json.dumps(record | {"format": 3}))
    with pytest.raises(InputError, match="newer topicml"):
        _ = topicml.open_run(copied).record


def test_shares_of_topics_leave_out_documents_without_words(settings, source, tmp_path):
    lines = source.read_text("utf-8").splitlines()
    with_blanks = tmp_path / "blanks.csv"
    with_blanks.write_text("\n".join([*lines, *[",,space"] * 30]) + "\n", "utf-8")
    result = fit_run(settings(with_blanks), tmp_path / "run", progress=False)
    run = topicml.open_run(tmp_path / "run")
    assert len(run.theta) == 90 and (run.theta[60:] == run.theta[60]).all()
    np.testing.assert_allclose(run.topic_shares(), run.theta[:60].mean(axis=0, dtype=np.float64), rtol=1e-5)
    assert result.scores["purity"]["without_topic"] == 30 and result.scores["purity"]["documents"] == 60
