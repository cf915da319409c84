"""Find copies of documents, and lines and passages that many documents share."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from topicml.corpus.data import CorpusData

_MIN_LINE = 12  # characters; shorter lines ("Best,") say little
_PASSAGE = 6  # words
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


def repeated_lines(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return lines that at least 5 % of the texts have.

    Parameters
    ----------
    texts : sequence of str
        The texts; a text of one line has no lines to compare.

    Returns
    -------
    list of (str, int)
        A line and its number of texts, the most frequent first.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        lines = {" ".join(line.split()) for line in text.splitlines()}
        if len(lines) > 1:
            counts.update(line for line in lines if len(line) >= _MIN_LINE)
    least = max(_MIN_COUNT, _MIN_SHARE * len(texts))
    return [(line, count) for line, count in counts.most_common(20) if count >= least]


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
