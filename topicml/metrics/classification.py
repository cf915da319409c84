"""How well a linear classifier predicts the labels of documents from their topic proportions."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.labels import check_number_of_labels, numbered_labels
from topicml.metrics.leading import rows_with_words
from topicml.metrics.result import Score

CLASSIFIERS = ("svm", "logistic")


@dataclass(frozen=True)
class Classification:
    """Scores of a classifier on documents that it was not trained on; each number is a `Score`.

    Attributes
    ----------
    accuracy : Score
        Share of documents with the right label. Micro-averaged F1, precision and recall are the same number.
    f1_micro, f1_macro, precision_micro, precision_macro, recall_micro, recall_macro : Score
        Micro: over all decisions. Macro: the mean over labels; a label that is never predicted has 0.
    per_label : dict
        F1 of each label.
    protocol : dict
        Classifier, seed, number of training and test documents, version.
    """

    accuracy: Score
    f1_micro: Score
    f1_macro: Score
    precision_micro: Score
    precision_macro: Score
    recall_micro: Score
    recall_macro: Score
    per_label: dict[Any, float]
    protocol: dict[str, Any]

    def score(self, measure: str) -> Score:
        """Return the score with this name, such as "f1_macro"."""
        score: Score = getattr(self, measure)
        return score

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dict of all means and the protocol."""
        return {name: getattr(self, name).mean for name in PARTS} | self.protocol


PARTS = ("accuracy", "f1_micro", "f1_macro", "precision_micro", "precision_macro", "recall_micro", "recall_macro")


def classification(
    theta: Any,
    labels: Any,
    test_theta: Any = None,
    test_labels: Any = None,
    *,
    classifier: str = "svm",
    test_share: float = 0.2,
    scale: bool = True,
    seed: int = 0,
    has_words: Any = None,
) -> Classification:
    """Train a linear classifier on topic proportions and predict the labels of other documents.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or OCTIS's model output
        Topic proportions of the training documents. The ``test-topic-document-matrix`` of a model output serves as
        `test_theta`.
    labels : sequence of n_docs labels
        Labels of the training documents, of any hashable type. Documents whose label is None, NaN or "" are left out
        and counted in `protocol`.
    test_theta, test_labels : optional
        Topic proportions and labels of the test documents. By default a stratified share of the documents is the test
        set.
    classifier : {"svm", "logistic"}
        scikit-learn's ``LinearSVC``, as in OCTIS, or ``LogisticRegression``.
    test_share : float
        Share of the documents in the test set, in (0, 1), if `test_theta` is not given.
    scale : bool
        Scale each topic to mean 0 and variance 1 first, as OCTIS does.
    seed : int
        Seed of the split and of the classifier.
    has_words : ndarray of bool, (n_docs,), optional
        Documents of `theta` with a word that the model knows. The others have no topic, whatever their theta, and are
        left out.

    Returns
    -------
    result : Classification
        Accuracy, F1, precision and recall.

    Raises
    ------
    InputError
        If lengths differ, fewer than two documents or labels remain, a label has only one document and a test set must
        be split off, a test label does not occur in training, or an argument is out of range.

    Notes
    -----
    OCTIS caches predictions under the printed form of the model output. NumPy prints only the edges of large matrices,
    so that OCTIS can return the scores of another model. This function caches nothing.
    """
    require(classifier in CLASSIFIERS, "classifier", classifier, f"one of {', '.join(CLASSIFIERS)}")
    if isinstance(theta, Mapping) and test_theta is None and theta.get("test-topic-document-matrix") is not None:
        test_theta = document_weights(theta, "test-topic-document-matrix")
    x = document_weights(theta)
    if (test_theta is None) != (test_labels is None):
        raise InputError("Pass test_theta and test_labels together, or neither.")
    with_words = rows_with_words(has_words, len(x))
    labels = list(labels)
    check_number_of_labels(labels, len(x))
    x = x[with_words]
    present, y, names = numbered_labels(list(compress(labels, with_words)), len(x))
    x = x[present]
    if test_theta is None:
        train, test = _train_test_rows(y, names, test_share, seed)
        x_test, y_test, n_missing = x[test], y[test], int((~present).sum())
        x, y = x[train], y[train]
    else:
        x_test, y_test, missing = _test_set(test_theta, test_labels, names, x.shape[1])
        n_missing = int((~present).sum()) + missing
    predicted = _predict(x, y, x_test, classifier, scale, seed)
    protocol = {
        "classifier": classifier,
        "scaled": scale,
        "train_documents": len(y),
        "test_documents": len(y_test),
        "unlabelled": n_missing,
        "without_topic": int((~with_words).sum()),
        "labels": len(names),
        "seed": seed,
        "version": __version__,
    }
    return _result(y_test, predicted, names, protocol)


