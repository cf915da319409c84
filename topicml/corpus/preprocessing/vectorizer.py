"""`VectorizerPreprocessor`: use a scikit-learn vectorizer as a preprocessor."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from topicml.corpus.preprocessing.reading import check_text, check_texts
from topicml.errors import InputError

FORMAT = 1
_SAVED_CLASSES = ("CountVectorizer", "TfidfVectorizer")


class VectorizerPreprocessor:
    """Split raw text into words with the analyzer of a scikit-learn vectorizer, and use its vocabulary.

    Parameters
    ----------
    vectorizer : CountVectorizer, TfidfVectorizer or a compatible object
        An object with ``fit`` and ``build_analyzer`` that learns ``vocabulary_``. Its analyzer splits the texts (with
        ``ngram_range``, words are in the analyzer's order); its ``min_df``, ``max_df``, ``max_features`` and
        ``vocabulary`` select the words. A fitted vectorizer keeps its vocabulary. The vectorizer is not modified.

    Raises
    ------
    InputError
        If the object is not such a vectorizer, or reads files instead of texts.
    """

    def __init__(self, vectorizer: Any) -> None:
        missing = [name for name in ("build_analyzer", "fit") if not hasattr(vectorizer, name)]
        if missing or isinstance(vectorizer, type) or type(vectorizer).__name__ == "HashingVectorizer":
            raise InputError(
                f"{vectorizer!r} cannot preprocess texts: pass a Preprocessor, or a vectorizer with a vocabulary such "
                "as CountVectorizer(). A hashing vectorizer has no vocabulary; call a class to create an object."
            )
        if getattr(vectorizer, "input", "content") != "content":
            raise InputError(f"The vectorizer reads input={vectorizer.input!r}; texts need input='content'.")
        self.vectorizer = vectorizer
        self._fitted = vectorizer if hasattr(vectorizer, "vocabulary_") else None

    def __repr__(self) -> str:
        return f"VectorizerPreprocessor({self.vectorizer!r})"

    def fit_tokens(self, texts: Iterable[str]) -> tuple[list[list[str]], list[str]]:
        """Learn the vocabulary of a corpus, and return its words; see `Preprocessor.fit_tokens`.

        Raises
        ------
        InputError
            If a text is not a string, there are no texts, or no word is left.
        """
        from sklearn.base import clone

        texts = _checked(texts)
        if not texts:
            raise InputError("There are no texts: the corpus would be empty. Pass at least one.")
        if hasattr(self.vectorizer, "vocabulary_"):
            fitted = self.vectorizer
        else:
            try:
                fitted = clone(self.vectorizer, safe=False).fit(texts)
            except ValueError as error:
                n_tokens = sum(map(len, self.tokens(texts)))
                raise InputError(
                    f"The vectorizer found no vocabulary in {len(texts)} texts: {error} Its analyzer gave {n_tokens:,} "
                    + (
                        "words; loosen min_df and max_df."
                        if n_tokens
                        else "words; loosen token_pattern and stop_words."
                    )
                ) from error
        self._fitted = fitted
        vocabulary = _words(fitted)
        selected = set(vocabulary)
        read = self.tokens(texts)
        self.words_read_ = np.fromiter(map(len, read), dtype=np.int64, count=len(read))
        documents = [[word for word in document if word in selected] for document in read]
        if not any(documents):
            raise InputError(
                f"No word is left after preprocessing: none of the vectorizer's {len(vocabulary):,} words is "
                "in the texts."
            )
        return documents, vocabulary

    def tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """Return all words of new texts from the analyzer; words outside the vocabulary too."""
        texts = _checked(texts)
        return list(map(list, map(self.vectorizer.build_analyzer(), texts)))

    def to_config(self) -> dict[str, Any]:
        """Return the vectorizer's parameters and vocabulary as plain values for JSON.

        Raises
        ------
        InputError
            If the vectorizer's class is not from scikit-learn, or a parameter is a function.
        """
        kind = type(self.vectorizer)
        if kind.__name__ not in _SAVED_CLASSES or not kind.__module__.startswith("sklearn."):
            raise InputError(
                f"A {kind.__name__} cannot be saved; the only vectorizers that can are {' and '.join(_SAVED_CLASSES)}."
            )
        parameters = self.vectorizer.get_params(deep=False)
        vocabulary = parameters.pop("vocabulary", None)
        if self._fitted is not None:
            vocabulary = _words(self._fitted)
        elif vocabulary is not None:
            vocabulary = _words(kind(vocabulary=vocabulary).fit(["a text"]))
        plain = {name: _plain(name, value) for name, value in parameters.items()}
        return {
            "kind": "vectorizer",
            "format": FORMAT,
            "class": kind.__name__,
            "parameters": plain,
            "vocabulary": vocabulary,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a preprocessor, with a fixed vocabulary, from the result of `to_config`.

        Raises
        ------
        InputError
            If the configuration has a newer format, or is damaged.
        """
        from sklearn.feature_extraction import text

        if config.get("format", 0) > FORMAT:
            raise InputError(
                f"The vectorizer was saved by a newer topicml (format {config['format']}; this version reads up to "
                f"{FORMAT}). Upgrade topicml."
            )
        try:
            if config["class"] not in _SAVED_CLASSES:
                raise ValueError(f"class {config['class']!r}")
            vocabulary, parameters = config["vocabulary"], dict(config["parameters"])
            if vocabulary is not None and not isinstance(vocabulary, list):
                raise ValueError("the vocabulary is not a list")
            parameters["dtype"] = np.dtype(parameters["dtype"]).type
            parameters["ngram_range"] = tuple(parameters["ngram_range"])
            return cls(getattr(text, config["class"])(**parameters, vocabulary=vocabulary))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"The vectorizer's configuration is damaged: {error}.") from error


def _checked(texts: Iterable[str]) -> list[str]:
    return [check_text(text, row) for row, text in enumerate(check_texts(texts))]


def _words(fitted: Any) -> list[str]:
    """Return the vocabulary of a fitted vectorizer, in column order."""
    columns = {word: int(column) for word, column in fitted.vocabulary_.items()}
    return sorted(columns, key=columns.__getitem__)


def _plain(name: str, value: Any) -> Any:
    if name == "dtype":
        return np.dtype(value).name
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, list | set | frozenset):
        return sorted(value)
    raise InputError(
        f"The vectorizer's {name} is {value!r}, a {type(value).__name__}, which cannot be saved (only plain values "
        "can). Use built-in options of the vectorizer, or a Preprocessor."
    )
