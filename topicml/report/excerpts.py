"""Excerpts of documents, around the words that drove a topic, with these words marked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topicml.report.text import plain

SEARCHED = 20_000  # characters of a document that an excerpt is looked for in
_SURFACE = re.compile(r"\w+(?:[-'’._]\w+)*")  # noqa: RUF001
_LONGEST_PHRASE = 3  # words


@dataclass(frozen=True)
class Excerpt:
    """A passage of a document.

    Attributes
    ----------
    pieces : tuple of (str, int)
        Text, and how much it drove the topic: 0 not at all, 1 to 3 more and more.
    before, after : bool
        Whether text was left out there.
    length : int
        Characters of the whole document.
    """

    pieces: tuple[tuple[str, int], ...]
    before: bool
    after: bool
    length: int


class Surfaces:
    """What words of the model the strings of a text become: each distinct string is preprocessed once."""

    def __init__(self, preprocessor: Any) -> None:
        self._preprocessor = preprocessor
        self._known: dict[str, tuple[str, ...]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Preprocess all strings of these texts at once, which is much faster than one after the other."""
        if self._preprocessor is None:
            return
        new = sorted({match[0] for text in texts for match in _SURFACE.finditer(text)} - self._known.keys())
        if new:
            found = self._preprocessor.tokens(new)
            self._known.update(zip(new, map(tuple, found), strict=True))

    def words(self, surface: str) -> tuple[str, ...]:
        """The words that a string becomes; itself where there is no preprocessor."""
        return self._known.get(surface, ()) if self._preprocessor is not None else (surface,)


def searched(text: str) -> str:
    """The part of a document that an excerpt is looked for in, fit for a page."""
    return plain(text[:SEARCHED])


def excerpt(text: str, weights: Mapping[str, float], surfaces: Surfaces, *, limit: int = 600) -> Excerpt:
    """The passage of about `limit` characters with most of the driving words, these marked.

    Parameters
    ----------
    text : str
        The whole document; only its first 20,000 characters are looked at.
    weights : mapping of str to float
        The driving words, and how much each drove the topic.
    surfaces : Surfaces
        Has learned the text's strings.
    limit : int
        Characters.
    """
    part = searched(text)
    marks = _marks(part, weights, surfaces)
    start, stop = _window(part, marks, limit)
    pieces: list[tuple[str, int]] = []
    at = start
    largest = max((weight for _, _, weight in marks), default=1.0)
    for first, last, weight in marks:
        if first < at or last > stop:
            continue
        if first > at:
            pieces.append((part[at:first], 0))
        pieces.append((part[first:last], 1 + (weight > largest / 3) + (weight > 2 * largest / 3)))
        at = last
    if at < stop:
        pieces.append((part[at:stop], 0))
    return Excerpt(tuple(pieces), start > 0, stop < len(part) or len(text) > SEARCHED, len(text))


def _marks(text: str, weights: Mapping[str, float], surfaces: Surfaces) -> list[tuple[int, int, float]]:
    """Where driving words stand: start, stop, weight, in order, not overlapping."""
    found = [(match.start(), match.end(), surfaces.words(match[0])) for match in _SURFACE.finditer(text)]
    marks: list[tuple[int, int, float]] = []
    i = 0
    while i < len(found):
        start, stop, words = found[i]
        length = _phrase(found, i, weights)
        if length:
            phrase = "_".join(word for _, _, each in found[i : i + length] for word in each)
            marks.append((start, found[i + length - 1][1], weights[phrase]))
            i += length
            continue
        if len(words) == 1 and words[0] in weights:
            marks.append((start, stop, weights[words[0]]))
        elif len(words) > 1:  # no blanks between words, as in Chinese
            marks += _inside(text[start:stop], start, [word for word in words if word in weights], weights)
        i += 1
    return marks


def _phrase(found: Sequence[tuple[int, int, tuple[str, ...]]], i: int, weights: Mapping[str, float]) -> int:
    """How many strings from the i-th on make a driving phrase (new_york); 0 if none do."""
    for length in range(_LONGEST_PHRASE, 1, -1):
        parts = [words for _, _, words in found[i : i + length]]
        whole = len(parts) == length and all(len(words) == 1 for words in parts)
        if whole and "_".join(words[0] for words in parts) in weights:
            return length
    return 0


def _inside(
    surface: str, offset: int, words: Sequence[str], weights: Mapping[str, float]
) -> list[tuple[int, int, float]]:
    marks: list[tuple[int, int, float]] = []
    at = 0
    lowered = surface.lower() if len(surface.lower()) == len(surface) else surface
    for word in words:
        place = lowered.find(word.lower(), at)
        if place >= 0:
            at = place + len(word)
            marks.append((offset + place, offset + at, weights[word]))
    return marks


def _window(text: str, marks: Sequence[tuple[int, int, float]], limit: int) -> tuple[int, int]:
    """Start and stop of the passage with most weight; it begins and ends between words where it can."""
    if len(text) <= limit:
        return 0, len(text)
    best, start, total, first = 0.0, 0, 0.0, 0
    for _, stop_of_mark, weight in marks:
        total += weight
        while marks[first][0] < stop_of_mark - limit * 4 // 5:
            total -= marks[first][2]
            first += 1
        if total > best + 1e-12:
            best, start = total, marks[first][0]
    start = max(0, min(start - limit // 10, len(text) - limit))
    stop = min(len(text), start + limit)
    if start > 0:
        blank = re.search(r"\s", text[start : start + 40])
        start += blank.end() if blank else 0
    if stop < len(text):
        blank = re.search(r"\s\S*$", text[stop - 40 : stop])
        stop -= 40 - blank.start() if blank else 0
    return start, stop
