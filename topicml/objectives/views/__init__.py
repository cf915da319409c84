"""Views: other looks at the documents of a batch, made of counts alone, for contrastive objectives.

There is no reordering of words: the encoders read bags of words, in which a reordered document is the document itself.
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
