"""The confidence after calibration to labels: the probability of the label of the leading topic."""

import json
from dataclasses import replace

import numpy as np
import pytest

from topicml.models.calibration import Calibration
from topicml.models.label_calibration import (
    LabelCalibration,
    _largest_log_odds,
    calibrate_to_labels,
    stored_calibration,
)


def documents(n=6000, purities=(0.98, 0.9, 0.7, 0.45, 0.3), seed=0, sharpness=1.0):
    """Theta, and labels that are those of the leading topic as often as its purity and theta's margin say."""
    rng = np.random.default_rng(seed)
    leading = rng.integers(len(purities), size=n)
    scores = rng.normal(size=(n, len(purities)))
    scores[np.arange(n), leading] = scores.max(axis=1) + rng.exponential(1.5, size=n)
    margin = scores.max(axis=1) - np.sort(scores, axis=1)[:, -2]
    purity = np.asarray(purities)[leading]
    right = rng.random(n) < 1 / (1 + np.exp(-(np.log(purity / (1 - purity)) + 0.8 * (margin - 1.5))))
    labels = np.where(right, leading, len(purities) + rng.integers(6, size=n))  # others are of no topic
    theta = np.exp(sharpness * scores)
    return theta / theta.sum(axis=1, keepdims=True), labels, right


def sure(calibration, theta):
    return calibration.confidence(theta)[np.arange(len(theta)), theta.argmax(axis=1)].astype(float)


def error_of(confidence, is_right, n_bins=10):
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    return sum(abs((is_right - confidence)[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))


def test_topics_of_different_purity_are_each_right_as_often_as_they_say():
    theta, labels, right = documents()
    found = sure(calibrate_to_labels(theta[:3000], labels[:3000]), theta[3000:])
    assert error_of(found, right[3000:]) < 0.04
    leading = theta[3000:].argmax(axis=1)
    for k in range(5):
        assert abs((found - right[3000:])[leading == k].mean()) < 0.06, k


def test_a_hundred_topics_with_thirty_labels_each_are_calibrated():
    purities = np.linspace(0.3, 0.99, 100)
    theta, labels, right = documents(8000, tuple(purities))
    assert error_of(sure(calibrate_to_labels(theta[:3000], labels[:3000]), theta[3000:]), right[3000:]) < 0.05


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_theta_may_be_too_sure_or_not_sure_enough(sharpness):
    theta, labels, right = documents(sharpness=sharpness)
    assert error_of(sure(calibrate_to_labels(theta[:3000], labels[:3000]), theta[3000:]), right[3000:]) < 0.04


@pytest.mark.parametrize("temperature", [0.25, 2.0])
def test_the_temperature_that_predicts_best_is_chosen(temperature):
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.full(6, 0.4), size=4000)
    log_odds = _largest_log_odds(theta, temperature)
    is_right = rng.random(4000) < 1 / (1 + np.exp(-1.5 * (log_odds - np.median(log_odds))))
    labels = np.where(is_right, theta.argmax(axis=1), 6 + rng.integers(9, size=4000))
    assert calibrate_to_labels(theta, labels).temperature == temperature


def test_documents_that_training_read_count_as_new_ones():
    theta, labels, right = documents(9000)
    read = theta[:4000] ** 1.6  # as sure as training makes them
    mixed = np.concatenate([read / read.sum(axis=1, keepdims=True), theta[4000:6000]])
    is_unread = np.arange(6000) >= 4000
    corrected = calibrate_to_labels(mixed, labels[:6000], unread=is_unread)
    plain = calibrate_to_labels(mixed, labels[:6000])
    bias = [abs((sure(each, theta[6000:]) - right[6000:]).mean()) for each in (corrected, plain)]
    assert bias[0] < 0.02 < bias[1]
    for kind in (np.zeros(6000, dtype=bool), np.ones(6000, dtype=bool)):  # of one kind only: nothing to compare
        assert calibrate_to_labels(mixed, labels[:6000], unread=kind) == plain


def test_the_confidence_never_falls_when_theta_rises():
    theta, _, _ = documents(1000)
    opposed = theta.max(axis=1) < np.median(theta.max(axis=1))  # right where theta is small
    labels = np.where(opposed, theta.argmax(axis=1), 9 + np.arange(1000) % 40)
    calibration = calibrate_to_labels(theta, labels)
    assert calibration.slope == 0 and np.isfinite(calibration.intercepts).all()
    rising = np.column_stack([np.linspace(0.3, 0.99, 50)] + [np.linspace(0.7, 0.01, 50) / 4] * 4)
    for each in (calibration, calibrate_to_labels(*documents()[:2])):
        assert (np.diff(each.confidence(rising)[:, 0]) >= 0).all()


def test_labels_that_are_always_right_give_finite_numbers():
    theta, _, _ = documents(200)
    calibration = calibrate_to_labels(theta, theta.argmax(axis=1))
    found = sure(calibration, theta)
    assert np.isfinite(calibration.intercepts).all() and 0.9 < found.mean() < 1
    certain = calibration.confidence(np.eye(5))
    assert np.isfinite(certain).all()
    np.testing.assert_allclose(certain.sum(axis=1), 1, atol=1e-6)


def test_confidences_sum_to_one_and_are_stored_as_they_are():
    theta, labels, _ = documents(500)
    calibration = calibrate_to_labels(theta, labels, field="team")
    assert calibration.documents == 500 and calibration.target == "labels"
    confidence = calibration.confidence(theta)
    np.testing.assert_allclose(confidence.sum(axis=1), 1, atol=1e-5)
    assert (confidence >= 0).all() and confidence.dtype == np.float32
    assert stored_calibration(json.loads(json.dumps(calibration.to_dict())), 5) == calibration
    with pytest.raises(ValueError, match="5 topics, but the model has 6"):
        stored_calibration(calibration.to_dict(), 6)


def test_a_calibration_to_labels_of_an_earlier_version_is_read():
    before = Calibration(0.5, (0.1, 0.2), (0.5, 0.5), 90, target="labels")
    assert stored_calibration(before.to_dict(), 2) == before


@pytest.mark.parametrize(
    "damage",
    [
        {"temperature": 0.0},
        {"temperature": np.nan},
        {"slope": -1.0},
        {"slope": np.inf},
        {"intercepts": (0.0, np.nan)},
        {"intercepts": (0.0,)},
        {"documents": -1},
        {"field": ["tag"]},
    ],
)
def test_damaged_numbers_are_refused(damage):
    with pytest.raises(ValueError, match="its calibration has"):
        replace(LabelCalibration(1.0, 1.0, (0.0, 0.0), 90), **damage)
