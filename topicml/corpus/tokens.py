"""Documents as word ids in order: `tokens`, and `offsets` that say where each document begins and ends."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def encode(documents: Iterable[Iterable[str]], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Return (tokens int32, offsets int64) of token lists; words outside the vocabulary are dropped."""
    return _encode(documents, vocabulary.index.get)


def encode_with_vocabulary(documents: Iterable[Iterable[str]]) -> tuple[np.ndarray, np.ndarray, Vocabulary]:
    """Return (tokens int32, offsets int64, vocabulary) of token lists; the vocabulary is all their words, sorted."""
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__  # a new word gets the next number
    tokens, offsets = _encode(documents, index.__getitem__)
    for word in index:
        if not isinstance(word, str):
            raise InputError(f"A token is {word!r}, a {type(word).__name__}; tokens are strings.")
    vocabulary = Vocabulary(sorted(index))
    renumbered = np.empty(len(index), dtype=np.int32)
    renumbered[[index[word] for word in vocabulary]] = np.arange(len(index))
    return renumbered[tokens], offsets, vocabulary


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return int64 offsets, shape (n_docs + 1,), of documents of these lengths."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def take_documents(tokens: np.ndarray, offsets: np.ndarray, rows: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (tokens, offsets) of some documents; a slice of step 1 shares the memory of `tokens`."""
    if isinstance(rows, slice):
        kept = offsets[rows.start : rows.stop + 1]
        return tokens[kept[0] : kept[-1]], kept - kept[0]
    begins = offsets[rows]
    lengths = offsets[rows + 1] - begins
    taken = offsets_of(lengths)
    # Position p of document r lies at begins[r] + p: spread (begin - new begin) over each document and add a counter.
    positions = np.repeat(begins - taken[:-1], lengths)
    positions += np.arange(taken[-1])
    return tokens[positions], taken


def _encode(documents: Iterable[Iterable[str]], number: Callable[[str], int | None]) -> tuple[np.ndarray, np.ndarray]:
    lengths: list[int] = []

    def ids() -> Iterator[int]:
        for row, document in enumerate(documents):
            _check_document(document, row)
            try:
                known = [i for i in map(number, document) if i is not None]
            except TypeError as error:  # an unhashable token
                raise InputError(f"Document {row} holds a token that is no string: {document!r:.80}.") from error
            lengths.append(len(known))
            yield from known

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
