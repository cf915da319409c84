"""Words that belong together ("new york") become one word: gensim's `Phrases`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from numbers import Integral, Real
from typing import Any

from topicml.errors import InputError

PhraseTable = dict[tuple[str, str], float]
_DEFAULTS: dict[str, Any] = {"scoring": "npmi", "threshold": 0.5, "min_count": 10, "passes": 1}
_SEPARATOR = "\x1f"  # white space, so in no word; "_" is in some, and gensim would take them for phrases


def phrase_settings(phrases: bool | Mapping[str, Any]) -> dict[str, Any] | None:
    """Return all settings of phrase learning, or None for no phrases.

    Raises
    ------
    InputError
        If a setting is unknown or its value makes no sense.
    """
    if phrases is False:
        return None
    given = {} if phrases is True else phrases
    if not isinstance(given, Mapping) or not set(given) <= set(_DEFAULTS):
        raise InputError(f"phrases is {phrases!r}; give True, False or a dict with some of {', '.join(_DEFAULTS)}.")
    settings = {**_DEFAULTS, **given}
    if settings["scoring"] not in ("npmi", "default"):
        raise InputError(f"phrases: scoring is {settings['scoring']!r}; gensim has 'npmi' and 'default'.")
    if settings["scoring"] == "default" and "threshold" not in given:
        settings["threshold"] = 10.0
    if not isinstance(settings["threshold"], Real):
        raise InputError(f"phrases: threshold is {settings['threshold']!r}, not a number.")
    for name in ("min_count", "passes"):
        if not isinstance(settings[name], Integral) or settings[name] < 1:
            raise InputError(f"phrases: {name} is {settings[name]!r}; it must be an integer of at least 1.")
    return settings


def learn_phrases(
    documents: Sequence[list[str | None]], *, scoring: str, threshold: float, min_count: int, passes: int
) -> list[PhraseTable]:
    """Return the pairs of neighbouring words that occur together far more often than by chance.

    Parameters
    ----------
    documents : sequence of lists of words
        None is a gap that no phrase bridges.
    scoring : {"npmi", "default"}
        Normalised pointwise mutual information in [-1, 1] (Bouma 2009), or the score of Mikolov et al. (2013), from 0.
    threshold : float
        The least score of a phrase.
    min_count : int
        How often the pair must occur.
    passes : int
        1: phrases of two words; with each further pass phrases are joined again (2: up to four words).

    Returns
    -------
    list of dict
        One table a pass: a pair of words to its score.
    """
    from gensim.models.phrases import Phrases

    tables: list[PhraseTable] = []
    for _ in range(passes):
        model = Phrases(
            _runs(join_phrases(document, tables) for document in documents),
            min_count=min_count,
            threshold=threshold,
            scoring=scoring,
            delimiter=_SEPARATOR,
        )
        found = model.export_phrases()
        tables.append({tuple(pair.split(_SEPARATOR)): float(score) for pair, score in sorted(found.items())})
    return tables


def join_phrases(document: list[str | None], tables: Iterable[PhraseTable]) -> list[str | None]:
    """Return a document with every learned pair joined by ``_``, from left to right as gensim joins them."""
    for table in tables:
        joined: list[str | None] = []
        pending: str | None = None  # a word that may begin a phrase
        for word in document:
            if pending is not None and word is not None and (pending, word) in table:
                joined.append(f"{pending}_{word}")
                pending = None
                continue
            if pending is not None:
                joined.append(pending)
            if word is None:
                joined.append(None)
            pending = word
        if pending is not None:
            joined.append(pending)
        document = joined
    return document


def _runs(documents: Iterable[list[str | None]]) -> Iterator[list[str]]:
    for document in documents:
        for gap, run in groupby(document, lambda word: word is None):
            if not gap:
                yield list(run)  # type: ignore[arg-type]
