"""Check the settings of a `Preprocessor` before any text is read."""

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any

from topicml.corpus.preprocessing.compounds import LINKS
from topicml.corpus.preprocessing.phrases import phrase_settings
from topicml.corpus.preprocessing.segmenting import SEGMENTERS
from topicml.corpus.preprocessing.selection import check_limit
from topicml.errors import InputError

_SWITCHES = ("lowercase", "numbers", "urls", "mentions", "markup", "negations", "compounds", "progress")
_PARTS_OF_SPEECH = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise `InputError` if a setting is invalid; `settings` maps all parameters of `Preprocessor` to their values."""
    for name in _SWITCHES:
        if not isinstance(settings[name], bool):
            raise InputError(f"{name} is {settings[name]!r}; it must be True or False.")
    if not isinstance(settings["lemmatize"], bool | Mapping):
        raise InputError(f"lemmatize is {settings['lemmatize']!r}; pass True, False or a dict of forms to lemmas.")
    if not isinstance(settings["stop_words"], bool):
        _check_strings("stop_words", settings["stop_words"], "True, False or a list of words")
    _check_strings("keep", settings["keep"], "a list of words")
    if settings["segmenter"] not in (None, *SEGMENTERS):
        raise InputError(f"segmenter is {settings['segmenter']!r}; pass None or one of {', '.join(SEGMENTERS)}.")
    if settings["compounds"] and (settings["language"] not in LINKS or settings["pipeline"] is not None):
        raise InputError(
            f"compounds=True is for texts in one of the languages {', '.join(LINKS)} without a pipeline; received "
            f"language={settings['language']!r} and pipeline={settings['pipeline']!r}. Leave compounds out."
        )
    if settings["pos"] is not None:
        _check_pos(settings["pos"], settings["pipeline"])
    if not _is_integer(settings["min_length"]) or settings["min_length"] < 1:
        raise InputError(f"min_length is {settings['min_length']!r}; it must be an integer of at least 1.")
    if not _is_integer(settings["n_jobs"]) or settings["n_jobs"] == 0:
        raise InputError(f"n_jobs is {settings['n_jobs']!r}; it must be an integer other than 0.")
    for name in ("min_df", "max_df", "max_features"):
        check_limit(name, settings[name])
    phrase_settings(settings["phrases"])


def _check_pos(pos: Any, pipeline: Any) -> None:
    _check_strings("pos", pos, 'None or a list of parts of speech such as ["NOUN", "PROPN"]')
    unknown = [name for name in pos if name not in _PARTS_OF_SPEECH.split()]
    if unknown:
        raise InputError(
            f"pos: {unknown[0]!r} is not a universal part of speech. The parts of speech are {_PARTS_OF_SPEECH}."
        )
    if pipeline is None:
        raise InputError(
            "pos needs a pipeline that tags parts of speech: pass pipeline='en_core_web_sm' or another "
            "(python -m spacy download en_core_web_sm)."
        )


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_strings(name: str, value: object, expected: str) -> None:
    if isinstance(value, str) or not isinstance(value, Collection) or not all(isinstance(word, str) for word in value):
        raise InputError(f"{name} is {value!r}; pass {expected}.")
