"""topicml's models."""

from typing import Any

from topicml.errors import InputError
from topicml.integrations.fitted_topics import Fitted
from topicml.models import TopicModel


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted topicml model; the arguments are those of `topicml.integrations.fitted`."""
    if not isinstance(model, TopicModel) or not hasattr(model, "components_"):
        raise InputError(f"{type(model).__name__} is not a fitted topic model. Call fit first.")
    words = vocabulary if model.vocabulary_ is None else model.vocabulary_
    theta = None if documents is None else model.transform(documents)
    return Fitted.from_weights(model.components_, theta, words, topn)
