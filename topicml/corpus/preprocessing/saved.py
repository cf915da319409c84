"""Preprocessors in saved models and corpora: write them as plain values, and create them from these values."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from topicml.corpus.preprocessing.multilingual import MultilingualPreprocessor
from topicml.corpus.preprocessing.own import OwnPreprocessor
from topicml.corpus.preprocessing.pipelines import is_published
from topicml.corpus.preprocessing.preprocessor import Preprocessor
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor
from topicml.errors import InputError
from topicml.trust import is_signed, sign

_KINDS: dict[Any, type[Preprocessor] | type[VectorizerPreprocessor] | type[OwnPreprocessor]] = {
    "spacy": Preprocessor,
    "vectorizer": VectorizerPreprocessor,
    "own": OwnPreprocessor,
}
_LANGUAGES = "languages"  # a `MultilingualPreprocessor`


class UntrustedPreprocessor:
    """Placeholder of a preprocessor whose spaCy pipeline is not opened, because opening it can run code.

    Topics can be read without it; raw text cannot be preprocessed.

    Parameters
    ----------
    config : mapping
        What was saved.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = dict(config)

    def __repr__(self) -> str:
        return f"UntrustedPreprocessor(pipeline={self._config.get('pipeline')!r})"

    def tokens(self, texts: Iterable[str]) -> NoReturn:
        """Raise `InputError`."""
        raise InputError(
            f"Raw text is preprocessed with the spaCy pipeline {self._config.get('pipeline')!r}, which the saved model "
            "or corpus names. Opening a pipeline can run code, so only pipelines that spaCy publishes are opened "
            "unasked. If you trust whoever saved it, load it with trust=True (on the command line: topicml --trust "
            "...)."
        )

    def fit_tokens(self, texts: Iterable[str]) -> NoReturn:
        """Raise `InputError`."""
        self.tokens(texts)

    def to_config(self) -> dict[str, Any]:
        """What was saved."""
        return self._config


def signed(config: dict[str, Any], preprocessor: object) -> dict[str, Any]:
    """A configuration with a signature, by which this user can open its pipeline again, if it needs one.

    Parameters
    ----------
    config : dict
        The result of ``to_config``.
    preprocessor : object
        The preprocessor. One that is not trusted is not signed.

    Returns
    -------
    dict
        With the entry "signature" if it names a pipeline that spaCy does not publish.
    """
    if isinstance(preprocessor, UntrustedPreprocessor) or is_harmless(config):
        return config
    return config | {"signature": sign(_settings(config))}


def preprocessor_from_config(
    config: Mapping[str, Any], *, trust: bool = False
) -> Preprocessor | VectorizerPreprocessor | MultilingualPreprocessor | OwnPreprocessor | UntrustedPreprocessor:
    """Create a preprocessor from the result of `config_of`, or of its ``to_config``.

    Parameters
    ----------
    config : mapping
        Plain values from a file, which may come from another user.
    trust : bool
        Whether a spaCy pipeline may be opened that spaCy does not publish and that this user did not save.

    Returns
    -------
    Preprocessor, VectorizerPreprocessor, MultilingualPreprocessor, OwnPreprocessor or UntrustedPreprocessor
        The last if its pipeline is not to be opened.

    Raises
    ------
    InputError
        If the configuration has another kind or a newer format, or is damaged.
    """
    kind = config.get("kind") if isinstance(config, Mapping) else None
    if not isinstance(kind, str) or kind not in (*_KINDS, _LANGUAGES):
        raise InputError(
            f"The configuration of a preprocessor must have a 'kind', one of {', '.join((*_KINDS, _LANGUAGES))}; "
            f"received {kind!r}. It was written by a newer topicml, or is damaged."
        )
    settings = _settings(config)
    try:
        if kind == _LANGUAGES:
            each = settings["languages"].items()  # each is trusted or not
            return MultilingualPreprocessor({name: preprocessor_from_config(one, trust=trust) for name, one in each})
        preprocessor = _KINDS[kind].from_config(settings)
    except InputError:
        raise
    except Exception as error:  # whatever a damaged value leads to
        raise InputError(f"The preprocessor's configuration is damaged ({error}).") from error
    if trust or is_harmless(settings) or is_signed(settings, config.get("signature")):
        return preprocessor
    return UntrustedPreprocessor(config)


def is_harmless(config: Mapping[str, Any]) -> bool:
    """Whether the settings of a preprocessor can only run code of spaCy."""
    if isinstance(config.get("languages"), Mapping):
        return all(map(is_harmless, config["languages"].values()))
    pipeline, language = config.get("pipeline"), config.get("language", "en")
    is_code = isinstance(language, str) and language.replace("_", "").isalpha()
    return is_code and (pipeline is None or is_published(pipeline))


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != "signature"}
