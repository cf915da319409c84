"""`MultilingualPreprocessor`: the preprocessor of each language, for texts in any of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topicml.corpus.preprocessing.classifying import language_of_each
from topicml.corpus.vocabulary import SEPARATOR
from topicml.errors import InputError, MissingExtraError


class MultilingualPreprocessor:
    """Split texts of several languages into words such as ``de:gift``, each text by its language's own preprocessor.

    Parameters
    ----------
    preprocessors : mapping of str to Preprocessor
        The preprocessor of each language.

    Examples
    --------
    >>> from topicml.corpus import Preprocessor
    >>> from topicml.corpus.preprocessing import MultilingualPreprocessor
    >>> both = MultilingualPreprocessor({"en": Preprocessor("en"), "de": Preprocessor("de")})
    >>> both.tokens(["The game runs on old computers.", "Das Spiel ist auf alten Rechnern lauffähig."])[1][0]
    'de:spiel'
    """

    def __init__(self, preprocessors: Mapping[str, Any]) -> None:
        self.preprocessors = dict(preprocessors)

    def __repr__(self) -> str:
        return f"MultilingualPreprocessor({self.preprocessors!r})"

    @property
    def languages(self) -> tuple[str, ...]:
        """The names of the languages."""
        return tuple(self.preprocessors)

    def of(self, language: str) -> Any:
        """Return the preprocessor of a language.

        Raises
        ------
        InputError
            If there is none.
        """
        if language not in self.preprocessors:
            raise InputError(
                f"There is no language {language!r} in the model or corpus; its languages: {', '.join(self.languages)}."
            )
        return self.preprocessors[language]

    def tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """Return the words of texts. The language of each text is detected among those of the preprocessor.

        Raises
        ------
        InputError
            If a text is not a string.
        MissingExtraError
            If there are several languages, and py3langid is not installed.
        """
        texts = list(texts)
        languages = self._detected(texts)
        found: list[list[str]] = [[] for _ in texts]
        for language, preprocessor in self.preprocessors.items():
            rows = [row for row, each in enumerate(languages) if each == language]
            words = preprocessor.tokens([texts[row] for row in rows]) if rows else []
            for row, document in zip(rows, words, strict=True):
                found[row] = [f"{language}{SEPARATOR}{word}" for word in document]
        return found

    def fit_tokens(self, texts: Iterable[str]) -> tuple[list[list[str]], list[str]]:
        """Return the words of texts, as `tokens` does, and the sorted list of them; nothing is learned."""
        documents = self.tokens(texts)
        return documents, sorted({word for document in documents for word in document})

    def _detected(self, texts: Sequence[str]) -> list[str]:
        if len(self.preprocessors) == 1:
            return [self.languages[0]] * len(texts)
        names: dict[str, str] = {}
        for name, each in self.preprocessors.items():
            names.setdefault(getattr(each, "language_code", name), name)
        try:
            codes = language_of_each(texts, tuple(names))
        except MissingExtraError as error:
            raise MissingExtraError(
                "The language of texts is detected by py3langid: pip install 'topicml[languages]'. Or pass a corpus "
                "that says it: Corpus.multilingual, or corpus.by_language(field, model.preprocessor_)."
            ) from error
        return [names[code] for code in codes]
