"""Detect the language of texts by their script or their stop words, without further packages."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from runpy import run_path

from topicml.corpus.preprocessing.languages import name_of

_SAMPLE = 500  # texts, evenly spaced
_CHARACTERS = 2_000  # of each text
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# The languages of each script, the most frequent first; the beginning of the Unicode name of its letters.
_SCRIPTS = {
    "CJK": ("zh", "ja"),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "HANGUL": ("ko",),
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "ky", "tt"),
    "ARABIC": ("ar", "fa", "ur"),
    "HEBREW": ("he",),
    "GREEK": ("el", "grc"),
    "DEVANAGARI": ("hi", "mr", "ne", "sa"),
    "THAI": ("th",),
    "BENGALI": ("bn",),
    "TAMIL": ("ta",),
}
# Languages in Latin letters that stop words tell apart.
_LATIN = ("ca", "cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it", "nb", "nl", "pl", "pt", "ro", "sv", "tr")
_MIN_WORDS = 100
_MIN_SHARE = 0.08  # of words that are stop words; running text has .3 to .5, titles .1 to .3
_MIN_RATIO = 2.5  # of the shares of two languages, to tell them apart


@dataclass(frozen=True)
class Detected:
    """The language that most texts seem to be in.

    Attributes
    ----------
    code : str
        Code of spaCy.
    reason : str
        The evidence, as a clause that completes "The texts seem to be in German: ".
    """

    code: str
    reason: str

    @property
    def name(self) -> str:
        """The English name of the language."""
        return name_of(self.code)


def other_language(texts: Sequence[str], language: str) -> Detected | None:
    """Detect whether most texts are clearly in another language than the one that they are processed in.

    Parameters
    ----------
    texts : sequence of str
        The texts; 500 of them are used.
    language : str
        Code of the language they are processed in.

    Returns
    -------
    Detected or None
        None if they are in `language`, or it is not clear.
    """
    if language == "xx" or not len(texts):
        return None
    step = max(1, len(texts) // _SAMPLE)
    sample = [texts[row][:_CHARACTERS] for row in range(0, len(texts), step)]
    script, share = _script(sample)
    if script is None or share < 0.5:
        return None
    if script in _SCRIPTS:
        if language in _SCRIPTS[script]:
            return None
        letters = "Chinese" if script == "CJK" else script.capitalize()
        return Detected(_SCRIPTS[script][0], f"{share:.0%} of their letters are {letters}")
    return _by_stop_words(sample, language) if script == "LATIN" else None


def languages_told_apart() -> frozenset[str]:
    """Codes of the languages that `has_stop_words` knows."""
    return frozenset(_LATIN) | {code for languages in _SCRIPTS.values() for code in languages[:2] if code != "grc"}


def has_stop_words(text: str, language: str) -> bool:
    """Whether a text has at least two stop words of a language in Latin letters; True for languages of other scripts.

    Parameters
    ----------
    text : str
        The text.
    language : str
        Code of the language.

    Returns
    -------
    bool
    """
    if language not in _LATIN:
        return True
    lists = _stop_words()
    words = set(_WORD.findall(text.lower().replace("\u2019", "'")))
    return sum(language in lists.get(word, ()) for word in words) >= 2


def _script(texts: Sequence[str]) -> tuple[str | None, float]:
    """The script of most letters, and its share of them."""
    letters = Counter(letter for text in texts for letter in text if letter.isalpha())
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        # A character is about a syllable or a word in Chinese and Japanese, and one of five letters elsewhere.
        script = unicodedata.name(letter, "?").split()[0].split("-")[0]
        scripts[script] += count * (3 if script in ("CJK", "HIRAGANA", "KATAKANA") else 1)
    total = sum(scripts.values())
    if not total:
        return None, 0.0
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.1 * total:
        scripts["HIRAGANA"] += scripts.pop("CJK", 0) + scripts.pop("KATAKANA", 0)
    script, count = scripts.most_common(1)[0]
    return script, count / total


def _by_stop_words(texts: Sequence[str], language: str) -> Detected | None:
    words = Counter(word for text in texts for word in _WORD.findall(text.lower().replace("\u2019", "'")))
    total = sum(words.values())
    if total < _MIN_WORDS:
        return None
    lists = _stop_words()
    shares = dict.fromkeys(_LATIN, 0.0)
    for word, count in words.items():
        owners = lists.get(word, ())
        for code in owners:
            shares[code] += count / len(owners) / total  # a word of several languages tells little
    best = max(shares, key=lambda code: shares[code])
    clear = shares[best] >= _MIN_SHARE and shares[best] >= _MIN_RATIO * shares.get(language, 0.0)
    if best == language or not clear:
        return None
    examples = [word for word, _ in words.most_common(200) if lists.get(word) == (best,)][:3]
    return Detected(best, f"their most frequent words are {', '.join(map(repr, examples))}")


@lru_cache(maxsize=1)
def _stop_words() -> dict[str, tuple[str, ...]]:
    """A word to the languages whose list has it."""
    import spacy.lang

    folder = Path(spacy.lang.__path__[0])
    owners: dict[str, list[str]] = {}
    for code in _LATIN:
        # Run, not imported: an import begins with the package of the language, and that of French takes two seconds.
        for word in sorted(run_path(str(folder / code / "stop_words.py"))["STOP_WORDS"]):
            owners.setdefault(word.lower(), []).append(code)
    return {word: tuple(each) for word, each in owners.items()}
