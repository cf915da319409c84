"""Runs of many documents: theta is in a file while it is scored and written, and the result has the same bits."""

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topicml.corpus import Corpus, mapped
from topicml.corpus.fields import Fields
from topicml.corpus.mapped import file_of, large_arrays_in
from topicml.runs import FitObserver, FitSettings, Reading, fit, fit_run, reading
from topicml.runs.held_out import held_out_scores
from topicml.runs.tables import ROW_GROUP, write_tables

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
    for read in (
        lambda: fit._labelled_rows(result.model, result.corpus, result.theta, ["a", "b", "c"]),
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


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.jsonl", "d.xlsx"])
def test_labelled_documents_are_written_in_parts(settings_of_parts, tmp_path, monkeypatch, name):
    fit_run(settings_of_parts, tmp_path / "whole", progress=False, documents=name)
    sizes, labelled_table, held = [], fit.labelled_table, []
    monkeypatch.setattr(fit, "ROW_GROUP", 60)
    monkeypatch.setattr(
        fit,
        "labelled_table",
        lambda part, *rest, **more: sizes.append(len(part)) or labelled_table(part, *rest, **more),
    )
    monkeypatch.setattr(Fields, "release", lambda self: held.append(len(sizes)))
    fit_run(settings_of_parts, tmp_path / "parts", progress=False, documents=name)
    assert sizes == [60, 60, 30] and held[-3:] == [1, 2, 3]
    one, other = tmp_path / "whole" / name, tmp_path / "parts" / name
    if name == "d.xlsx":  # it has the time at which it was written
        one, other = (list(openpyxl.load_workbook(path).active.values) for path in (one, other))
        assert one == other and len(one) == 151
    else:
        assert one.read_bytes() == other.read_bytes()


def test_row_groups_of_several_tables_are_those_of_one(tmp_path):
    table = pa.table({"a": range(150), "b": [f"b{i % 7}" for i in range(150)]})
    write_tables(tmp_path / "parts.parquet", (table.slice(i, 60) for i in (0, 60, 120)))
    pq.write_table(table, tmp_path / "whole.parquet", row_group_size=60)
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    pq.write_table(pa.table({"a": np.zeros(ROW_GROUP + 1, bool)}), tmp_path / "large.parquet")
    assert pq.ParquetFile(tmp_path / "large.parquet").metadata.row_group(0).num_rows == ROW_GROUP


def test_labels_are_counted_in_parts(settings_of_parts, monkeypatch):
    monkeypatch.setattr(reading, "_ROWS", 1)
    corpus = settings_of_parts.reading.corpus()
    assert len(set(settings_of_parts.reading.labels(corpus).tolist())) == 3
    same = corpus.replaced(fields=Fields.of({"label": ["a"] * corpus.n_docs}, corpus.n_docs))
    assert settings_of_parts.reading.labels(same) is None
