"""The language of each text among some languages, with py3langid."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from topicml.errors import InputError, MissingExtraError

CHARACTERS = 1_000  # of a text that are read
CODES = {"no": "nb"}  # labels of the detector that spaCy has under another code


def language_of_each(texts: Sequence[str], codes: tuple[str, ...]) -> list[str]:
    """Detect the language of each text among some languages.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    codes : tuple of str
        Codes of the languages; a text in none of them gets the most similar one.

    Returns
    -------
    list of str

    Raises
    ------
    MissingExtraError
        If py3langid is not installed (``topicml[languages]``).
    InputError
        If the detector does not know a language.
    """
    if find_spec("py3langid") is None:
        raise MissingExtraError("py3langid is not installed: pip install 'topicml[languages]'.")
    detector = _detector_among(codes)
    labels = [str(detector.classify(text[:CHARACTERS])[0]) for text in texts]
    return [CODES.get(label, label) for label in labels]


@lru_cache(maxsize=8)
def _detector_among(codes: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE)
    labels = {CODES.get(label, label): label for label in detector.labels}
    if unknown := [code for code in codes if code not in labels]:
        raise InputError(
            f"The language {unknown[0]!r} cannot be detected in a text. Pass a corpus that says the language of each "
            "document: corpus.by_language(field, model.preprocessor_)."
        )
    detector.set_languages([labels[code] for code in codes])
    return detector
