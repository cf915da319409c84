"""Excerpts of documents around the words that speak for a topic, with these words marked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topicml.report.text import plain

SEARCHED = 20_000  # characters of a document that are searched for an excerpt
_SURFACE = re.compile(r"\w+(?:[-'’._]\w+)*")  # noqa: RUF001
_LONGEST_PHRASE = 3  # words
_LEVELS = (0.1, 0.3)  # smallest weights of the middle and the strong mark
_MARKED, _STRONG = 0.15, 0.05  # shares of a passage's words that are marked, and marked strongly, at most


@dataclass(frozen=True)
class Excerpt:
    """A passage of a document.

    Attributes
    ----------
    pieces : tuple of (str, int)
        Text, and how much it speaks for the topic: from 0 (not at all) to 3.
    before, after : bool
        Whether text was left out before and after the passage.
    length : int
        Number of characters of the whole document.
    """

    pieces: tuple[tuple[str, int], ...]
    before: bool
    after: bool
    length: int


class Surfaces:
    """Map of strings in texts to words of the model. Each distinct string is preprocessed once.

    Parameters
    ----------
    preprocessor : object or None
        The corpus's preprocessor, with a method ``tokens``; None if the texts are words already.
    """

    def __init__(self, preprocessor: Any) -> None:
        self._preprocessor = preprocessor
        self._words: dict[str, tuple[str, ...]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Preprocess all strings of some texts at once, which is much faster than one by one."""
        if self._preprocessor is None:
            return
        new = sorted({match[0] for text in texts for match in _SURFACE.finditer(text)} - self._words.keys())
        if new:
            tokens = self._preprocessor.tokens(new)
            self._words.update(zip(new, map(tuple, tokens), strict=True))

    def words(self, surface: str) -> tuple[str, ...]:
        """The words that a string becomes; the string itself without a preprocessor."""
        return self._words.get(surface, ()) if self._preprocessor is not None else (surface,)


def searched(text: str) -> str:
    """The part of a document that is searched for an excerpt, as text that HTML allows."""
    return plain(text[:SEARCHED])


def excerpt(text: str, weights: Mapping[str, float], surfaces: Surfaces, *, limit: int = 600) -> Excerpt:
    """The passage with the largest weight of words that speak for a topic, with these words marked.

    Parameters
    ----------
    text : str
        The whole document; only its first 20,000 characters are searched.
    weights : mapping of str to float
        The words that speak for the topic, and how much: 1 for the one that does most.
    surfaces : Surfaces
        Must have learned the strings of `text`.
    limit : int
        Length of the passage in characters, approximately.

    Returns
    -------
    excerpt : Excerpt
    """
    part = searched(text)
    marks = _marks(part, weights, surfaces)
    start, stop = _window(part, marks, limit)
    pieces: list[tuple[str, int]] = []
    end = start  # of the pieces so far
    for first, last, level in _few(part, [mark for mark in marks if start <= mark[0] and mark[1] <= stop], start, stop):
        if first > end:
            pieces.append((part[end:first], 0))
        pieces.append((part[first:last], level))
        end = last
    if end < stop:
        pieces.append((part[end:stop], 0))
    return Excerpt(tuple(pieces), start > 0, stop < len(part) or len(text) > SEARCHED, len(text))


def _few(text: str, marks: Sequence[tuple[int, int, float]], start: int, stop: int) -> list[tuple[int, int, int]]:
    """The marks with the largest weights, few enough to be seen, with their levels: start, stop, level; in order."""
    n_words = max(1, sum(1 for _ in _SURFACE.finditer(text, start, stop)))
    n_marked, n_strong = max(3, round(_MARKED * n_words)), max(2, round(_STRONG * n_words))
    largest = sorted(marks, key=lambda mark: -mark[2])[:n_marked]
    levels = [1 + sum(weight >= level for level in _LEVELS) for _, _, weight in largest]
    levels = [min(level, 2) if rank >= n_strong else level for rank, level in enumerate(levels)]
    return sorted((first, last, level) for (first, last, _), level in zip(largest, levels, strict=True))


def _marks(text: str, weights: Mapping[str, float], surfaces: Surfaces) -> list[tuple[int, int, float]]:
    """Positions of words with a weight: start, stop, weight; in order, not overlapping."""
    strings = [(match.start(), match.end(), surfaces.words(match[0])) for match in _SURFACE.finditer(text)]
    marks: list[tuple[int, int, float]] = []
    i = 0
    while i < len(strings):
        start, stop, words = strings[i]
        length = _phrase_length(strings, i, weights)
        if length:
            phrase = "_".join(word for _, _, each in strings[i : i + length] for word in each)
            marks.append((start, strings[i + length - 1][1], weights[phrase]))
            i += length
            continue
        if len(words) == 1 and words[0] in weights:
            marks.append((start, stop, weights[words[0]]))
        elif len(words) > 1:  # a script without spaces between words, such as Chinese
            marks += _inside(text[start:stop], start, [word for word in words if word in weights], weights)
        i += 1
    return marks


def _phrase_length(strings: Sequence[tuple[int, int, tuple[str, ...]]], i: int, weights: Mapping[str, float]) -> int:
    """Number of strings from the i-th on that form a marked phrase such as new_york; 0 without one."""
    for length in range(_LONGEST_PHRASE, 1, -1):
        parts = [words for _, _, words in strings[i : i + length]]
        is_phrase = len(parts) == length and all(len(words) == 1 for words in parts)
        if is_phrase and "_".join(words[0] for words in parts) in weights:
            return length
    return 0


def _inside(
    surface: str, offset: int, words: Sequence[str], weights: Mapping[str, float]
) -> list[tuple[int, int, float]]:
    """Positions of words within a string that has no spaces."""
    marks: list[tuple[int, int, float]] = []
    end = 0
    lowered = surface.lower() if len(surface.lower()) == len(surface) else surface
    for word in words:
        position = lowered.find(word.lower(), end)
        if position >= 0:
            end = position + len(word)
            marks.append((offset + position, offset + end, weights[word]))
    return marks


def _window(text: str, marks: Sequence[tuple[int, int, float]], limit: int) -> tuple[int, int]:
    """Start and stop of the passage with the largest weight, moved to boundaries of words if these are near."""
    if len(text) <= limit:
        return 0, len(text)
    within = limit * 4 // 5
    marks = [mark for mark in marks if mark[1] - mark[0] <= within]  # a longer one is in no passage
    best, start, total, first = 0.0, 0, 0.0, 0
    for _, stop_of_mark, weight in marks:
        total += weight
        while marks[first][0] < stop_of_mark - within:
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
