"""``topicml fit --response``."""

import csv
import io
import json
import re

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
    predicted = run.model.predict_response(run.corpus).tolist()
    with open(out / "documents.csv", encoding="utf-8", newline="") as stream:
        assert [row["predicted_theme"] for row in csv.DictReader(stream)] == predicted
    labelled = topicml("transform", out, documents, "--text-column", "body text", "--theta")
    rows = list(csv.DictReader(io.StringIO(labelled.out)))
    assert [row["predicted_theme"] for row in rows] == predicted
    assert list(rows[0])[-5:] == ["note", "predicted_theme", "theta_0", "theta_1", "theta_2"]


def test_what_cannot_be_predicted_is_refused(topicml, documents, small):
    twice = topicml("fit", documents, *small, "--response", "theme", "--set", "response=theme")
    assert twice.refused and "--response and --set response" in twice.err
    unknown = topicml("fit", documents, *small, "--text-column", "body text", "--response", "rating")
    assert unknown.refused and "no field 'rating'" in unknown.err


def test_the_prediction_of_unseen_documents_is_told_beside_a_guess(topicml, tmp_path):
    source = tmp_path / "rated.csv"
    themes = ("rocket orbit planet comet", "butter flour oven sugar")
    rows = [f"{themes[i % 3 > 0]},{('good', 'bad')[i % 3 > 0]},{i % 3}" for i in range(300)]
    source.write_text("\n".join(["text,rating,stars", *rows]), "utf-8")
    options = ("--text-column", "text", "--max-df", "1.0", "--topics", "2", "--epochs", "2", "--set")
    options += ("validation_fraction=0.3",)
    labels = topicml("fit", source, *options, "--response", "rating")
    told = re.search(
        r"rating: predicted right for \d+% of 90 doc.* the guess 'bad' for all is right for (\d+)%", labels.out
    )
    assert told and 55 < int(told[1]) < 80  # two of three documents are bad
    numbers = topicml("fit", source, *options, "--response", "stars")
    assert "stars: R2 " in numbers.out and "the mean alone has 0." in numbers.out
    few = topicml("fit", source, *options[:-2], "--response", "rating")  # fewer than 50 held out
    assert few.code == 0 and "predicted right" not in few.out
