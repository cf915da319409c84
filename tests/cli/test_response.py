"""``topicml fit --response``."""

import json

import topicml as package


def test_a_column_that_topics_predict(topicml, documents, small, tmp_path):
    out = tmp_path / "run"
    options = ("--text-column", "body text", "--response", "theme", "--balance", "sum", "--no-report", "--out", out)
    result = topicml("fit", documents, *small, *options)
    assert result.code == 0, result.err
    assert json.loads((out / "run.json").read_text())["configuration"]["parameters"]["response"] == "theme"
    run = package.open_run(out)
    assert run.model.score_response(run.corpus) > 0.8
    assert "response" in result.err  # its share of the encoder's step


def test_what_cannot_be_predicted_is_refused(topicml, documents, small):
    twice = topicml("fit", documents, *small, "--response", "theme", "--set", "response=theme")
    assert twice.refused and "--response and --set response" in twice.err
    unknown = topicml("fit", documents, *small, "--text-column", "body text", "--response", "rating")
    assert unknown.refused and "no field 'rating'" in unknown.err
