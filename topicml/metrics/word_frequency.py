"""Document frequency of the first words of topics."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def top_word_frequency(topics: Topics, reference: Any, topn: int = 10) -> Score:
    """Median number of documents that contain a first word of a topic.

    Coherence on the documents of the fit can be high for words that occur in few documents; such words seldom occur
    together in other documents, and describe few of them. This number shows how rare the words are.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents.
    topn : int
        Number of words per topic.

    Returns
    -------
    score : Score
        The median over the first words of all topics; a word counts once for each topic that has it, and 0 if it is not
        in the reference. ``per_topic`` is the median over each topic's words. ``protocol["share"]`` is the median as a
        share of the documents with words.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, or the reference has fewer than two documents.
    """
    rows = checked_topics(topics, topn)
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    counts = corpus.corpus.counts
    # The last place is that of words outside the vocabulary, whose id is -1.
    frequency = np.append(np.bincount(counts.indices, minlength=counts.shape[1]), 0)
    per_topic = frequency[corpus.ids(rows)]
    median = float(np.median(per_topic))
    n_docs = int((np.diff(counts.indptr) > 0).sum())
    protocol = {
        "topn": topn,
        "share": median / max(n_docs, 1),
        "documents": n_docs,
        "reference_documents": corpus.corpus.n_docs,
        "reference_fingerprint": corpus.corpus.fingerprint,
        "version": __version__,
    }
    return Score("top_word_frequency", median, np.median(per_topic, axis=1), protocol)
