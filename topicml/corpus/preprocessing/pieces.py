"""Tokenize texts piece by piece: what stands between white space is tokenized once, however often it occurs."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, islice, pairwise, product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from spacy.attrs import NORM, ORTH
from spacy.tokenizer import Tokenizer

from topicml.corpus.preprocessing.cleaning import respelled

_MAX_PIECES = 200_000  # different ones in memory, about 50 MB
_FEW = 3  # pieces in memory per character of the texts, above which the pieces are looked up one by one


class PieceReader:
    """Read the tokens of texts from their pieces between white space.

    spaCy's tokenizer splits a text at white space first, and then each piece by itself. So a piece has the same tokens
    in all texts, and a dict has most pieces of a text, where spaCy would split them anew. There is one exception: in
    the end spaCy looks for special cases of several tokens (``a.m.``) in all tokens of the text, also across white
    space. `read` tells in which texts it may find one; let spaCy read these whole.

    Parameters
    ----------
    tokenizer : spacy.tokenizer.Tokenizer
        Its rules must not change later.
    code_of : callable
        Returns the code of a token from the ids of its form and its long form (ORTH and NORM).
    """

    _numbers: dict[str, int]
    _known: Any

    def __init__(self, tokenizer: Tokenizer, code_of: Callable[[int, int], int]) -> None:
        self._tokenizer, self._code_of = tokenizer, code_of
        self._sides, self._joined = _tokens_that_join(tokenizer)
        self._forget()

    def __len__(self) -> int:
        """Number of different pieces in memory."""
        return len(self._numbers)

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read texts that `decoded` has cleaned.

        Parameters
        ----------
        texts : sequence of str
            The texts.

        Returns
        -------
        codes : ndarray of int32, (n_tokens,)
            The tokens of all texts, without white space.
        lengths : ndarray of int64, (n_texts,)
            Number of tokens of each text.
        doubtful : ndarray of int64
            Numbers of the texts in which spaCy may find a special case across white space.
        """
        if len(self._numbers) > _MAX_PIECES:
            self._forget()
        numbers, n_pieces = self._numbers_of(texts)
        codes, ends, first, last = map(np.array, (self._codes, self._ends, self._first, self._last))
        lengths = np.diff(ends)[numbers]
        begins = np.cumsum(lengths) - lengths
        positions = np.arange(lengths.sum()) + np.repeat(ends[numbers] - begins, lengths)
        text_of = np.repeat(np.arange(len(texts)), n_pieces)
        of_text = np.bincount(text_of, lengths, minlength=len(texts)).astype(np.int64)
        joined = self._joined[last[numbers[:-1]], first[numbers[1:]]] & (text_of[:-1] == text_of[1:])
        return codes[positions], of_text, np.unique(text_of[:-1][joined])

    def _numbers_of(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The number of each piece of all texts, and how many pieces each text has."""
        if _FEW * sum(map(len, texts)) > len(self._numbers):
            split = pc.ascii_split_whitespace(pa.array(texts, pa.large_string()))
            return self._numbers_at_once(split.values), np.diff(split.offsets.to_numpy())
        pieces = [text.split() for text in texts]
        numbers = [self._number(piece) for piece in chain.from_iterable(pieces)]
        return np.array(numbers, dtype=np.int64), np.fromiter(map(len, pieces), np.int64, len(pieces))

    def _numbers_at_once(self, pieces: pa.Array) -> np.ndarray:
        """The number of each of many pieces: Arrow looks them up ten times as fast as a dict, after it has read all."""
        if len(self._known) < len(self._numbers):
            new = islice(self._numbers, len(self._known), None)
            self._known = pa.concat_arrays([self._known, pa.array(list(new), pa.large_string())])
        found = pc.index_in(pieces, value_set=self._known)
        numbers = found.fill_null(-1).to_numpy().astype(np.int64)
        if found.null_count:
            others = pieces.filter(found.is_null()).dictionary_encode()
            added = [self._number(piece) for piece in others.dictionary.to_pylist()]
            numbers[numbers < 0] = np.array(added)[others.indices.to_numpy()]
        return numbers

    def _number(self, piece: str) -> int:
        """The number of a piece; a new one is tokenized, and gets the next."""
        number = self._numbers.get(piece)
        if number is None:
            number = len(self._numbers)
            self._add(piece)
            self._numbers[piece] = number
        return number

    def _forget(self) -> None:
        self._numbers = {}
        self._known = pa.array([], pa.large_string())  # the first pieces of the dict, in its order
        self._codes, self._ends = array("i"), array("q", [0])  # the codes of piece i end at _ends[i + 1]
        self._first, self._last = array("i"), array("i")  # the first and the last token of each piece in _joined

    def _add(self, piece: str) -> None:
        """Tokenize a new piece."""
        rows = self._tokenizer(respelled(piece)).to_array([ORTH, NORM]).reshape(-1, 2).tolist()
        self._codes.extend([self._code_of(orth, norm) for orth, norm in rows])
        self._ends.append(len(self._codes))
        self._first.append(self._sides.get(rows[0][0], 0) if rows else 0)
        self._last.append(self._sides.get(rows[-1][0], 0) if rows else 0)


def _tokens_that_join(tokenizer: Tokenizer) -> tuple[dict[int, int], np.ndarray]:
    """Which tokens stand side by side in a special case.

    Parameters
    ----------
    tokenizer : spacy.tokenizer.Tokenizer
        The tokenizer.

    Returns
    -------
    sides : dict of int to int
        A number, from 1, of each token (ORTH) of a special case of several tokens.
    joined : ndarray of bool, (len(sides) + 1, len(sides) + 1)
        Whether the second token follows the first in a special case.
    """
    settings = ("prefix_search", "suffix_search", "infix_finditer", "token_match", "url_match")
    plain = Tokenizer(tokenizer.vocab, **{name: getattr(tokenizer, name) for name in settings})
    pairs: set[tuple[int, int]] = set()
    # spaCy looks for special cases before it replaces any: at the end of a piece, ":)" may still have been ":" and ")".
    firsts: dict[int, set[int]] = defaultdict(set)
    lasts: dict[int, set[int]] = defaultdict(set)
    for case, tokens in (tokenizer.rules or {}).items():
        parts = [token.orth for token in plain(case) if not token.is_space]
        pairs.update(pairwise(parts))
        if parts:
            strings = tokenizer.vocab.strings
            firsts[parts[0]].add(strings.add(tokens[0][ORTH]))
            lasts[parts[-1]].add(strings.add(tokens[-1][ORTH]))
    shown = {pair for first, second in pairs for pair in product({first, *lasts[first]}, {second, *firsts[second]})}
    sides: dict[int, int] = {}
    for orth in chain.from_iterable(shown):
        sides.setdefault(orth, len(sides) + 1)
    joined = np.zeros((len(sides) + 1, len(sides) + 1), dtype=bool)
    for first, second in shown:
        joined[sides[first], sides[second]] = True
    return sides, joined
