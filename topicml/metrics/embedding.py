"""How near the words of a topic are to one another among word vectors."""

from typing import Any

import numpy as np

from topicml import __version__
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
    """Score topics by the cosines of their words' vectors (Ding, Nallapati & Xiang 2018).

    ``pairwise``: mean cosine of all pairs of a topic's words. ``centroid``: mean cosine of each word with the mean of
    the topic's words, all vectors of length 1.

    OCTIS 1.14 divides each vector by the sum of its numbers instead of its length: where that is negative the vector
    turns round, and the sign of the cosine with it. Its centroid measure takes the mean of vectors of any length and
    returns the cosine distance, so a better topic scores less.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; OCTIS's model output is taken, too.
    vectors : gensim KeyedVectors, mapping, Corpus, Reference or WordVectors
        Word vectors; or documents, whose own are learned, as in `topicml.metrics.WordVectors`.
    topn : int
        Words of each topic that count.
    kind : {"pairwise", "centroid"}
        As above.
    unseen : {"apart", "skip", "error"}
        What a word does that has no vector. ``apart``: its cosine is 0 with any other, so the topic pays for it, as in
        OCTIS. ``skip``: it does not count; a topic with fewer than two seen words is NaN and not in the mean.
        ``error``: raise.
    dimension, seed : int
        Of vectors that are learned.

    Returns
    -------
    score : Score
        In ``protocol``, `coverage` is the share of words that have a vector.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, no word has a vector, or an argument is unknown.
    """
    if kind not in ("pairwise", "centroid"):
        raise InputError(f"kind={kind!r} is unknown. Choose one of pairwise, centroid.")
    check_unseen(unseen, UNSEEN)
    if topn < 2:
        raise InputError(f"Coherence compares words: topn must be at least 2; received {topn}.")
    rows = checked_topics(topics, topn)
    source = WordVectors(vectors, dimension, seed)
    units, seen = source.of(rows, unseen)
    counted = seen.sum(axis=1) if unseen == "skip" else np.full(len(rows), topn)
    whole = units.sum(axis=1)
    length = np.linalg.norm(whole, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "pairwise":
            per_topic = (length**2 - seen.sum(axis=1)) / (counted * (counted - 1))
        else:
            per_topic = length / counted  # the sum of u @ whole / |whole| over the words u
    per_topic = np.where(counted > 1, per_topic, np.nan)
    defined = per_topic[~np.isnan(per_topic)]
    protocol = source.protocol | {
        "topn": topn,
        "unseen": unseen,
        "coverage": float(seen.mean()),
        "version": __version__,
    }
    mean = float(defined.mean()) if len(defined) else float("nan")
    return Score(f"embedding_coherence_{kind}", mean, per_topic, protocol)
