"""Preprocess raw text: split it into words, select a vocabulary, and process new text in the same way."""

from collections.abc import Mapping
from typing import Any

from topicml.corpus.preprocessing.own import OwnPreprocessor
from topicml.corpus.preprocessing.preprocessor import Preprocessor
from topicml.corpus.preprocessing.saving import config_of
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor
from topicml.errors import InputError

__all__ = ["Preprocessor", "VectorizerPreprocessor", "config_of", "preprocessor_from_config"]


def preprocessor_from_config(config: Mapping[str, Any]) -> Preprocessor | VectorizerPreprocessor | OwnPreprocessor:
    """Create a preprocessor from the result of its ``to_config``.

    Raises
    ------
    InputError
        If the configuration has another kind or a newer format, or is damaged.
    """
    kinds: dict[Any, type[Preprocessor] | type[VectorizerPreprocessor] | type[OwnPreprocessor]] = {
        "spacy": Preprocessor,
        "vectorizer": VectorizerPreprocessor,
        "own": OwnPreprocessor,
    }
    kind = config.get("kind") if isinstance(config, Mapping) else None
    if kind not in kinds:
        raise InputError(
            f"The configuration of a preprocessor must have a 'kind', one of {', '.join(kinds)}; received {kind!r}. "
            "It was written by a newer topicml, or is damaged."
        )
    return kinds[kind].from_config(config)
