"""Documents as word ids in order: `tokens`, and `offsets` that say where each document begins and ends."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def encode(documents: Iterable[Sequence[str]], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Return (tokens int32, offsets int64) of token lists; words outside the vocabulary are dropped."""
    lengths: list[int] = []
    get = vocabulary.index.get

    def ids() -> Iterator[int]:
        for row, document in enumerate(documents):
            _check_document(document, row)
            known = [i for i in map(get, document) if i is not None]
            lengths.append(len(known))
            yield from known

    tokens = np.fromiter(ids(), dtype=np.int32)
    return tokens, offsets_of(lengths)


def learn_vocabulary(documents: Iterable[Sequence[str]]) -> Vocabulary:
    """Return the words of some token lists, sorted."""
    words: Counter[str] = Counter()
    for row, document in enumerate(documents):
        _check_document(document, row)
        words.update(document)
    for word in words:
        if not isinstance(word, str):
            raise InputError(f"A token is {word!r}, a {type(word).__name__}; tokens are strings.")
    return Vocabulary(sorted(words))


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


def _check_document(document: object, row: int) -> None:
    if isinstance(document, str):
        raise InputError(
            f"Document {row} is a string, not a list of tokens: {document[:60]!r}. "
            "For raw texts use Corpus.from_texts(texts)."
        )
    if not isinstance(document, Iterable):
        raise InputError(f"Document {row} is {document!r}, a {type(document).__name__}; it must be a list of tokens.")
