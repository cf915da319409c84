"""Views: variants of the documents of a batch that have the same topics, for the contrastive objectives.

There is no view that reorders words: the encoders read bags of words, so a reordered document equals the document.
"""

from topicml.objectives.views.base import View
from topicml.objectives.views.dropping import EncoderDropout, Halves, WordDropout
from topicml.objectives.views.other_documents import LabelMates, TimeMates
from topicml.objectives.views.replacing import TfidfReplacement
from topicml.objectives.views.spans import SpanDeletion
from topicml.objectives.views.substituting import Substitution
from topicml.objectives.views.user import UserViews

VIEWS: dict[str, type[View]] = {
    "dropout": EncoderDropout,
    "halves": Halves,
    "word_dropout": WordDropout,
    "span_deletion": SpanDeletion,
    "substitution": Substitution,
    "tfidf": TfidfReplacement,
    "label_mates": LabelMates,
    "time_mates": TimeMates,
    "user": UserViews,
}
"""Views by name."""

__all__ = [
    "VIEWS",
    "EncoderDropout",
    "Halves",
    "LabelMates",
    "SpanDeletion",
    "Substitution",
    "TfidfReplacement",
    "TimeMates",
    "UserViews",
    "View",
    "WordDropout",
]
