"""How the first words of topics describe the documents that the topics lead."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.distributions import document_weights
from topicml.metrics.leading import leading_topics, rows_with_words
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def document_coverage(topics: Topics, reference: Any, theta: Any, topn: int = 10, *, has_words: Any = None) -> Score:
    """Share of documents that contain at least one of the first words of their leading topic.

    A topic whose words hardly occur in the documents that it leads does not describe them. `topicml.metrics.coverage`
    differs: it counts documents with a word of any topic, so it does not need theta.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents of theta.
    theta : array, (n_docs, n_topics)
        Topic proportions of those documents. The largest one is the leading topic; of equal ones, the first.
    topn : int
        Number of words per topic.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows. The others have no topic, whatever their theta, and do not count. By
        default the documents with a word of the reference.

    Returns
    -------
    score : Score
        The share of all documents; ``per_topic`` is the share of the documents that each topic leads, NaN for a topic
        that leads none. The protocol has the number of ``documents`` with words.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, theta does not have one row per document and one column
        per topic, or no document has words.
    """
    rows, corpus, leading, with_words = led(topics, reference, theta, topn, has_words)
    counts = corpus.corpus.counts
    is_first_word = np.zeros((len(rows), counts.shape[1]), dtype=bool)
    for number, ids in enumerate(corpus.ids(rows)):
        is_first_word[number, ids[ids >= 0]] = True
    document = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    is_covered = np.zeros(counts.shape[0], dtype=bool)
    is_covered[document[is_first_word[leading[document], counts.indices]]] = True
    is_covered &= with_words
    n_led = np.bincount(leading[with_words], minlength=len(rows))
    n_covered = np.bincount(leading[is_covered], minlength=len(rows))
    per_topic = np.where(n_led > 0, n_covered / np.maximum(n_led, 1), np.nan)
    mean = float(is_covered.sum() / with_words.sum())
    return Score("document_coverage", mean, per_topic, _protocol(corpus, topn, with_words))


def topic_document_agreement(
    topics: Topics, reference: Any, theta: Any, topn: int = 10, *, has_words: Any = None
) -> Score:
    """How well the first words of a topic predict which documents it leads: mean area under the ROC curve over topics.

    For each topic, all documents are ranked by the share of the topic's first words in their tf-idf vector: the sum of
    the tf-idf weights of these words, in a vector of length 1. The area under the ROC curve is the probability that a
    document led by the topic ranks above another document; ties count one half. 0.5 is chance, 1 is perfect.

    Why this definition: the area does not depend on a threshold or on how many documents a topic leads, so rare and
    frequent topics count the same. tf-idf gives little weight to a word that is in all documents, which does not
    distinguish topics. Vectors have length 1 because long documents contain more of any words. Words that occur in few
    of the topic's documents leave the others tied with the rest of the corpus, so rare words score near 0.5. Topics
    that share their first words with other topics score low as well.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents of theta.
    theta : array, (n_docs, n_topics)
        Topic proportions of those documents.
    topn : int
        Number of words per topic.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows. The others have no topic, whatever their theta, and do not count. By
        default the documents with a word of the reference.

    Returns
    -------
    score : Score
        ``per_topic`` is the area of each topic, NaN for a topic that leads none or all of the documents; such topics
        are not part of the mean. NaN if there is no other topic.

    Raises
    ------
    InputError
        As `document_coverage`.

    References
    ----------
    Hanley and McNeil 1982, for the area as a rank statistic (Mann-Whitney U). The tf-idf weights are scikit-learn's:
    count times ``log((1 + n_docs) / (1 + df)) + 1``.
    """
    rows, corpus, leading, with_words = led(topics, reference, theta, topn, has_words)
    counts = corpus.corpus.counts
    leading = leading[with_words]
    weights = _unit_tfidf(counts[with_words]).tocsc()
    per_topic = np.full(len(rows), np.nan)
    for number, ids in enumerate(corpus.ids(rows)):
        is_led = leading == number
        if is_led.any() and not is_led.all():
            ranked_by = np.asarray(weights[:, ids[ids >= 0]].sum(axis=1)).ravel()
            per_topic[number] = area_under_roc(ranked_by, is_led)
    defined = per_topic[~np.isnan(per_topic)]
    mean = float(defined.mean()) if len(defined) else float("nan")
    protocol = _protocol(corpus, topn, with_words) | {"weights": "tf-idf", "chance": 0.5}
    return Score("topic_document_agreement", mean, per_topic, protocol)


def led(
    topics: Topics, reference: Any, theta: Any, topn: int, has_words: Any = None
) -> tuple[list[list[str]], Reference, np.ndarray, np.ndarray]:
    """Check the inputs of measures of the documents that topics lead.

    Parameters
    ----------
    topics, reference, theta, topn, has_words
        As in `document_coverage`.

    Returns
    -------
    rows : list of lists of str
        The first words of each topic.
    reference : Reference
        The documents.
    leading : ndarray of int, (n_docs,)
        The leading topic of each document.
    with_words : ndarray of bool, (n_docs,)
        Documents that have a topic, because they have words of the reference and of the model.

    Raises
    ------
    InputError
        As `document_coverage`.
    """
    rows = checked_topics(topics, topn)
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    weights = document_weights(theta)
    if weights.shape != (corpus.corpus.n_docs, len(rows)):
        raise InputError(
            f"theta has shape {weights.shape}; it needs one row for each of the {corpus.corpus.n_docs:,} documents of "
            f"the reference and one column for each of the {len(rows)} topics."
        )
    if not len(corpus.corpus.counts.indices):
        raise InputError("No document of the reference has words.")
    with_words = rows_with_words(has_words, len(weights)) & (np.diff(corpus.corpus.counts.indptr) > 0)
    return rows, corpus, leading_topics(weights), rows_with_words(with_words, len(weights))


def _unit_tfidf(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Tf-idf weights as scikit-learn's, rows of length 1; no row may be empty."""
    n_docs, n_words = counts.shape
    idf = np.log((1 + n_docs) / (1 + np.bincount(counts.indices, minlength=n_words))) + 1
    data = counts.data * idf[counts.indices]
    lengths = np.sqrt(np.add.reduceat(data**2, counts.indptr[:-1]))
    data /= np.repeat(lengths, np.diff(counts.indptr))
    return sp.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


def area_under_roc(values: np.ndarray, is_positive: np.ndarray) -> float:
    """Probability that a positive has a higher value than a negative; ties count one half.

    Parameters
    ----------
    values : ndarray, (n,)
        Values to rank by.
    is_positive : ndarray of bool, (n,)
        The positives; at least one and not all.

    Returns
    -------
    float
    """
    n_positive = int(is_positive.sum())
    # Equal sums may differ in their last bits.
    _, place, counts = np.unique(values.round(12), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # ties get their mean rank; importing scipy.stats takes long
    above = ranks[place][is_positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * (len(values) - n_positive)))


def _protocol(corpus: Reference, topn: int, with_words: np.ndarray) -> dict[str, Any]:
    return {
        "topn": topn,
        "documents": int(with_words.sum()),
        "reference_documents": corpus.corpus.n_docs,
        "reference_fingerprint": corpus.corpus.fingerprint,
        "version": __version__,
    }
