import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.svm import LinearSVC

from topicml.errors import InputError
from topicml.metrics import classification

RNG = np.random.default_rng(0)
THETA = RNG.dirichlet(np.ones(4), 300)
LABELS = [("red", "green", "blue", "rare")[i] for i in np.where(RNG.random(300) < 0.6, THETA.argmax(axis=1), 0)]
TRAIN, TEST = slice(0, 200), slice(200, 300)


@pytest.mark.parametrize(
    ("classifier", "model"), [("svm", LinearSVC(random_state=0)), ("logistic", LogisticRegression(max_iter=1000))]
)
def test_scores_equal_scikit_learns(classifier, model):
    ours = classification(
        THETA[TRAIN], LABELS[TRAIN], THETA[TEST], LABELS[TEST], classifier=classifier, scale=False, seed=0
    )
    truth, predicted = LABELS[TEST], model.fit(THETA[TRAIN], LABELS[TRAIN]).predict(THETA[TEST])
    assert ours.accuracy == np.mean(predicted == np.array(truth))
    for average in ("micro", "macro"):
        for part, of in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
            expected = of(truth, predicted, average=average, zero_division=0)
            assert getattr(ours, f"{part}_{average}") == pytest.approx(expected)
    each = dict(zip(sorted(set(truth)), f1_score(truth, predicted, average=None), strict=True))
    assert ours.per_label == pytest.approx(each)
    assert json.loads(json.dumps(ours.to_dict()))["test_documents"] == 100
    assert ours.score("f1_macro").protocol["classifier"] == classifier


def test_every_number_is_a_score():
    result = classification(THETA, LABELS)
    for name in ("accuracy", "f1_macro", "precision_micro", "recall_macro"):
        value = getattr(result, name)
        assert (value.measure, value.mean, value.protocol) == (name, float(value), result.protocol)


def test_the_same_seed_gives_the_same_numbers():
    assert classification(THETA, LABELS, seed=3) == classification(THETA, LABELS, seed=3)
    assert len({classification(THETA, LABELS, seed=seed).accuracy for seed in range(4)}) > 1


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_topics_equal_to_the_labels_predict_them_and_random_topics_do_not(classifier):
    labels = RNG.integers(0, 3, 300)
    assert classification(np.eye(3)[labels], labels, classifier=classifier).f1_macro == 1
    chance = classification(THETA, labels, classifier=classifier)
    assert chance.accuracy < 0.55


def test_the_order_of_topics_and_the_names_of_labels_do_not_matter():
    once = classification(THETA[TRAIN], LABELS[TRAIN], THETA[TEST], LABELS[TEST])
    again = classification(
        THETA[TRAIN][:, ::-1],
        [f"x{name}" for name in LABELS[TRAIN]],
        THETA[TEST][:, ::-1],
        [f"x{n}" for n in LABELS[TEST]],
    )
    assert again.f1_macro == pytest.approx(once.f1_macro)


def test_documents_without_a_label_are_left_out_and_counted():
    labels = [None if i % 3 == 0 else label for i, label in enumerate(LABELS)]
    result = classification(THETA, labels)
    assert result.protocol["unlabelled"] == 100
    assert result.protocol["train_documents"] + result.protocol["test_documents"] == 200
    assert result.protocol["test_documents"] == 40


def test_octis_output_contains_the_test_documents():
    output = {"topic-document-matrix": THETA[TRAIN].T, "test-topic-document-matrix": THETA[TEST].T}
    ours = classification(output, LABELS[TRAIN], test_labels=LABELS[TEST])
    assert ours == classification(THETA[TRAIN], LABELS[TRAIN], THETA[TEST], LABELS[TEST])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: classification(THETA, LABELS[:9]), "300 documents in theta and 9 labels"),
        (lambda: classification(THETA, ["a"] * 300), "All labels are 'a'"),
        (lambda: classification(THETA, [None] * 300), "Only 0 of 300"),
        (lambda: classification(THETA, [["a", "b"]] * 300), "one hashable value per document"),
        (lambda: classification(THETA, ["once", *["a"] * 150, *["b"] * 149]), "Only one document has the label 'once'"),
        (
            lambda: classification(THETA, LABELS, classifier="tree"),
            "classifier must be one of svm, logistic; received 'tree'",
        ),
        (lambda: classification(THETA, LABELS, test_share=1.0), "test_share must be between"),
        (lambda: classification(THETA, LABELS, THETA), "test_theta and test_labels together"),
        (lambda: classification(THETA, LABELS, THETA[:, :2], LABELS), "4 topics and test_theta 2"),
        (lambda: classification(THETA, LABELS, THETA, LABELS[:2]), "300 documents in test_theta and 2 test labels"),
        (
            lambda: classification(THETA, LABELS, THETA, ["new", *LABELS[1:]]),
            "test label 'new' is not among the 4 training",
        ),
        (lambda: classification(THETA * np.nan, LABELS), "NaN or infinity"),
        (lambda: classification({"topics": []}, LABELS), "must have the key 'topic-document-matrix'"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(InputError, match=match):
        call()
