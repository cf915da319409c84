"""Read gensim bag-of-words corpora: an iterable of documents, each a list of (word id, count)."""

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
    """Convert a gensim bag-of-words corpus.

    Parameters
    ----------
    bow, id2word, fields
        As in `Corpus.from_bow`.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.from_bow`; also if a document is not a list of pairs.
    """
    known_ids, words = _vocabulary(id2word)
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
    ids = np.array(word_ids, dtype=np.int64)
    columns = np.searchsorted(known_ids, ids)
    if len(known_ids):
        unknown = np.flatnonzero(known_ids[np.minimum(columns, len(known_ids) - 1)] != ids)
    else:
        unknown = np.arange(len(ids))
    offsets = offsets_of(lengths)
    if len(unknown):
        row = int(np.searchsorted(offsets, unknown[0], side="right")) - 1
        raise InputError(f"Document {row} has the word id {ids[unknown[0]]}, which is not in id2word.")
    matrix = sp.csr_matrix((np.array(counts), columns, offsets), shape=(len(lengths), len(words)))
    return CorpusData.from_counts(matrix, words, fields)


def _vocabulary(id2word: Mapping[int, str] | Sequence[str]) -> tuple[np.ndarray, Vocabulary]:
    """Return the word ids, ascending, and their words. Ids have gaps after gensim's filtering."""
    if isinstance(id2word, Vocabulary):
        return np.arange(len(id2word)), id2word
    word_of = {i: id2word[i] for i in id2word} if isinstance(id2word, Mapping) else dict(enumerate(id2word))
    ids = sorted(word_of)
    return np.array(ids, dtype=np.int64), Vocabulary(word_of[i] for i in ids)
