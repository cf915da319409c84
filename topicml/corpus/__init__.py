"""Read texts into a `Corpus`: documents as token ids in order, a vocabulary, and a table of fields."""

from importlib import import_module
from typing import TYPE_CHECKING

from topicml.corpus.corpus import Corpus
from topicml.corpus.joining import join_corpora
from topicml.corpus.vocabulary import Vocabulary

if TYPE_CHECKING:
    from topicml.corpus.preprocessing import Preprocessor, VectorizerPreprocessor

__all__ = ["Corpus", "Preprocessor", "VectorizerPreprocessor", "Vocabulary", "join_corpora"]


def __getattr__(name: str) -> object:
    if name in ("Preprocessor", "VectorizerPreprocessor"):
        return getattr(import_module("topicml.corpus.preprocessing"), name)
    raise AttributeError(f"module 'topicml.corpus' has no attribute {name!r}")
