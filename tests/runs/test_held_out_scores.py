"""Scores of a fit on its validation documents."""

import json

import numpy as np
import pytest

from topicml import metrics
from topicml.runs import fit_run
from topicml.runs.held_out import held_out_scores


def test_they_are_of_the_documents_that_training_did_not_read(write, settings, tmp_path):
    source = write(tmp_path / "source.csv", 150)
    result = fit_run(settings(source, validation_fraction=0.4), tmp_path / "run", progress=False)
    rows = result.model.validation_rows_
    assert len(rows) == 60 and len(np.unique(rows)) == 60
    held_out, topics = result.corpus[rows], result.model.topics(10)
    expected = {
        "c_npmi_held_out": metrics.coherence(topics, held_out, "c_npmi", 10),
        "document_coverage_held_out": metrics.document_coverage(topics, held_out, result.theta[rows], 10),
    }
    found = json.loads((tmp_path / "run" / "scores.json").read_text())
    for name, score in expected.items():
        assert found[name]["mean"] == pytest.approx(score.mean)
        assert -1 <= found[name]["equal_training_sample"] <= 1
        assert found[name]["measure"] == name and found[name]["reference_documents"] == 60
    assert found["c_npmi"]["mean"] == pytest.approx(metrics.coherence(topics, result.corpus, "c_npmi", 10).mean)


def test_too_few_documents_have_no_scores(write, settings, tmp_path):
    result = fit_run(settings(write(tmp_path / "source.csv", 120), validation_fraction=0.4), progress=False)
    assert len(result.model.validation_rows_) == 48
    assert held_out_scores(result.model, result.corpus, result.theta) == {}
    assert not any(name.endswith("_held_out") for name in result.scores)
