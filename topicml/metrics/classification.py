"""Whether a linear classifier finds the labels of documents in their topic proportions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.labels import numbered_labels
from topicml.metrics.result import Score

CLASSIFIERS = ("svm", "logistic")


@dataclass(frozen=True)
class Classification:
    """How well labels were predicted for documents that the classifier had not seen; each number is a `Score`.

    Attributes
    ----------
    accuracy : Score
        Share of documents with the right label. Micro-averaged F1, precision and recall are the same number.
    f1_micro, f1_macro, precision_micro, precision_macro, recall_micro, recall_macro : Score
        Over all decisions, or the mean over labels; 0 for a label that is never predicted.
    per_label : dict
        Each label's F1.
    protocol : dict
        Classifier, seed, documents of either part, version.
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
        """One of the numbers above."""
        found: Score = getattr(self, measure)
        return found

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
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
) -> Classification:
    """Train a linear classifier on topic proportions and predict the labels of other documents.

    Parameters
    ----------
    theta : array, (n_docs, n_topics), or OCTIS's model output
        Topic proportions of the documents to learn from. A model output with ``test-topic-document-matrix`` brings
        those to predict, too.
    labels : sequence of n_docs labels
        Anything hashable; documents whose label is None, NaN or "" are left out, and counted in `protocol`.
    test_theta, test_labels : optional
        The same of the documents to predict. By default a stratified share of the documents is set aside.
    classifier : {"svm", "logistic"}
        scikit-learn's ``LinearSVC``, as OCTIS has it, or ``LogisticRegression``.
    test_share : float
        The share that is set aside.
    scale : bool
        Give each topic mean 0 and variance 1 first, as OCTIS does.
    seed : int
        Of the split and the classifier.

    Returns
    -------
    result : Classification
        OCTIS keeps the predictions of its last model output by the printed form of that output, which leaves out the
        middle of large matrices: another model can get the scores of the one before. Nothing is kept here.

    Raises
    ------
    InputError
        If lengths differ, labels are missing or of one class, a label has a single document (where documents are to be
        set aside), a test label is new, or an argument is unknown.
    """
    if classifier not in CLASSIFIERS:
        raise InputError(f"classifier={classifier!r} is unknown. Choose one of {', '.join(CLASSIFIERS)}.")
    if isinstance(theta, Mapping) and test_theta is None and theta.get("test-topic-document-matrix") is not None:
        test_theta = document_weights(theta, "test-topic-document-matrix")
    x = document_weights(theta)
    if (test_theta is None) != (test_labels is None):
        raise InputError("Give test_theta and test_labels together, or neither.")
    present, y, names = numbered_labels(labels, len(x))
    x = x[present]
    if test_theta is None:
        train, test = _set_aside(y, names, test_share, seed)
        x_test, y_test, n_missing = x[test], y[test], int((~present).sum())
        x, y = x[train], y[train]
    else:
        x_test, y_test, missing = _test(test_theta, test_labels, names, x.shape[1])
        n_missing = int((~present).sum()) + missing
    predicted = _predict(x, y, x_test, classifier, scale, seed)
    protocol = {
        "classifier": classifier,
        "scaled": scale,
        "train_documents": len(y),
        "test_documents": len(y_test),
        "unlabelled": n_missing,
        "labels": len(names),
        "seed": seed,
        "version": __version__,
    }
    return _result(y_test, predicted, names, protocol)


def _set_aside(y: np.ndarray, names: list[Any], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if not 0 < share < 1:
        raise InputError(f"test_share must lie between 0 and 1; received {share}.")
    sizes = np.bincount(y)
    if sizes.min() < 2:
        raise InputError(
            f"Only one document has the label {names[int(sizes.argmin())]!r}; two are needed, to learn and to test. "
            "Leave it out (None), or give test_theta and test_labels."
        )
    from sklearn.model_selection import train_test_split

    n_test = min(max(round(share * len(y)), len(names)), len(y) - len(names))
    train, test = train_test_split(np.arange(len(y)), test_size=n_test, stratify=y, random_state=seed)
    return train, test


def _test(theta: Any, labels: Any, names: list[Any], n_topics: int) -> tuple[np.ndarray, np.ndarray, int]:
    x = document_weights(theta)
    values = list(labels)
    if len(values) != len(x):
        raise InputError(f"There are {len(x)} documents in test_theta and {len(values)} test labels.")
    if x.shape[1] != n_topics:
        raise InputError(f"theta has {n_topics} topics and test_theta {x.shape[1]}.")
    present, y, found = numbered_labels(values, len(x))
    number = {name: i for i, name in enumerate(names)}
    for name in found:
        if name not in number:
            raise InputError(f"The test label {name!r} is not among the {len(names)} labels to learn from.")
    return x[present], np.array([number[name] for name in found])[y], int((~present).sum())


def _predict(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, classifier: str, scale: bool, seed: int) -> np.ndarray:
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
    from sklearn.metrics import precision_recall_fscore_support as of

    labels = np.union1d(y, predicted)  # a label that is neither there nor predicted does not count, as in scikit-learn
    precision, recall, f1, _ = of(y, predicted, labels=labels, zero_division=0)
    micro = of(y, predicted, average="micro", zero_division=0)
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