def _train_test_rows(y: np.ndarray, names: list[Any], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a stratified split; each label has at least one document in either part."""
    require(0 < share < 1, "test_share", share, "between 0 and 1")
    sizes = np.bincount(y)
    if sizes.min() < 2:
        raise InputError(
            f"Only one document has the label {names[int(sizes.argmin())]!r}; a label needs two, one to train and one "
            "to test. Set that label to None, or pass test_theta and test_labels."
        )
    from sklearn.model_selection import train_test_split

    n_test = min(max(round(share * len(y)), len(names)), len(y) - len(names))
    train, test = train_test_split(np.arange(len(y)), test_size=n_test, stratify=y, random_state=seed)
    return train, test


def _test_set(theta: Any, labels: Any, names: list[Any], n_topics: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Features and label numbers of the labelled test documents, and the number of unlabelled ones."""
    x = document_weights(theta)
    values = list(labels)
    if len(values) != len(x):
        raise InputError(f"There are {len(x)} documents in test_theta and {len(values)} test labels.")
    if x.shape[1] != n_topics:
        raise InputError(f"theta has {n_topics} topics and test_theta {x.shape[1]}.")
    present, y, test_names = numbered_labels(values, len(x))
    number = {name: i for i, name in enumerate(names)}
    for name in test_names:
        if name not in number:
            raise InputError(f"The test label {name!r} is not among the {len(names)} training labels.")
    return x[present], np.array([number[name] for name in test_names])[y], int((~present).sum())


def _predict(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, classifier: str, scale: bool, seed: int) -> np.ndarray:
    """Predicted label numbers of the test documents."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    if scale:
        scaler = StandardScaler().fit(x)
        x, x_test = scaler.transform(x), scaler.transform(x_test)
    model = (
        LinearSVC(random_state=seed) if classifier == "svm" else LogisticRegression(max_iter=1000, random_state=seed)
    )
    return model.fit(x, y).predict(x_test)


def _result(y: np.ndarray, predicted: np.ndarray, names: list[Any], protocol: dict[str, Any]) -> Classification:
    """Scores of predictions; `names` are the labels by number."""
    from sklearn.metrics import precision_recall_fscore_support

    labels = np.union1d(y, predicted)  # as in scikit-learn, macro averages ignore labels that occur in neither
    precision, recall, f1, _ = precision_recall_fscore_support(y, predicted, labels=labels, zero_division=0)
    micro = precision_recall_fscore_support(y, predicted, average="micro", zero_division=0)
    parts = {
        "accuracy": np.mean(y == predicted),
        "f1_micro": micro[2],
        "f1_macro": f1.mean(),
        "precision_micro": micro[0],
        "precision_macro": precision.mean(),
        "recall_micro": micro[1],
        "recall_macro": recall.mean(),
    }
    return Classification(
        **{name: Score(name, float(value), None, protocol) for name, value in parts.items()},
        per_label={names[label]: float(value) for label, value in zip(labels, f1, strict=True)},
        protocol=protocol,
    )
