"""How much of a corpus the words of topics are about."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics

UNITS = ("documents", "tokens", "words")


def coverage(topics: Topics, reference: Any, topn: int = 10, *, of: str = "documents") -> Score:
    """Share of a corpus that the topics' words reach; ``per_topic`` is the share that each reaches by itself.

    ``documents``: documents that hold any of the words. ``tokens``: tokens that are one of the words. ``words``: the
    other way round, the topics' words that the corpus holds.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; OCTIS's model output is taken, too.
    reference : Corpus, Reference or iterable of token lists
        The documents. Empty ones count as documents that are not reached.
    topn : int
        Words of each topic that count.
    of : {"documents", "tokens", "words"}
        As above.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, the corpus is too small, or `of` is unknown.
    """
    if of not in UNITS:
        raise InputError(f"of={of!r} is unknown. Choose one of {', '.join(UNITS)}.")
    rows = checked_topics(topics, topn)
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    ids = corpus.ids(rows)
    counts = corpus.corpus.counts
    total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    if of == "words":
        per_topic = np.array([(total[row[row >= 0]] > 0).sum() / topn for row in ids])
        distinct = {
            word: i for row, numbers in zip(rows, ids, strict=True) for word, i in zip(row, numbers, strict=True)
        }
        mean = float(np.mean([i >= 0 and total[i] > 0 for i in distinct.values()]))
    elif of == "tokens":
        n_tokens = total.sum()
        per_topic = np.array([total[row[row >= 0]].sum() for row in ids]) / max(n_tokens, 1)
        mean = float(total[np.unique(ids[ids >= 0])].sum() / max(n_tokens, 1))
    else:
        columns = counts.tocsc()
        reached = [_documents(columns, row[row >= 0]) for row in ids]
        per_topic = np.array([len(found) for found in reached]) / counts.shape[0]
        mean = len(np.unique(np.concatenate(reached))) / counts.shape[0]
    protocol = {
        "topn": topn,
        "of": of,
        "reference_documents": corpus.corpus.n_docs,
        "reference_fingerprint": corpus.corpus.fingerprint,
        "version": __version__,
    }
    return Score(f"coverage_{of}", mean, per_topic, protocol)


def _documents(columns: Any, words: np.ndarray) -> np.ndarray:
    """Numbers of the documents that hold any of the words, of counts in CSC form."""
    parts = [columns.indices[columns.indptr[i] : columns.indptr[i + 1]] for i in words]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
