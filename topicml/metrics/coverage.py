"""Share of a corpus that contains the words of topics."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics

UNITS = ("documents", "tokens", "words")


def coverage(topics: Topics, reference: Any, topn: int = 10, *, of: str = "documents") -> Score:
    """Share of a corpus that contains words of the topics.

    ``documents``: share of documents with at least one of the words, among those with any word. ``tokens``: share of
    tokens that are one of the words. ``words``: share of the topics' words that occur in the corpus.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents. Documents without words do not count.
    topn : int
        Number of words per topic.
    of : {"documents", "tokens", "words"}
        As above.

    Returns
    -------
    score : Score
        The share for the words of all topics together; ``per_topic`` is the share for each topic alone.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, the corpus has fewer than two documents, or `of` is
        unknown.
    """
    require(of in UNITS, "of", of, f"one of {', '.join(UNITS)}")
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
        covered = [_documents(columns, row[row >= 0]) for row in ids]
        n_docs = max(int(np.count_nonzero(np.diff(counts.indptr))), 1)
        per_topic = np.array([len(rows_of_topic) for rows_of_topic in covered]) / n_docs
        mean = len(np.unique(np.concatenate(covered))) / n_docs
    protocol = {
        "topn": topn,
        "of": of,
        "documents": int(np.count_nonzero(np.diff(counts.indptr))),
        "reference_documents": corpus.corpus.n_docs,
        "reference_fingerprint": corpus.corpus.fingerprint,
        "version": __version__,
    }
    return Score(f"coverage_{of}", mean, per_topic, protocol)


def _documents(columns: Any, words: np.ndarray) -> np.ndarray:
    """Rows of the documents with at least one of the words; `columns` are the counts in CSC form."""
    parts = [columns.indices[columns.indptr[i] : columns.indptr[i + 1]] for i in words]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
