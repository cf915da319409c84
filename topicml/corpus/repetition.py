"""Find copies of documents, and lines, sentences and passages that many documents share."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from topicml.corpus.data import CorpusData

_MIN_LINE = 12  # characters; shorter lines ("Best,") say little
_PASSAGE = 6  # words of the vocabulary
_EDGE = 6  # words of a text, any words
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+")
_DIGITS = re.compile(r"\d+(?:[.,:/-]\d+)*")
_MIN_SHARE = 0.05  # of the documents
_MIN_COUNT = 5
_WORDS_AT_ONCE = 2_000_000


def repeated_texts(corpus: CorpusData, texts: Sequence[str] | None) -> np.ndarray:
    """Return the rows of documents that repeat an earlier one.

    Parameters
    ----------
    corpus : CorpusData
        The documents.
    texts : sequence of str or None
        Their texts, which are compared without regard to case and white space; None compares the words.

    Returns
    -------
    ndarray of int64
        Documents without words do not count.
    """
    seen: set[bytes] = set()
    rows = []
    for row in np.flatnonzero(corpus.lengths > 0).tolist():
        words = corpus.document(row) if texts is None else texts[row].lower().split()
        key = blake2b("\x1f".join(words).encode("utf-8", "replace"), digest_size=16).digest()
        if key in seen:
            rows.append(row)
        seen.add(key)
    return np.array(rows, dtype=np.int64)


@dataclass(frozen=True)
class Repeated:
    """A piece of text that many texts share.

    Attributes
    ----------
    place : {"line", "beginning", "end"}
        Where the texts have it.
    text : str
        The piece, as the first of the texts has it.
    count : int
        Number of texts.
    """

    place: str
    text: str
    count: int


def repeated_pieces(texts: Sequence[str]) -> list[Repeated]:
    """Return lines, and sentences or words at the beginning and the end, that at least 5 % of the texts have.

    Parameters
    ----------
    texts : sequence of str
        The texts. Case, white space and the digits of numbers do not matter: a footer may have a date. A text that
        consists of nothing else than the piece does not count.

    Returns
    -------
    list of Repeated
        The most frequent first. A piece that is part of a more frequent one, or has it as a part, is left out.
    """
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for text in texts:
        pieces: dict[tuple[str, str], str] = {}
        for place, piece in _pieces(text):
            if len(piece) >= _MIN_LINE:
                pieces.setdefault((place, _normal(piece)), piece)
        counts.update(pieces.keys())
        for key, piece in pieces.items():
            examples.setdefault(key, piece)
    least = max(_MIN_COUNT, _MIN_SHARE * len(texts))
    frequent = [(key, count) for key, count in counts.items() if count >= least]
    found: list[Repeated] = []
    kept: list[str] = []
    # Of pieces in equally many texts, the longest says most: the sentence, not its last words.
    for (place, normal), count in sorted(frequent, key=lambda each: (-each[1], -len(each[0][1]))):
        if not any(normal in other or other in normal for other in kept):
            kept.append(normal)
            found.append(Repeated(place, examples[place, normal], count))
    return found


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Lines, and the first and last sentence and words of a text that has more than these."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > 1:
        for line in lines:
            yield "line", line
    words = text.split()
    if len(words) > 2 * _EDGE:
        yield "beginning", " ".join(words[:_EDGE])
        yield "end", " ".join(words[-_EDGE:])
    sentences = [each for line in lines for each in _SENTENCE_END.split(line) if each]
    if len(sentences) > 1:
        yield "beginning", sentences[0]
        yield "end", sentences[-1]


def _normal(piece: str) -> str:
    return _DIGITS.sub("0", piece.lower())


def repeated_passages(corpus: CorpusData, rows: np.ndarray) -> list[tuple[list[str], int]]:
    """Return sequences of six words of the vocabulary that at least 5 % of the documents have.

    Parameters
    ----------
    corpus : CorpusData
        The documents; without word order there are no sequences.
    rows : ndarray of int
        The documents to compare.

    Returns
    -------
    list of (list of str, int)
        The words and their number of documents, the most frequent first; sequences that share words are given once.
    """
    if corpus.tokens is None or corpus.offsets is None or not len(rows):
        return []
    lengths = corpus.lengths[rows]
    rows = rows[np.cumsum(lengths) <= _WORDS_AT_ONCE]
    part = corpus[rows]
    tokens, offsets = part.tokens, part.offsets
    if tokens is None or offsets is None or len(tokens) < _PASSAGE:
        return []
    n_places = len(tokens) - _PASSAGE + 1
    keys = np.zeros(n_places, dtype=np.uint64)
    for place in range(_PASSAGE):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + tokens[place : place + n_places].astype(np.uint64) + np.uint64(1)
    document = np.repeat(np.arange(part.n_docs), part.lengths)
    inside = document[:n_places] == document[_PASSAGE - 1 :]
    places = np.flatnonzero(inside)
    pairs = np.unique(np.stack([keys[places], document[places].astype(np.uint64)], axis=1), axis=0)
    unique, counts = np.unique(pairs[:, 0], return_counts=True)
    frequent = counts >= max(_MIN_COUNT, _MIN_SHARE * part.n_docs)
    found: list[tuple[list[str], int]] = []
    for key, count in sorted(zip(unique[frequent], counts[frequent], strict=True), key=lambda each: -each[1])[:50]:
        place = int(places[np.flatnonzero(keys[places] == key)[0]])
        words = [part.vocabulary[i] for i in tokens[place : place + _PASSAGE].tolist()]
        overlaps = any(len(set(words) & set(other)) > _PASSAGE // 2 for other, _ in found)
        if len(set(words)) > 2 and not overlaps:
            found.append((words, int(count)))
    return found
