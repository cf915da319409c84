"""Join words that form a phrase ("new york") into one word, with gensim's `Phrases`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from numbers import Integral, Real
from typing import Any

from topicml.errors import InputError

PhraseTable = dict[tuple[str, str], float]
_DEFAULTS: dict[str, Any] = {"scoring": "npmi", "threshold": 0.5, "min_count": 10, "passes": 1}
_SEPARATOR = "\x1f"  # white space never occurs in a word; "_" does, and gensim would split such words


def phrase_settings(phrases: bool | Mapping[str, Any]) -> dict[str, Any] | None:
    """Return all settings of phrase learning, with defaults filled in; None for no phrases.

    Raises
    ------
    InputError
        If a setting is unknown or its value is invalid.
    """
    if phrases is False:
        return None
    changes = {} if phrases is True else phrases
    if not isinstance(changes, Mapping) or not set(changes) <= set(_DEFAULTS):
        raise InputError(f"phrases is {phrases!r}; pass True, False or a dict with some of {', '.join(_DEFAULTS)}.")
    settings = {**_DEFAULTS, **changes}
    if settings["scoring"] not in ("npmi", "default"):
        raise InputError(f"phrases: scoring is {settings['scoring']!r}; it must be 'npmi' or 'default'.")
    if settings["scoring"] == "default" and "threshold" not in changes:
        settings["threshold"] = 10.0
    if not isinstance(settings["threshold"], Real):
        raise InputError(f"phrases: threshold is {settings['threshold']!r}; it must be a number.")
    for name in ("min_count", "passes"):
        if not isinstance(settings[name], Integral) or settings[name] < 1:
            raise InputError(f"phrases: {name} is {settings[name]!r}; it must be an integer of at least 1.")
    return settings


def learn_phrases(
    documents: Sequence[list[str | None]], *, scoring: str, threshold: float, min_count: int, passes: int
) -> list[PhraseTable]:
    """Find pairs of adjacent words that occur together far more often than by chance.

    Parameters
    ----------
    documents : sequence of lists of str or None
        The words of each document. None is a gap: words on its two sides are not adjacent.
    scoring : {"npmi", "default"}
        Normalised pointwise mutual information in [-1, 1] (Bouma 2009), or the non-negative score of Mikolov et al.
        (2013).
    threshold : float
        Minimum score of a phrase.
    min_count : int
        Minimum number of occurrences of the pair.
    passes : int
        1: phrases of two words. Each further pass joins phrases again (2: up to four words).

    Returns
    -------
    list of dict
        One table per pass; it maps pairs of words to scores.
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
        scores = model.export_phrases()
        tables.append({tuple(pair.split(_SEPARATOR)): float(score) for pair, score in sorted(scores.items())})
    return tables


def join_phrases(document: list[str | None], tables: Iterable[PhraseTable]) -> list[str | None]:
    """Join the phrases in a document with ``_``, from left to right as gensim does.

    Parameters
    ----------
    document : list of str or None
        Words, with None for gaps.
    tables : iterable of dict
        The result of `learn_phrases`.

    Returns
    -------
    list of str or None
        Words and phrases, with None for gaps.
    """
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
    """Split documents at gaps."""
    for document in documents:
        for gap, run in groupby(document, lambda word: word is None):
            if not gap:
                yield list(run)  # type: ignore[arg-type]
