"""BERTopic."""

from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.integrations.documents import texts_of
from topicml.integrations.fitted_topics import Fitted, column_words
from topicml.metrics.distributions import document_topics, topic_words


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted BERTopic.

    The outlier topic -1 is left out. Topics have fewer than `topn` words if BERTopic keeps fewer (``top_n_words``).
    beta is the c-TF-IDF, divided by its sums. theta of `documents` (raw texts) is the result of
    ``approximate_distribution``. Without documents it has the probabilities of the fitted documents or, if BERTopic
    keeps none, their topics as 0 and 1. A document without a topic gets equal proportions.

    Parameters
    ----------
    model, documents, vocabulary, topn
        As in `topicml.integrations.fitted`; the vocabulary is always the model's.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If the model is not fitted or has no topics, or the documents are not texts.
    """
    if getattr(model, "c_tf_idf_", None) is None:
        raise InputError("This BERTopic is not fitted, or was loaded without its c-TF-IDF.")
    numbers = sorted(number for number in model.get_topics() if number >= 0)
    if not numbers:
        raise InputError("This BERTopic has no topics: all documents are outliers.")
    first = 1 if -1 in model.get_topics() else 0
    weights = model.c_tf_idf_[first:].toarray()
    words = column_words(list(model.vectorizer_model.get_feature_names_out()), weights.shape[1])
    # BERTopic pads a topic that has few words with empty ones.
    topics = [[word for word, _ in model.get_topic(number) if word][:topn] for number in numbers]
    theta = _fitted_rows(model, len(numbers)) if documents is None else _approximate(model, documents)
    return Fitted(topics, topic_words(weights, normalize=True), document_topics(theta, normalize=True), words)


def _approximate(model: Any, documents: Any) -> np.ndarray:
    """Topic weights of new documents, (n_docs, n_topics)."""
    return np.asarray(model.approximate_distribution(texts_of(documents))[0], dtype=np.float64)


def _fitted_rows(model: Any, n_topics: int) -> np.ndarray:
    """Topic weights of the documents that the model was fitted on, (n_docs, n_topics)."""
    probabilities = model.probabilities_
    if probabilities is not None and np.ndim(probabilities) == 2 and np.shape(probabilities)[1] == n_topics:
        return np.asarray(probabilities, dtype=np.float64)
    assigned = np.asarray(model.topics_)
    theta = np.zeros((len(assigned), n_topics))
    rows = np.flatnonzero(assigned >= 0)
    theta[rows, assigned[rows]] = 1
    return theta
