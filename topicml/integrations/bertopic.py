"""BERTopic."""

from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.integrations.learned import Fitted, column_words, texts_of
from topicml.metrics.distributions import document_topics, topic_words


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted BERTopic; see `topicml.integrations.fitted`.

    The outlier topic -1 is no topic. Topics hold fewer than `topn` words where BERTopic keeps fewer (``top_n_words``).
    beta is the c-TF-IDF, divided by its sums. theta is, with `documents` (raw texts), what
    ``approximate_distribution`` gives; else the probabilities of the fitted documents, or, where BERTopic keeps none,
    their hard topics. A document of no topic gets the same share of each.
    """
    if getattr(model, "c_tf_idf_", None) is None:
        raise InputError("This BERTopic is not fitted, or was loaded without its c-TF-IDF.")
    numbers = sorted(number for number in model.get_topics() if number >= 0)
    if not numbers:
        raise InputError("This BERTopic found no topic: all documents are outliers.")
    first = 1 if -1 in model.get_topics() else 0
    weights = model.c_tf_idf_[first:].toarray()
    words = column_words(list(model.vectorizer_model.get_feature_names_out()), weights.shape[1])
    # BERTopic fills a topic of few words up with empty ones.
    topics = [[word for word, _ in model.get_topic(number) if word][:topn] for number in numbers]
    theta = _fitted_rows(model, len(numbers)) if documents is None else _approximate(model, documents)
    return Fitted(topics, topic_words(weights, normalize=True), document_topics(theta, normalize=True), words)


def _approximate(model: Any, documents: Any) -> np.ndarray:
    return np.asarray(model.approximate_distribution(texts_of(documents))[0], dtype=np.float64)


def _fitted_rows(model: Any, n_topics: int) -> np.ndarray:
    probabilities = model.probabilities_
    if probabilities is not None and np.ndim(probabilities) == 2 and np.shape(probabilities)[1] == n_topics:
        return np.asarray(probabilities, dtype=np.float64)
    chosen = np.asarray(model.topics_)
    theta = np.zeros((len(chosen), n_topics))
    rows = np.flatnonzero(chosen >= 0)
    theta[rows, chosen[rows]] = 1
    return theta
