"""A server shows the documents of a run only if they are unchanged since the fit; otherwise it says why not."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from topicml.cli import main
from topicml.cli.serve import served_model


@pytest.fixture(scope="module")
def run(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("run")
    (folder / "documents.txt").write_text("\n".join(texts[:60]) + "\n", "utf-8")
    arguments = ["--topics", "3", "--epochs", "5", "--set", "hidden=16", "--out", str(folder / "out"), "-q"]
    with pytest.raises(SystemExit) as stop:
        main(["fit", str(folder / "documents.txt"), *arguments])
    assert not stop.value.code
    return folder


@pytest.fixture
def copy(run, tmp_path):
    """The run with its model and theta, and its source, which a test may change and put back."""
    shutil.copytree(run / "out", tmp_path / "out")
    kept = (run / "documents.txt").read_bytes()
    yield tmp_path / "out"
    (run / "documents.txt").write_bytes(kept)


def mean_theta(folder) -> list[float]:
    table = pq.read_table(folder / "doc_topics.parquet")
    return [float(np.mean(table[f"theta_{k}"].to_numpy(), dtype=np.float64)) for k in range(3)]


def test_documents_of_the_fit_are_shown(copy, texts):
    served = served_model(copy, documents=True)
    assert served.has_documents
    detail = served.detail(0)
    assert [each.text for each in detail.documents] == [texts[each.document] for each in detail.documents]
    assert sum(served.detail(k).leads for k in range(3)) == 60
    assert [each.share for each in served.summaries()] == pytest.approx(mean_theta(copy))


def test_without_documents_shares_are_still_those_of_the_fit(copy):
    served = served_model(copy, documents=False)
    assert served.detail(0).documents is None and served.detail(0).leads is None
    assert [each.share for each in served.summaries()] == pytest.approx(mean_theta(copy))


def test_changed_documents_are_not_shown_with_the_theta_of_the_fit(run, copy, capsys):
    with open(run / "documents.txt", "a", encoding="utf-8") as stream:
        stream.write("rocket moon\n")
    assert not served_model(copy, documents=True).has_documents
    assert "changed since the fit" in capsys.readouterr().err


def test_missing_documents_are_reported(run, copy, capsys):
    (run / "documents.txt").unlink()
    assert not served_model(copy, documents=True).has_documents
    assert "Topics are shown without documents: There is no file" in capsys.readouterr().err


def test_a_saved_model_has_no_documents_and_the_shares_of_the_fit(copy):
    served = served_model(copy / "model", documents=True)
    assert not served.has_documents
    assert sum(each.share for each in served.summaries()) == pytest.approx(1, abs=1e-4)


def test_a_text_that_is_less_sure_than_asked_for_has_no_topic(copy):
    texts = ["rocket moon orbit planet", "best pizza in Naples"]
    plain = served_model(copy, documents=False).classify(texts)
    strict = served_model(copy, documents=False, min_confidence=1.0).classify(texts)
    assert plain[0].topic is not None and 0 < plain[0].confidence < 1
    assert strict[0].topic is None and strict[0].confidence == plain[0].confidence
    assert strict[0].note.startswith("unclear: ") and strict[0].leading
    for answers in (plain, strict):
        assert answers[1].topic is answers[1].confidence is None and not answers[1].leading
