"""The vocabulary of a corpus: word i is column i of the counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import overload

from topicml.errors import InputError

SEPARATOR = ":"
"""Between the name of a language and a word, in a corpus of several languages (`topicml.corpus.languages`)."""


class Vocabulary(Sequence[str]):
    """An immutable sequence of distinct words.

    It equals any sequence of the same words in the same order.

    Parameters
    ----------
    words : iterable of str
        The words, in the order of the columns of the counts. Any string is valid, also an empty one or one with spaces.

    Raises
    ------
    InputError
        If a word is not a string, cannot be encoded as UTF-8, or is repeated.
    """

    __slots__ = ("_hash", "_index", "_words")

    def __init__(self, words: Iterable[str]) -> None:
        if isinstance(words, str):
            raise InputError(f"A vocabulary is a sequence of words; received a single string: {words[:60]!r}.")
        self._words = tuple(words)
        self._index = {word: i for i, word in enumerate(self._words)}
        self._hash: int | None = None
        _check_words(self._words, self._index)

    @property
    def index(self) -> Mapping[str, int]:  # type: ignore[override]
        """Read-only mapping of words to their numbers. It replaces `Sequence.index`, which would be a linear search."""
        return MappingProxyType(self._index)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> "Vocabulary": ...
    def __getitem__(self, i: int | slice) -> "str | Vocabulary":
        return Vocabulary(self._words[i]) if isinstance(i, slice) else self._words[i]

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Vocabulary):
            return self._words == other._words
        if isinstance(other, str) or not hasattr(other, "__iter__") or not hasattr(other, "__len__"):
            return NotImplemented
        return len(other) == len(self) and all(a == b for a, b in zip(self._words, other, strict=True))

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self._words)
        return self._hash

    def __reduce__(self) -> tuple[type["Vocabulary"], tuple[tuple[str, ...]]]:
        # Rebuild on unpickling: string hashes differ between processes.
        return Vocabulary, (self._words,)

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self._words[:5]))
        return f"Vocabulary({len(self):,} words: {shown}{', …' if len(self) > 5 else ''})"


def _check_words(words: tuple[str, ...], index: dict[str, int]) -> None:
    for i, word in enumerate(words):
        if not isinstance(word, str):
            raise InputError(f"Word {i} of the vocabulary is {word!r}, a {type(word).__name__}; words are strings.")
    if len(index) != len(words):
        # `index` keeps the last position of a repeated word, so the first word at another position is repeated.
        i = next(i for i, word in enumerate(words) if index[word] != i)
        raise InputError(
            f"The vocabulary has the word {words[i]!r} at {i} and again at {index[words[i]]}; words must be unique."
        )
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        bad = next(word for word in words if any("\ud800" <= letter <= "\udfff" for letter in word))
        raise InputError(f"The word {bad!r} contains a lone surrogate, which UTF-8 cannot encode; remove it.") from None
