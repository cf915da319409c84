"""Coherence of topics by the similarity of their words' vectors."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.errors import InputError
from topicml.metrics.coherence import UNSEEN
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics
from topicml.metrics.vectors import WordVectors, check_unseen


def embedding_coherence(
    topics: Topics,
    vectors: Any,
    topn: int = 10,
    *,
    kind: str = "pairwise",
    unseen: str = "apart",
    dimension: int = 100,
    seed: int = 0,
) -> Score:
    """Score topics by the cosine similarity of their words' vectors (Ding, Nallapati & Xiang 2018).

    ``pairwise``: mean cosine of all pairs of a topic's words. ``centroid``: mean cosine of each word with the mean of
    the topic's words, all vectors of length 1.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    vectors : gensim KeyedVectors, mapping, Corpus, Reference or WordVectors
        Word vectors; or documents, from which vectors are learned, as in `topicml.metrics.WordVectors`.
    topn : int
        Number of words per topic.
    kind : {"pairwise", "centroid"}
        As above.
    unseen : {"apart", "skip", "error"}
        Treatment of words without a vector. ``apart``: their cosine with any other word is 0, which lowers the score,
        as in OCTIS. ``skip``: leave them out; a topic with fewer than two seen words is NaN and not part of the mean.
        ``error``: raise.
    dimension, seed : int
        Dimension and seed of learned vectors.

    Returns
    -------
    score : Score
        ``coverage`` is the share of the topics' words that have a vector.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, no word has a vector, or an argument is out of range.

    Notes
    -----
    OCTIS 1.14 divides each vector by the sum of its components instead of by its length; if the sum is negative, the
    vector and the sign of its cosines are inverted. Its centroid measure averages vectors that are not of length 1 and
    returns the cosine distance, so that lower is better.
    """
    require(kind in ("pairwise", "centroid"), "kind", kind, "one of pairwise, centroid")
    check_unseen(unseen, UNSEEN)
    if topn < 2:
        raise InputError(f"Coherence compares words: topn must be at least 2; received {topn}.")
    rows = checked_topics(topics, topn)
    source = WordVectors(vectors, dimension, seed)
    units, has_vector = source.of(rows, unseen)
    n_words = has_vector.sum(axis=1) if unseen == "skip" else np.full(len(rows), topn)
    length = np.linalg.norm(units.sum(axis=1), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "pairwise":
            # |sum of u|^2 is the sum of u @ v over all pairs; each seen word adds 1 for its pair with itself.
            per_topic = (length**2 - has_vector.sum(axis=1)) / (n_words * (n_words - 1))
        else:
            per_topic = length / n_words  # with s the sum of all u, the sum of u @ s / |s| is |s|
    per_topic = np.where(n_words > 1, per_topic, np.nan)
    defined = per_topic[~np.isnan(per_topic)]
    protocol = source.protocol | {
        "topn": topn,
        "unseen": unseen,
        "coverage": float(has_vector.mean()),
        "version": __version__,
    }
    mean = float(defined.mean()) if len(defined) else float("nan")
    return Score(f"embedding_coherence_{kind}", mean, per_topic, protocol)
