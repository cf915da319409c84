"""The languages of a corpus, text by text, with py3langid."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from topicml.corpus.preprocessing.classifying import CHARACTERS, CODES
from topicml.corpus.preprocessing.detection import has_stop_words, languages_told_apart

_SAMPLE = 2_000
MIN_LETTERS = 15  # of a text; with a stop word of the language, so few are enough
_MIN_TEXTS = 20


@dataclass(frozen=True)
class Mix:
    """Languages of a sample of texts.

    Attributes
    ----------
    shares : dict of str to float
        Code of a language to its share of the texts, the largest first. The total includes texts without a clear
        language.
    rows : dict of str to list of int
        Code of a language to rows of its texts.
    checked : int
        Number of texts of the sample with at least `MIN_LETTERS` letters, of which the shares are.
    """

    shares: dict[str, float]
    rows: dict[str, list[int]]
    checked: int = 0


def language_mix(texts: Sequence[str]) -> Mix | None:
    """Detect the languages of up to 2,000 texts, evenly spaced.

    Parameters
    ----------
    texts : sequence of str
        The texts; those with fewer than 15 letters are left out.

    Returns
    -------
    Mix or None
        None if py3langid is not installed (``topicml[languages]``).
    """
    if find_spec("py3langid") is None:
        return None
    detector = _detector()
    rows: dict[str, list[int]] = {}
    for row in range(0, len(texts), max(1, len(texts) // _SAMPLE)):
        text = texts[row][:CHARACTERS]
        if sum(map(str.isalpha, text)) >= MIN_LETTERS:
            label = str(detector.classify(text)[0])
            code = CODES.get(label, label)
            # Lists of words, names and code look like some language to the detector; running text has stop words.
            if has_stop_words(text, code):
                rows.setdefault(code, []).append(row)
            else:
                rows.setdefault("", []).append(row)
    total = sum(map(len, rows.values()))
    if total < _MIN_TEXTS:
        return Mix({}, {}, total)
    shares = {code: len(found) / total for code, found in rows.items() if code}
    return Mix(dict(sorted(shares.items(), key=lambda each: -each[1])), rows, total)


@lru_cache(maxsize=1)
def _detector() -> Any:
    """A separate detector: other code may have set the languages of the one that py3langid shares."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE)
    labels = {label: CODES.get(label, label) for label in detector.labels}
    detector.set_languages(sorted(label for label, code in labels.items() if code in languages_told_apart()))
    return detector
