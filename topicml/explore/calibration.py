"""Calibrate confidences to labels, and check how often confidences are right (reliability diagrams)."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from topicml.checks import require
from topicml.corpus.columns import is_missing
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.groups import wilson
from topicml.models.calibration import MAX_DOCUMENTS, MIN_DOCUMENTS, theta_of_halves
from topicml.models.inference import infer_theta, shares_sample
from topicml.models.label_calibration import calibrate_to_labels
from topicml.models.topic_model import TopicModel
from topicml.training.sampler import split_rows

View = TypeVar("View", bound=BaseView)

_SAME_SHARES = 1e-5  # stored shares have six digits, and theta differs in its last bits between machines


def calibrated(view: View, labels: Any) -> View:
    """A view whose confidence is the probability that the label of the leading topic is right.

    The label of a topic is the most frequent label of the documents that it leads. Without labels, the confidence says
    how surely the words of a document belong to its topic; it cannot know how finely somebody sorted the documents.
    Labels make it a probability: of a hundred new documents with a confidence of 0.8, about eighty have the label of
    their topic. The topics are those of the model, before the steps of the view.

    Theta of documents that training read is too sure. For the documents of the fit, this is corrected with those that
    the fit held out.

    Parameters
    ----------
    view : TopicView
        The topics, with documents: those of the fit, or others that the model was not fitted on.
    labels : str or array-like, (n_docs,)
        A field of the documents, or a label for each. Documents without a label are left out. Some hundred labels a
        topic are enough; with ten, the labels of topics themselves are in doubt.

    Returns
    -------
    view : TopicView

    Raises
    ------
    InputError
        If the view has no documents, their number is not the number of labels, labels are vectors, or fewer than 50
        documents have words and a label.
    """
    view.require_documents("Calibration to labels")
    field = labels if isinstance(labels, str) else None
    labels, rows = _labels(view, labels)
    held_out = held_out_of_fit(view)
    is_unread = np.isin(rows, rows[:0] if held_out is None else held_out)
    calibration = calibrate_to_labels(view.inferred[rows], labels[rows], unread=is_unread, field=field)
    if calibration is None:
        raise InputError(
            f"Calibration to labels needs two topics and {MIN_DOCUMENTS} documents with words and a label; there are "
            f"{view.inferred.shape[1]} topics and {len(rows)} such documents."
        )
    return replace(view, given_calibration=calibration)


def reliability(view: BaseView, labels: Any = None, *, n_bins: int = 10, frame: str = "pandas") -> Any:
    """How often confidences are right, in bins of similar confidence: the data of a reliability diagram.

    Parameters
    ----------
    view : TopicView
        The topics, with documents. Results are somewhat better for documents that the model was fitted on.
    labels : str or array-like, (n_docs,), optional
        A field of the documents, or a label for each. A document is then right if it has the label that most documents
        of its leading topic have. Without labels, the words of each document are split into two halves. A half is right
        if the other half has the same leading topic, and its confidence is the probability of that. If the view is
        calibrated to labels, they are required.
    n_bins : int
        Number of bins of equal width.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each bin that has documents: from, to, documents, confidence (mean), right (share), and low and high
        (95% interval of the share, after Wilson).

    Raises
    ------
    InputError
        If the view has no documents, an argument is out of range, labels are vectors or missing, or no document can be
        used.
    """
    require(isinstance(n_bins, int) and n_bins >= 1, "n_bins", n_bins, "a whole number of at least 1")
    documents = view.require_documents("reliability")
    if labels is None:
        confidence, is_right = _of_halves(view)
    else:
        labels, rows = _labels(view, labels)
        theta = view.theta[rows]
        leading = view.leading(theta)
        all_sure = view.confidence(view.inferred[rows], documents.counts[rows])
        confidence = all_sure[np.arange(len(rows)), leading].astype(np.float64)
        names, codes = np.unique(labels[rows], return_inverse=True)
        table = np.zeros((view.n_topics, max(len(names), 1)), dtype=np.int64)
        np.add.at(table, (leading, codes), 1)
        is_right = table.argmax(axis=1)[leading] == codes
    if not len(confidence):
        raise InputError("No document has enough words (and a label) to judge the confidence by.")
    bins = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    used = np.unique(bins)
    sizes = np.array([(bins == each).sum() for each in used])
    n_right = np.array([is_right[bins == each].sum() for each in used])
    low, high = wilson(n_right, sizes)
    return frame_of(
        {
            "from": used / n_bins,
            "to": (used + 1) / n_bins,
            "documents": sizes,
            "confidence": np.array([confidence[bins == each].mean() for each in used]),
            "right": n_right / sizes,
            "low": low,
            "high": high,
        },
        frame,
    )


def calibration_error(table: Any) -> float:
    """Expected calibration error of a table of `reliability`: the mean of |right - confidence| over documents."""
    sizes, confidence, right = (
        np.asarray(table[name], dtype=np.float64) for name in ("documents", "confidence", "right")
    )
    return float((sizes * np.abs(right - confidence)).sum() / sizes.sum())


def held_out_of_fit(view: BaseView) -> np.ndarray | None:
    """Find the documents of the fit that training did not read.

    The documents are those of the fit, in their order, if their mean theta is the shares that the model stores.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.

    Returns
    -------
    ndarray of int or None
        Their rows; empty if there are none, or it is not known which. None if the documents are not those of the fit.
    """
    model, rows = view.model, np.flatnonzero(view.has_words)
    shares = getattr(model, "topic_shares_", None)
    if not isinstance(model, TopicModel) or shares is None or not len(rows):
        return None
    of_view = view.inferred[shares_sample(rows)].mean(axis=0, dtype=np.float64)
    if not np.allclose(of_view, shares, rtol=0, atol=_SAME_SHARES):
        return None
    if not isinstance(model.random_state, int | np.integer):  # the draw cannot be repeated
        held_out: np.ndarray = getattr(model, "validation_rows_", rows[:0])  # a loaded model has none
        return held_out
    training = model.composition().training  # the same draw, also if documents without words were left out since
    seed = int(model.random_state) % 2**32
    return split_rows(rows, training.validation_fraction, seed=seed, max_held_out=training.max_held_out)[1]


def _of_halves(view: BaseView) -> tuple[np.ndarray, np.ndarray]:
    """The probability that both halves of each document have the same leading topic, and whether they do.

    The probability of each leading topic, given the topic that both halves are about, is estimated from all documents.
    """
    model, counts = view.model, view.counts
    if not isinstance(model, TopicModel):
        raise InputError("reliability without labels needs a model of topicml, which infers theta of halves of texts.")
    if model.reads_embeddings:
        raise InputError(
            "reliability without labels infers theta of halves of texts, and the encoder of this model reads "
            "embeddings of whole texts. Pass labels."
        )
    if view.calibration is not None and view.calibration.target == "labels":
        raise InputError("The confidence of this view is the probability of a label. To judge it, pass labels.")
    rows = np.flatnonzero(view.has_words)
    rows = np.sort(np.random.default_rng(1).permutation(rows)[:MAX_DOCUMENTS])

    def infer(part: Any) -> np.ndarray:
        return infer_theta(model.network_, part, np.arange(part.shape[0]))

    first, second = theta_of_halves(infer, counts[rows], seed=1)
    if not len(first):
        return np.zeros(0), np.zeros(0, dtype=bool)
    p, q = ((each if view.calibration is None else view.calibration.confidence(each)) for each in (first, second))
    here, there = first.argmax(axis=1), second.argmax(axis=1)
    channel = np.zeros((p.shape[1], p.shape[1]))  # (topic, leading topic of a half about it)
    for k in range(p.shape[1]):
        channel[:, k] = q[there == k].sum(axis=0, dtype=np.float64)
    channel /= np.maximum(channel.sum(axis=1, keepdims=True), 1e-30)
    agreement = np.einsum("dk,kd->d", p.astype(np.float64), channel[:, here])
    return np.clip(agreement, 0, 1), here == there


def _labels(view: BaseView, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels as text, (n_docs,), and the rows of the documents with words and a label."""
    n_docs = view.counts.shape[0]
    if isinstance(labels, str):
        names, codes = view.classes(labels)  # refuses vectors
        plain = [names[code] if code >= 0 else None for code in codes.tolist()]
    else:
        try:
            values = np.asarray(labels, dtype=object)
        except ValueError as error:  # arrays of different shapes
            raise InputError("labels holds vectors; classes are single values.") from error
        plain = values.tolist() if values.ndim else []
        if values.ndim > 1 or any(isinstance(value, list | tuple | np.ndarray) for value in plain):
            raise InputError("labels holds vectors; classes are single values.")
        if len(plain) != n_docs:
            raise InputError(f"labels must be one for each of the {n_docs} documents.")
    is_known = np.array([not is_missing(value) and value != "" for value in plain], dtype=bool)
    return np.array([str(value) for value in plain]), np.flatnonzero(is_known & view.has_words)
