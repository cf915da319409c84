"""Encode documents as word ids: `tokens` of all documents in order, and `offsets` where each document begins."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from topicml.corpus.mapped import release
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError

_BLOCK = 10_000  # documents at a time
_PLACES = 1000  # documents at a time from anywhere in a mapped file


def encode(documents: Iterable[Iterable[str]], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Encode token lists with a vocabulary; drop words outside it.

    Parameters
    ----------
    documents : iterable of iterables of str
        One list of tokens per document.
    vocabulary : Vocabulary
        Its word i has the id i.

    Returns
    -------
    tokens : numpy.ndarray, shape (n_tokens,), int32
        Word ids of all documents, one document after the other.
    offsets : numpy.ndarray, shape (n_docs + 1,), int64
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    InputError
        If a document is not a list of strings.
    """
    return _encode(documents, vocabulary.index.get)


def encode_with_vocabulary(documents: Iterable[Iterable[str]]) -> tuple[np.ndarray, np.ndarray, Vocabulary]:
    """Encode token lists; return tokens and offsets as `encode` does, and the vocabulary: all words, sorted."""
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__  # a new word gets the next id
    tokens, offsets = _encode(documents, index.__getitem__)
    for word in index:
        if not isinstance(word, str):
            raise InputError(f"A token is {word!r}, a {type(word).__name__}; tokens are strings.")
    vocabulary = Vocabulary(sorted(index))
    renumbered = np.empty(len(index), dtype=np.int32)
    renumbered[[index[word] for word in vocabulary]] = np.arange(len(index))
    return renumbered[tokens], offsets, vocabulary


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Convert document lengths, shape (n_docs,), to int64 offsets, shape (n_docs + 1,)."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def take_documents(tokens: np.ndarray, offsets: np.ndarray, rows: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Select documents.

    Parameters
    ----------
    tokens : numpy.ndarray, shape (n_tokens,)
        Word ids of all documents.
    offsets : numpy.ndarray, shape (n_docs + 1,)
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``.
    rows : slice of step 1 with bounds, or numpy.ndarray of int64
        As `row_numbers` returns them. A slice shares the memory of `tokens`.

    Returns
    -------
    tokens, offsets : numpy.ndarray
        Those of the selected documents.
    """
    if isinstance(rows, slice):
        bounds = offsets[rows.start : rows.stop + 1]
        return tokens[bounds[0] : bounds[-1]], bounds - bounds[0]
    begins = offsets[rows]
    lengths = offsets[rows + 1] - begins
    new_offsets = offsets_of(lengths)
    taken = np.empty(new_offsets[-1], dtype=tokens.dtype)
    for first in range(0, len(rows), _PLACES):
        bounds = new_offsets[first : first + _PLACES + 1]
        # Token p of document r is at begins[r] + p: repeat (begin - new begin) over each document and add a counter.
        positions = np.repeat(begins[first : first + _PLACES] - bounds[:-1], lengths[first : first + _PLACES])
        positions += np.arange(bounds[0], bounds[-1])
        taken[bounds[0] : bounds[-1]] = tokens[positions]
        release(tokens, read=len(bounds))
    return taken, new_offsets


def renumbered(
    tokens: np.ndarray, lengths: np.ndarray, new_ids: np.ndarray, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give words other ids, and drop those without one.

    Parameters
    ----------
    tokens : numpy.ndarray, shape (n_tokens,)
        Word ids of all documents.
    lengths : numpy.ndarray, shape (n_docs,)
        Number of tokens of each document.
    new_ids : numpy.ndarray, shape (n_words,), int32
        The new id of each word; -1 for a word that is dropped.
    out : numpy.ndarray, shape (n_tokens,), int32, optional
        Where the tokens are written; it may be `tokens`. By default a new array.

    Returns
    -------
    tokens, offsets : numpy.ndarray
        Those of the words that are kept; `tokens` is the beginning of `out`.
    """
    offsets = offsets_of(lengths)
    kept = np.empty(len(tokens), dtype=np.int32) if out is None else out
    end, new_offsets = 0, np.zeros_like(offsets)
    for begin in range(0, len(lengths), _BLOCK):  # temporary arrays with a number for each token are large
        bounds = offsets[begin : begin + _BLOCK + 1]
        ids = new_ids[tokens[bounds[0] : bounds[-1]]]
        is_kept = ids >= 0
        ids, before = ids[is_kept], end
        kept[end : end + len(ids)] = ids  # never beyond the tokens that are read
        end += len(ids)
        new_offsets[begin + 1 : begin + len(bounds)] = before + offsets_of(is_kept)[bounds[1:] - bounds[0]]
    return kept[:end], new_offsets


def _encode(documents: Iterable[Iterable[str]], id_of: Callable[[str], int | None]) -> tuple[np.ndarray, np.ndarray]:
    lengths: list[int] = []

    def ids() -> Iterator[int]:
        for row, document in enumerate(documents):
            _check_document(document, row)
            try:
                word_ids = [i for i in map(id_of, document) if i is not None]
            except TypeError as error:  # an unhashable token
                raise InputError(f"Document {row} contains a token that is not a string: {document!r:.80}.") from error
            lengths.append(len(word_ids))
            yield from word_ids

    tokens = np.fromiter(ids(), dtype=np.int32)
    return tokens, offsets_of(lengths)


def _check_document(document: object, row: int) -> None:
    if isinstance(document, str):
        raise InputError(
            f"Document {row} is a string, not a list of tokens: {document[:60]!r}. "
            "For raw texts use Corpus.from_texts(texts)."
        )
    if not isinstance(document, Iterable):
        raise InputError(f"Document {row} is {document!r}, a {type(document).__name__}; it must be a list of tokens.")
