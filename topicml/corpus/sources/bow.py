"""gensim's bag-of-words corpora: an iterable of documents, each a list of (word id, count)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus.data import CorpusData
from topicml.corpus.tokens import offsets_of
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def corpus_of_bow(
    bow: Iterable[Iterable[tuple[int, float]]], id2word: Mapping[int, str] | Sequence[str], fields: Any = None
) -> CorpusData:
    """Return the corpus of a gensim bag-of-words corpus; see `Corpus.from_bow`."""
    ids, words = _words(id2word)
    word_ids: list[int] = []
    counts: list[float] = []
    lengths: list[int] = []
    for row, document in enumerate(bow):
        try:
            pairs = [(int(word), count) for word, count in document]
        except (TypeError, ValueError) as error:
            raise InputError(f"Document {row} is {document!r:.80}, not a list of (word id, count).") from error
        word_ids.extend(word for word, _ in pairs)
        counts.extend(count for _, count in pairs)
        lengths.append(len(pairs))
    given = np.array(word_ids, dtype=np.int64)
    columns = np.searchsorted(ids, given)
    unknown = np.flatnonzero(ids[np.minimum(columns, len(ids) - 1)] != given) if len(ids) else np.arange(len(given))
    offsets = offsets_of(lengths)
    if len(unknown):
        row = int(np.searchsorted(offsets, unknown[0], side="right")) - 1
        raise InputError(f"Document {row} has the word id {given[unknown[0]]}, which id2word does not know.")
    matrix = sp.csr_matrix((np.array(counts), columns, offsets), shape=(len(lengths), len(words)))
    return CorpusData.from_counts(matrix, words, fields)


def _words(id2word: Mapping[int, str] | Sequence[str]) -> tuple[np.ndarray, Vocabulary]:
    """Return the word ids that are in use, ascending, and their words; gensim leaves gaps after filtering."""
    if isinstance(id2word, Vocabulary):
        return np.arange(len(id2word)), id2word
    known = {i: id2word[i] for i in id2word} if isinstance(id2word, Mapping) else dict(enumerate(id2word))
    ids = sorted(known)
    return np.array(ids, dtype=np.int64), Vocabulary(known[i] for i in ids)
