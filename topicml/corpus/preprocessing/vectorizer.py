"""`VectorizerPreprocessor`: use a scikit-learn vectorizer as a preprocessor."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from topicml.corpus.preprocessing.own import HOW_TO_GIVE, import_path, imported
from topicml.corpus.preprocessing.reading import check_text, check_texts
from topicml.errors import InputError, warn

FORMAT = 2  # 2: with functions; others are written in format 1
_SAVED_CLASSES = ("CountVectorizer", "TfidfVectorizer")


class VectorizerPreprocessor:
    """Split raw text into words with the analyzer of a scikit-learn vectorizer, and use its vocabulary.

    Parameters
    ----------
    vectorizer : CountVectorizer, TfidfVectorizer or a compatible object
        An object with ``fit`` and ``build_analyzer`` that learns ``vocabulary_``. Its analyzer splits the texts (with
        ``ngram_range``, words are in the analyzer's order); its ``min_df``, ``max_df``, ``max_features`` and
        ``vocabulary`` select the words; with ``binary``, a document has each word once. A fitted vectorizer keeps its
        vocabulary. The vectorizer is not modified. Weights such as tf-idf are not used, because a corpus counts words;
        a warning says so.

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
        self._missing: dict[str, str | None] = {}  # functions of a saved vectorizer, which are not imported yet
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
        self._report()
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
        """Return all words of new texts from the analyzer; words outside the vocabulary too.

        Raises
        ------
        InputError
            If a text is not a string, or the vectorizer was loaded and needs functions that are not imported.
        """
        texts = _checked(texts)
        if self._missing:
            named = ", ".join(f"{name}={path or 'a function without a name'}" for name, path in self._missing.items())
            raise InputError(
                f"The vectorizer was saved with a function ({named}), which is not imported from a saved folder. For "
                f"raw text {HOW_TO_GIVE}."
            )
        analyze = self.vectorizer.build_analyzer()
        if getattr(self.vectorizer, "binary", False):
            return [list(dict.fromkeys(analyze(text))) for text in texts]
        return list(map(list, map(analyze, texts)))

    def import_functions(self) -> Self:
        """Import the functions of a saved vectorizer, which runs their modules; return the preprocessor.

        Raises
        ------
        InputError
            If a function was saved without its path, or cannot be imported.
        """
        nameless = [name for name, path in self._missing.items() if path is None]
        if nameless:
            raise InputError(
                f"The vectorizer's {nameless[0]} was a function that cannot be imported, so it was not saved. For raw "
                f"text {HOW_TO_GIVE}."
            )
        functions = {name: imported(path) for name, path in self._missing.items() if path is not None}
        self.vectorizer.set_params(**functions)
        self._missing = {}
        return self

    def not_saved(self) -> str:
        """Say which functions cannot be saved with the vectorizer; empty if there are none."""
        if self._missing or not hasattr(self.vectorizer, "get_params"):
            return ""
        functions = {name: value for name, value in self.vectorizer.get_params(deep=False).items() if _is_own(value)}
        nameless = [f"{name}={value!r}" for name, value in functions.items() if import_path(value) is None]
        return (
            f"{', '.join(nameless)} cannot be imported by another process (define it with def in a module of its own, "
            "not in a script or notebook, and import it from there)"
            if nameless
            else ""
        )

    def _report(self) -> None:
        """Warn at the fit of what the corpus does not use of the vectorizer, or a saved model will not have."""
        if type(self.vectorizer).__name__ == "TfidfVectorizer" or hasattr(self.vectorizer, "idf_"):
            warn(
                f"Of the {type(self.vectorizer).__name__} only the words are used, not the weights: a corpus counts "
                "words. To fit a model on weights, give it the matrix: model.fit(vectorizer.fit_transform(texts))."
            )
        if reason := self.not_saved():
            warn(
                f"A model can be saved, but not with the functions of this vectorizer: {reason}. Otherwise, after "
                f"loading, {HOW_TO_GIVE}."
            )

    def to_config(self) -> dict[str, Any]:
        """Return the vectorizer's parameters and vocabulary as plain values for JSON.

        A function is written as its import path (``"jieba:lcut"``), or None if it has none.

        Raises
        ------
        InputError
            If the vectorizer's class is not from scikit-learn, or a parameter cannot be written.
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
        functions = {name: import_path(value) for name, value in parameters.items() if _is_own(value)} | self._missing
        plain = {name: _plain(name, value) for name, value in parameters.items() if name not in functions}
        config = {
            "kind": "vectorizer",
            "format": FORMAT if functions else 1,
            "class": kind.__name__,
            "parameters": plain,
            "vocabulary": vocabulary,
        }
        return config | {"functions": functions} if functions else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a preprocessor, with a fixed vocabulary, from the result of `to_config`.

        Its functions are not imported, because the configuration may be anybody's; see `import_functions`.

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
            functions = config.get("functions", {})
            if not isinstance(functions, Mapping) or not all(
                isinstance(path, str | None) for path in functions.values()
            ):
                raise ValueError("the functions have no import paths")
            preprocessor = cls(getattr(text, config["class"])(**parameters, vocabulary=vocabulary))
            preprocessor._missing = dict(functions)
            return preprocessor
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"The vectorizer's configuration is damaged: {error}.") from error


def _checked(texts: Iterable[str]) -> list[str]:
    return [check_text(text, row) for row, text in enumerate(check_texts(texts))]


def _is_own(value: Any) -> bool:
    """Whether a parameter is a function, or an object that works like one; a type is a parameter such as dtype."""
    return callable(value) and not isinstance(value, type)


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
