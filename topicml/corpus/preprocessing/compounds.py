"""Split compound words ("Schriftdateien") into the words that they consist of ("Schrift", "Datei")."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np

from topicml.corpus.preprocessing.encoded import EncodedTexts

Frequencies = Mapping[str, int]
"""Words that a compound may consist of, and how often each occurs."""

LINKS = {"de": ("s", "es"), "nl": ("s",), "sv": ("s",), "da": ("s", "e"), "nb": ("s", "e")}
"""Letters between the parts of a compound, by language; other letters are those of an inflected part."""

_Split = tuple[float, tuple[str, ...]]
"""The logarithm of the product of the frequencies of parts, and the parts."""

_LEAST = 3  # letters of a part
_LONGEST = 60  # letters of a word that is split: longer ones are no words


class CompoundSplitter:
    """Split a word into known words if these are more frequent than the word.

    Among the word as it is, if it is known, and all splits into known words, the one with the largest geometric mean of
    frequencies is chosen. A part is known as it stands in the word, by its lemma ("dateien": datei), or, if it is not
    the last one, without the letters that link it ("entwicklungs": entwicklung).

    Parameters
    ----------
    frequencies : mapping of str to int
        Frequencies of known words.
    lemma_of : callable
        Gives the lemma of a form, in the case of the known words.
    links : sequence of str
        See `LINKS`.

    References
    ----------
    Koehn & Knight, Empirical methods for compound splitting, EACL 2003 (section 3.3).

    Examples
    --------
    >>> from topicml.corpus.preprocessing.compounds import CompoundSplitter
    >>> known = {"aktion": 960, "plan": 710, "aktionsplan": 852, "akt": 224, "ion": 1}  # from the paper
    >>> CompoundSplitter(known, str, ("s",)).split("aktionsplan")
    ['aktionsplan']
    >>> CompoundSplitter(known | {"aktionsplan": 500}, str, ("s",)).split("aktionsplan")
    ['aktion', 'plan']
    """

    def __init__(self, frequencies: Frequencies, lemma_of: Callable[[str], str], links: tuple[str, ...]) -> None:
        self.frequencies, self.links = frequencies, links
        self._lemma_of = lru_cache(maxsize=100_000)(lemma_of)

    def split(self, word: str) -> list[str]:
        """Return the parts of a word, or the word itself."""
        if len(word) > _LONGEST:
            return [word]
        best: list[dict[int, _Split]] = [{} for _ in range(len(word) + 1)]  # by the letters read, and the parts
        best[0][0] = (0.0, ())
        for start in range(len(word) - _LEAST + 1):
            for end in range(start + _LEAST, len(word) + 1) if best[start] else ():
                part = None if end - start == len(word) else self._known(word[start:end], is_last=end == len(word))
                if part is None:
                    continue
                value = math.log(self.frequencies[part])
                for n, (product, parts) in best[start].items():
                    if n + 1 not in best[end] or product + value > best[end][n + 1][0]:
                        best[end][n + 1] = (product + value, (*parts, part))
        splits = [(product / n, parts) for n, (product, parts) in best[-1].items()]
        if word in self.frequencies:
            splits.append((math.log(self.frequencies[word]), (word,)))
        return list(max(splits)[1]) if splits else [word]

    def _known(self, text: str, *, is_last: bool) -> str | None:
        """The most frequent known word that a part may be."""
        found = [word for word in self._readings(text, is_last=is_last) if word in self.frequencies]
        return max(found, key=self.frequencies.__getitem__, default=None)

    def _readings(self, text: str, *, is_last: bool) -> Iterator[str]:
        yield text
        yield self._lemma_of(text)
        if not is_last:
            for link in self.links:
                if text.endswith(link) and len(text) - len(link) >= _LEAST:
                    yield text.removesuffix(link)


def split_compounds(encoded: EncodedTexts, splitter: CompoundSplitter) -> EncodedTexts:
    """Split the compounds of texts.

    Parameters
    ----------
    encoded : EncodedTexts
        With gaps (-1) or without.
    splitter : CompoundSplitter
        Splits a word.

    Returns
    -------
    EncodedTexts
        The parts of a compound follow one another in its place.
    """
    index: dict[str, int] = {}
    parts = [[index.setdefault(part, len(index)) for part in splitter.split(word)] for word in encoded.words]
    parts.append([-1])  # of a gap, whose code is the last position
    sizes = np.array([len(each) for each in parts], dtype=np.int64)
    flat = np.array([part for each in parts for part in each], dtype=np.int32)
    first = np.cumsum(sizes) - sizes
    n_parts = sizes[encoded.codes]
    ends = np.concatenate([[0], np.cumsum(n_parts)])
    position = np.arange(ends[-1]) - np.repeat(ends[:-1] - first[encoded.codes], n_parts)
    limits = np.concatenate([[0], np.cumsum(encoded.lengths)])
    return EncodedTexts(list(index), flat[position], np.diff(ends[limits]))
