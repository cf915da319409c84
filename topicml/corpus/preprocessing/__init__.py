"""Preprocess raw text: split it into words, select a vocabulary, and process new text in the same way."""

from topicml.corpus.preprocessing.multilingual import MultilingualPreprocessor
from topicml.corpus.preprocessing.preprocessor import Preprocessor
from topicml.corpus.preprocessing.saved import preprocessor_from_config
from topicml.corpus.preprocessing.saving import config_of
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor

__all__ = [
    "MultilingualPreprocessor",
    "Preprocessor",
    "VectorizerPreprocessor",
    "config_of",
    "preprocessor_from_config",
]
