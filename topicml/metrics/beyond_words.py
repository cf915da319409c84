"""Whether the documents that a topic leads have more in common than the first words of the topic."""

from typing import Any

import numpy as np

from topicml.metrics.documents_led import area_under_roc, led
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics

SMOOTHING = 0.5  # added to counts before the logarithm (Jeffreys)


def beyond_first_words(
    topics: Topics,
    reference: Any,
    theta: Any,
    topn: int = 10,
    *,
    max_documents: int = 20_000,
    seed: int = 0,
    has_words: Any = None,
) -> Score:
    """How well the other words of documents predict which topic leads them: area under the ROC curve for each topic.

    A topic of "best", "way" and "practice" has documents of all subjects with these words, which have nothing else in
    common. The documents of a topic with one subject also share other words. For each topic, its first words are
    therefore removed, and a naive Bayes classifier predicts from the other words whether the topic leads a document. It
    is fitted to one half of the documents and tested on the other half, then the reverse. 0.5 is chance, 1 is perfect.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents of theta.
    theta : array, (n_docs, n_topics)
        Topic proportions of those documents.
    topn : int
        Number of first words per topic to remove.
    max_documents : int
        Number of documents to use at most; a random sample if there are more.
    seed : int
        Seed of the sample and of the halves.
    has_words : ndarray of bool, (n_docs,), optional
        As in `topicml.metrics.document_coverage`.

    Returns
    -------
    score : Score
        The mean over topics; ``per_topic`` is the area of each topic, NaN for a topic that leads fewer than two or all
        documents of a half.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, theta does not have one row per document and one column
        per topic, or no document has words.
    """
    rows, corpus, leading, with_words = led(topics, reference, theta, topn, has_words)
    counts = corpus.corpus.counts
    order = np.random.default_rng(seed).permutation(np.flatnonzero(with_words))[:max_documents]
    present, leading = counts[order].astype(bool).astype(np.float64), leading[order]
    is_first = np.zeros((len(rows), counts.shape[1]))
    for number, ids in enumerate(corpus.ids(rows)):
        is_first[number, ids[ids >= 0]] = 1
    middle = len(order) // 2
    areas = np.full((2, len(rows)), np.nan)
    for turn, (fit, judge) in enumerate(((slice(middle), slice(middle, None)), (slice(middle, None), slice(middle)))):
        word_totals = np.asarray(present[fit].sum(axis=0)).ravel()
        n_words = np.diff(present[judge].indptr)
        for number in range(len(rows)):
            is_led, was_led = leading[judge] == number, leading[fit] == number
            others = n_words - present[judge] @ is_first[number]
            kept = others > 0
            if min(was_led.sum(), (is_led & kept).sum()) < 2 or was_led.all() or is_led[kept].all():
                continue
            of_topic = np.asarray(present[fit][was_led].sum(axis=0)).ravel()
            weights = _log_share(of_topic) - _log_share(word_totals - of_topic)
            mean_weight = (present[judge] @ (weights * (1 - is_first[number])))[kept] / others[kept]
            areas[turn, number] = area_under_roc(mean_weight, is_led[kept])
    both = ~np.isnan(areas).any(axis=0)
    per_topic = np.where(both, areas.mean(axis=0), np.nan)
    mean = float(per_topic[both].mean()) if both.any() else float("nan")
    protocol = {"topn": topn, "documents": len(order), "chance": 0.5, "seed": seed}
    return Score("beyond_first_words", mean, per_topic, protocol)


def _log_share(counts: np.ndarray) -> np.ndarray:
    smooth = counts + SMOOTHING
    return np.log(smooth / smooth.sum())
