"""The confidence: fitted without labels, stored with the model, right as often as it says."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

import topicml
from topicml import explore
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.calibration import held_out_of_fit
from topicml.models.calibration import Calibration, _Parameters, calibrate
from topicml.models.label_calibration import calibrate_to_labels

K, WORDS_EACH = 5, 8
TRUTH = 0.4  # probability of a word of the document's own topic


def planted(n_docs=4000, length=6, seed=0):
    """Documents of one topic each, and the true posterior of the topic given some words, to any power."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(K, size=n_docs)
    counts = np.zeros((n_docs, K * WORDS_EACH), dtype=np.int64)
    for row, k in enumerate(topics):
        own = rng.random(length) < TRUTH
        kinds = np.where(own, k, rng.integers(K, size=length))
        np.add.at(counts[row], kinds * WORDS_EACH + rng.integers(WORDS_EACH, size=length), 1)
    beta = np.full((K, K * WORDS_EACH), (1 - TRUTH) / (K * WORDS_EACH))
    for k in range(K):
        beta[k, k * WORDS_EACH : (k + 1) * WORDS_EACH] += TRUTH / WORDS_EACH

    def infer(power):
        def theta(part):
            logits = power * np.asarray(part @ np.log(beta).T)
            p = np.exp(logits - logits.max(axis=1, keepdims=True))
            return p / p.sum(axis=1, keepdims=True)

        return theta

    return csr_matrix(counts), topics, infer


def error_of(confidence, is_right, n_bins=10):
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    return sum(abs((is_right - confidence)[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))


@pytest.mark.parametrize("power", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_theta_too_sure_or_unsure_is_found_without_labels(power):
    counts, topics, infer = planted()
    calibration = calibrate(infer(power), counts[:3000])
    assert calibration.temperature == pytest.approx(power, rel=0.2)
    theta = infer(power)(counts[3000:])
    leading = theta.argmax(axis=1)
    sure = calibration.confidence(theta)[np.arange(len(theta)), leading]
    is_right = leading == topics[3000:]
    assert error_of(sure.astype(float), is_right) < 0.05
    if power != 1:
        assert error_of(theta.max(axis=1), is_right) > 0.08


def test_confidences_are_probabilities_and_two_fits_are_the_same():
    counts, _, infer = planted(500)
    calibration = calibrate(infer(2.0), counts)
    assert calibration == calibrate(infer(2.0), counts)
    sure = calibration.confidence(infer(2.0)(counts))
    np.testing.assert_allclose(sure.sum(axis=1), 1, atol=1e-5)
    assert (sure >= 0).all() and Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())), K) == calibration


def test_too_few_documents_give_no_calibration():
    counts, topics, infer = planted(40)
    assert calibrate(infer(1), counts) is None and calibrate_to_labels(infer(1)(counts), topics) is None


def test_labels_that_disagree_with_topics_lower_the_confidence():
    counts, topics, infer = planted()
    theta = infer(1.0)(counts)
    labels = np.where(np.random.default_rng(1).random(len(topics)) < 0.3, (topics + 1) % K, topics)
    calibration = calibrate_to_labels(theta[:3000], labels[:3000])
    leading = theta[3000:].argmax(axis=1)
    sure = calibration.confidence(theta[3000:])[np.arange(1000), leading].astype(float)
    assert (
        error_of(sure, leading == labels[3000:]) < 0.05 < error_of(theta[3000:].max(axis=1), leading == labels[3000:])
    )


def test_the_calibration_is_saved_and_older_models_load_without(saved, texts, tmp_path):
    assert saved.calibration_.documents > 100 and saved.calibration_.held_out > 0
    np.testing.assert_allclose(saved.topic_shares_.sum(), 1, atol=1e-4)
    before = TopicView.of(saved, texts).label_rows()
    path = tmp_path / "model" / "model.json"
    header = json.loads(path.read_text())
    del header["calibration"], header["topic_shares"]
    path.write_text(json.dumps(header))
    older = topicml.load(tmp_path / "model")
    assert older.calibration_ is None and older.topic_shares_ is None
    rows = TopicView.of(older, texts).label_rows()  # calibrated on the documents at hand
    assert abs(rows["confidence"] - before["confidence"]).mean() < 0.1
    assert TopicView.of(older).calibration is None and len(TopicView.of(older).label_rows(texts[:3])) == 3


def test_a_damaged_calibration_is_told(saved, tmp_path):
    path = tmp_path / "model" / "model.json"
    header = json.loads(path.read_text())
    for wrong in ({}, {"temperature": 0}, {**header["calibration"], "noise": [0.1]}, 3):
        path.write_text(json.dumps({**header, "calibration": wrong}))
        with pytest.raises(InputError, match="damaged"):
            topicml.load(tmp_path / "model")


