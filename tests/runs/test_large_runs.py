"""Runs of many documents: theta is in a file while it is scored and written, and the result has the same bits."""

import numpy as np
import pytest

from topicml.corpus import Corpus, mapped
from topicml.corpus.fields import Fields
from topicml.corpus.mapped import file_of, large_arrays_in
from topicml.runs import FitObserver, FitSettings, Reading, fit, fit_run
from topicml.runs.held_out import held_out_scores

PARAMETERS = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "batch_size": 32, "random_state": 0, "device": "cpu"}


@pytest.fixture
def settings_of_parts(write, tmp_path):
    """Settings of a fit of a corpus in parts."""
    Corpus.read(write(tmp_path / "source.csv", 150), "text").save(tmp_path / "corpus", shard_rows=40)
    return FitSettings(Reading(str(tmp_path / "corpus")), "ProdLDA", {**PARAMETERS, "validation_fraction": 0.4})


@pytest.fixture
def large(monkeypatch):
    """Files and arrays of any size count as large, and pages are let go of at each place."""
    monkeypatch.setattr(mapped, "_LARGE", 0)
    monkeypatch.setattr(mapped, "_PLACES", 1)


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_a_large_run_has_the_same_bits(settings_of_parts, tmp_path, monkeypatch):
    small = fit_run(settings_of_parts, tmp_path / "small", progress=False)
    assert file_of(small.theta) is None
    monkeypatch.setattr(mapped, "_LARGE", 0)
    monkeypatch.setattr(mapped, "_PLACES", 1)
    result = fit_run(settings_of_parts, tmp_path / "large", progress=False)
    assert file_of(result.theta) is not None
    np.testing.assert_array_equal(result.theta, small.theta)
    assert result.model.phrases_ == small.model.phrases_ and result.model.phrases_ is not None
    assert {path.name for path in tmp_path.iterdir()} == {"source.csv", "corpus", "small", "large"}
    one, other = files_of(tmp_path / "small"), files_of(tmp_path / "large")
    assert one.keys() == other.keys()
    for name in one.keys() - {"run.json", "model/model.json"}:  # they have times
        assert one[name].read_bytes() == other[name].read_bytes(), name


def test_without_a_folder_theta_is_in_memory(settings_of_parts, large):
    assert file_of(fit_run(settings_of_parts, progress=False).theta) is None


def test_theta_is_let_go_of(settings_of_parts, tmp_path, large, resident):
    result = fit_run(settings_of_parts, tmp_path / "run", progress=False)
    with large_arrays_in(tmp_path):
        assert resident(result.model.transform(result.corpus)) == 0
    topics = result.model.topics(10)
    for read in (
        lambda: fit._labelled_rows(result, topics),
        lambda: held_out_scores(result.model, result.corpus, result.theta),
    ):
        result.theta.sum()
        assert resident(result.theta) > 0
        assert read()
        assert resident(result.theta) == 0


def test_labels_are_let_go_of_before_the_fit(settings_of_parts, monkeypatch):
    released = []
    release = Fields.release
    monkeypatch.setattr(Fields, "release", lambda self: released.append(self) or release(self))

    class Observer(FitObserver):
        def on_read(self, corpus, seconds):
            assert released == [corpus.fields]

    fit_run(settings_of_parts, progress=False, observer=Observer())
