"""Raw text in, words out: what is a word, which words stay, and how to do the same to new text later."""

from collections.abc import Mapping
from typing import Any

from topicml.corpus.preprocessing.preprocessor import Preprocessor
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor
from topicml.errors import InputError

__all__ = ["Preprocessor", "VectorizerPreprocessor", "preprocessor_from_config"]


def preprocessor_from_config(config: Mapping[str, Any]) -> Preprocessor | VectorizerPreprocessor:
    """Return the preprocessor that a ``to_config`` described.

    Raises
    ------
    InputError
        If the description is of another kind, of a newer format, or damaged.
    """
    kinds: dict[Any, type[Preprocessor] | type[VectorizerPreprocessor]] = {
        "spacy": Preprocessor,
        "vectorizer": VectorizerPreprocessor,
    }
    kind = config.get("kind") if isinstance(config, Mapping) else None
    if kind not in kinds:
        raise InputError(
            f"A preprocessor's configuration needs a 'kind', one of {', '.join(kinds)}; it has {kind!r}. "
            "It was written by a newer topicml, or is damaged."
        )
    return kinds[kind].from_config(config)
