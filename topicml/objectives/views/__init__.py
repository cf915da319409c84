"""Views: other looks at the documents of a batch, made of counts alone, for contrastive objectives."""

from topicml.objectives.views.base import View
from topicml.objectives.views.dropping import EncoderDropout, Halves, WordDropout

VIEWS: dict[str, type[View]] = {"dropout": EncoderDropout, "halves": Halves, "word_dropout": WordDropout}

__all__ = ["VIEWS", "EncoderDropout", "Halves", "View", "WordDropout"]
