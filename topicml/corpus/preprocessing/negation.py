"""Join a negation with the word that it negates: "not good" becomes ``not_good``."""

import numpy as np

from topicml.corpus.preprocessing.encoded import EncodedTexts, Removal
from topicml.errors import InputError

# The first word of each language stands for the others in the joined word.
_NEGATIONS = {
    "ca": "no mai ni",
    "da": "ikke ingen intet aldrig",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals",
    "en": "not no never nor neither without",
    "es": "no nunca jamás ni sin",
    "fr": "pas jamais sans ni",
    "it": "non mai né senza",
    "nl": "niet geen nooit zonder",
    "pt": "não nunca jamais nem sem",
    "sv": "inte ingen inget inga aldrig utan",
}
# Words between a negation and the word that it negates: "not a very good idea".
_REACH = 2


def negations_of(language: str) -> frozenset[str]:
    """Return the negations of a language, in lower case.

    Raises
    ------
    InputError
        If they are not known.
    """
    if language not in _NEGATIONS:
        raise InputError(
            f"negations=True is not available for language {language!r}, only for {', '.join(sorted(_NEGATIONS))}. "
            "Keep the negations as words instead (keep=['...']), and join them with phrases=True."
        )
    return frozenset(_NEGATIONS[language].split())


def join_negations(encoded: EncodedTexts, language: str) -> EncodedTexts:
    """Join each negation with the next word of its text, if at most two stop words are between them.

    Parameters
    ----------
    encoded : EncodedTexts
        Negations have the code of ``Removal.NEGATIONS``.
    language : str
        Language code.

    Returns
    -------
    EncodedTexts
        With joined words in the place of the words; the negations themselves remain removed.
    """
    negation, stop_word = -1 - Removal.NEGATIONS, -1 - Removal.STOP_WORDS
    first = _NEGATIONS[language].split()[0]
    codes, words = encoded.codes.copy(), list(encoded.words)
    index = {word: i for i, word in enumerate(words)}
    text_ends = np.repeat(np.cumsum(encoded.lengths), encoded.lengths)
    spaces = -1 - Removal.SPACES
    for position in np.flatnonzero(codes == negation).tolist():
        between = 0
        for place in range(position + 1, int(text_ends[position])):
            code = int(codes[place])
            if code >= 0:
                joined = f"{first}_{words[code]}"
                codes[place] = index.setdefault(joined, len(words))
                if codes[place] == len(words):
                    words.append(joined)
                break
            between += code == stop_word
            if code not in (stop_word, spaces) or between > _REACH:
                break
    return EncodedTexts(words, codes, encoded.lengths)
