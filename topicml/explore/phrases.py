"""Views whose topics are named by phrases of their documents."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.runs.phrases import topic_phrases
from topicml.runs.rows import LABEL_CANDIDATES, NO_TOPIC

View = TypeVar("View", bound=BaseView)


def with_phrases(view: View, phrases: bool = True) -> View:
    """See `TopicView.with_phrases`."""
    if not phrases:
        return replace(view, given_phrases=None)
    documents = view.require_documents("Naming topics by phrases")
    if documents.corpus is None or "text" not in documents.corpus.fields:
        raise InputError(
            "Phrases are found in texts, and these documents have none. Give raw texts, or a Corpus of them."
        )
    if getattr(view.model, "languages_", ()):
        raise InputError("Topics of several languages are named by words: each language has other phrases.")
    words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(LABEL_CANDIDATES)]
    leading = np.where(view.has_words, view.leading(view.theta), NO_TOPIC)
    preprocessor = getattr(view.model, "preprocessor_", None)
    return replace(view, given_phrases=topic_phrases(words, documents.corpus, view.theta, leading, preprocessor))
