"""Languages of spaCy: their codes, and messages about codes that it does not have."""

import pkgutil

from topicml.checks import nearest

# English names, and other codes in use, of the languages that people most often ask for.
_CODES = {
    "am": "amharic",
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "cs": "czech cz",
    "da": "danish dk",
    "de": "german deutsch ger deu",
    "el": "greek gr",
    "en": "english eng",
    "es": "spanish spa castilian",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian farsi",
    "fi": "finnish",
    "fr": "french fra fre",
    "ga": "irish",
    "he": "hebrew iw",
    "hi": "hindi",
    "hr": "croatian",
    "hu": "hungarian",
    "id": "indonesian",
    "is": "icelandic",
    "it": "italian ita",
    "ja": "japanese jp jpn",
    "ko": "korean kr kor",
    "lt": "lithuanian",
    "lv": "latvian",
    "nb": "norwegian no nn nor",
    "nl": "dutch nld",
    "pl": "polish pol",
    "pt": "portuguese br por",
    "ro": "romanian",
    "ru": "russian rus",
    "sk": "slovak",
    "sl": "slovenian slovene",
    "sr": "serbian",
    "sv": "swedish se swe",
    "ta": "tamil",
    "th": "thai",
    "tr": "turkish tur",
    "uk": "ukrainian ua",
    "ur": "urdu",
    "vi": "vietnamese vn",
    "zh": "chinese mandarin cn zho chi",
}
_CODE_OF = {name: code for code, names in _CODES.items() for name in names.split()}


def codes() -> list[str]:
    """Codes of the languages that spaCy has, sorted."""
    import spacy.lang

    return sorted(module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg)


def name_of(code: str) -> str:
    """The English name of a language; the code itself if it has none here."""
    return _CODES.get(code, code).split()[0].capitalize()


def no_language(language: str, error: Exception) -> str:
    """Say why a language cannot be opened, and which code may be meant.

    Parameters
    ----------
    language : str
        The code that the user gave.
    error : Exception
        What spaCy raised.

    Returns
    -------
    str
        A message.
    """
    known = codes()
    if language in known:
        return f"spaCy needs a further package for language {language!r}: {error}"
    wanted = str(language).strip().lower()
    parts = wanted.replace("_", "-").split("-")
    meant = _CODE_OF.get(wanted) or (parts[0] if parts[0] in known else _CODE_OF.get(parts[0]))
    if meant is None and (names := nearest(wanted, _CODE_OF, n=1, cutoff=0.75)) and len(wanted) > 3:
        meant = _CODE_OF[names[0]]
    hint = f" Did you mean {meant!r} ({name_of(meant)})?" if meant else ""
    return (
        f"spaCy has no language {language!r}.{hint} Supported languages: {', '.join(known)}; 'xx' is for any language."
    )