def test_reliability_counts_documents_and_how_often_they_are_right(saved, texts, subjects):
    view = TopicView.of(saved, texts)
    table = explore.reliability(view, subjects, n_bins=5)
    assert list(table) == ["from", "to", "documents", "confidence", "right", "low", "high"]
    assert table["documents"].sum() == len(texts)
    assert ((table["from"] <= table["confidence"]) & (table["confidence"] <= table["to"] + 1e-9)).all()
    assert ((table["low"] <= table["right"] + 1e-9) & (table["right"] <= table["high"] + 1e-9)).all()
    rows = view.label_rows()
    n_right = sum(pd.Series(subjects)[rows["topic"] == k].value_counts().max() for k in rows["topic"].unique())
    assert (table["right"] * table["documents"]).sum() == pytest.approx(n_right)
    without = explore.reliability(view)
    assert explore.calibration_error(without) < 0.15 and without["documents"].sum() > 200


def test_view_calibrate_changes_the_confidence_and_is_saved(saved, texts, subjects, tmp_path):
    view = TopicView.of(saved, texts)
    labelled = view.calibrate(subjects).rename(0, "first")
    assert labelled.calibration.target == "labels" and view.calibration.target == "halves"
    assert explore.calibration_error(explore.reliability(labelled, subjects)) < 0.1
    labelled.save()
    again = TopicView.of(topicml.load(tmp_path / "model"))
    assert again.calibration == labelled.calibration and again.labels[0] == "first"
    assert again.undo("rename 0").calibration == labelled.calibration
    assert again.step_names == ["rename 0", "calibrate"]
    undone = again.undo("calibrate")
    assert undone.calibration == saved.calibration_ and undone.labels[0] == "first"


def test_documents_of_the_fit_are_told_from_others(fitted_once, saved, texts, subjects):
    held_out = fitted_once.validation_rows_
    assert len(held_out) == 12
    for model in (fitted_once, saved):  # a loaded model draws them again
        np.testing.assert_array_equal(held_out_of_fit(TopicView.of(model, texts)), held_out)
    assert held_out_of_fit(TopicView.of(saved, texts[:200])) is None
    found = held_out_of_fit(TopicView.of(saved, ["", "", *texts]))
    np.testing.assert_array_equal(found, held_out + 2)  # documents without words do not count
    drawn = copy.copy(fitted_once)
    drawn.random_state = None
    np.testing.assert_array_equal(held_out_of_fit(TopicView.of(drawn, texts)), held_out)
    del drawn.validation_rows_
    assert not len(held_out_of_fit(TopicView.of(drawn, texts)))
    view, rows = TopicView.of(saved, texts), np.arange(240)
    unread = np.isin(rows, held_out)
    wanted = calibrate_to_labels(view.theta, np.array(subjects), unread=unread)
    assert view.calibrate(subjects).calibration == wanted != calibrate_to_labels(view.theta, np.array(subjects))


def test_a_view_that_is_calibrated_to_labels_is_judged_by_labels(saved, texts, subjects):
    view = TopicView.of(saved, Corpus.from_texts(texts, fields={"team": subjects})).calibrate("team")
    assert view.calibration.field == "team"
    with pytest.raises(InputError, match="the probability of a label"):
        explore.reliability(view)
    assert explore.calibration_error(explore.reliability(view, "team")) < 0.1


def test_wrong_arguments_are_refused(saved, texts, subjects):
    view = TopicView.of(saved, texts)
    for wrong, message in (
        (lambda: view.calibrate(subjects[:5]), "one for each of the 240"),
        (lambda: view.calibrate([None] * 240), "50 documents"),
        (lambda: explore.reliability(view, n_bins=0), "n_bins"),
        (lambda: explore.reliability(TopicView.of(saved)), "no documents"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()


def test_a_missing_value_is_no_label(saved, texts, subjects):
    view = TopicView.of(saved, texts)
    holes = [pd.NA, None, np.nan, pd.NaT, ""] * 4
    for labels in (holes + subjects[20:], pd.Series([pd.NA] * 20 + subjects[20:], dtype="string")):
        assert explore.reliability(view, labels)["documents"].sum() == 220


def test_labels_that_are_vectors_are_refused(saved, texts):
    fields = {"fixed": np.ones((240, 2)), "ragged": [[1.0] * (1 + i % 2) for i in range(240)]}
    view = TopicView.of(saved, Corpus.from_texts(texts, fields=fields))
    arrays = [np.zeros((2, 2 + i % 2)) for i in range(240)]
    for labels in (*fields, *fields.values(), [tuple(each) for each in fields["ragged"]], arrays):
        for wrong in (view.calibrate, lambda each: explore.reliability(view, each)):
            with pytest.raises(InputError, match="holds vectors; classes are single values"):
                wrong(labels)


@pytest.mark.parametrize("temperature", [1e-6, 1e30, 1e-40, np.inf, np.nan, -1.0])
def test_a_temperature_out_of_range_is_no_calibration(temperature):
    with pytest.raises(ValueError, match="temperature"):
        Calibration(temperature, (0.1, 0.1), (0.5, 0.5), 100)
    fitted = _Parameters(2)
    fitted.log_temperature = torch.tensor(temperature, dtype=torch.float64).log()
    assert fitted.calibration(torch.full((2,), 0.5), 100, 0, "halves") is None
