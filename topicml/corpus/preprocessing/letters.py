"""Lower case by the rules of a language."""

_DOTTED = str.maketrans({"I": "\u0131", "\u0130": "i"})
_TURKIC = ("tr", "az")


def lower(word: str, language: str) -> str:
    """Convert a word to lower case.

    Turkish and Azerbaijani have two letters i, with and without a dot, and each has its own capital. In other
    languages, the capital with a dot becomes i; `str.lower` would leave a combining dot, which makes it another word.

    Parameters
    ----------
    word : str
        The word.
    language : str
        Language code.

    Returns
    -------
    str
    """
    if language in _TURKIC:
        return word.translate(_DOTTED).lower()
    return word.replace("\u0130", "i").lower()
