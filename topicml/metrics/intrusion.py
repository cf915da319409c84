"""Word intrusion, computed: whether a word from another topic stands out among the words of a topic."""

from typing import Any

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.corpus.word_pairs import shared_documents
from topicml.errors import InputError
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics, topic_lists
from topicml.metrics.vectors import WordVectors


def word_intrusion(
    topics: Topics,
    reference: Any,
    topn: int = 5,
    *,
    association: str | None = None,
    dimension: int = 100,
    seed: int = 0,
) -> Score:
    """Share of intruders that are detected (Chang et al. 2009; by word association as in Lau et al. 2014).

    An intruder is one of the first `topn` words of another topic that is not a word of this topic. It is added to the
    first `topn` words of this topic and is detected if its mean association with the other words is the lowest of all
    `topn` + 1 words. The score is the mean over all possible intruders, which is the expected share for an intruder
    drawn at random; nothing is drawn. If several words tie for the lowest association, each is chosen with the same
    probability.

    The score of a random guess is 1 / (topn + 1). Words that the reference does not have never raise a score: they are
    not intruders, because they would be detected for being unknown.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output. Words after the first `topn` are not shown, but
        are not intruders into their own topic either.
    reference : Corpus, Reference, iterable of token lists, or gensim KeyedVectors
        Documents or word vectors that define the association of words.
    topn : int
        Number of words per topic, at least 2.
    association : {"npmi", "embedding"}, optional
        ``npmi``: NPMI over the documents (-1 for words that never occur together). ``embedding``: cosine of word
        vectors, which are learned if the reference is documents. By default ``npmi`` for documents and ``embedding``
        for vectors.
    dimension, seed : int
        Dimension and seed of learned vectors.

    Returns
    -------
    score : Score
        ``per_topic`` is the share for each topic. A topic without a possible intruder, because it has the words of
        all other topics or none of theirs is in the reference, is NaN and not part of the mean.

    Raises
    ------
    InputError
        If there are fewer than two topics, a topic has fewer than `topn` words or repeats one, `association` is
        unknown, or it is "npmi" and the reference is word vectors.
    """
    require(association in (None, "npmi", "embedding"), "association", association, "npmi or embedding")
    require(topn >= 2, "topn", topn, "at least 2, because word intrusion compares a word with the other words")
    rows = checked_topics(topics, topn)
    if len(rows) < 2:
        raise InputError("Word intrusion needs words of another topic; there is only one topic.")
    words = list(dict.fromkeys(word for row in rows for word in row))
    place = {word: i for i, word in enumerate(words)}
    has_vectors = hasattr(reference, "key_to_index") or hasattr(reference, "wv") or isinstance(reference, WordVectors)
    if association == "npmi" and has_vectors:
        raise InputError("association='npmi' counts words in documents; received word vectors. Pass a Corpus.")
    if has_vectors or association == "embedding":
        protocol, similarity, is_known = _cosine(words, WordVectors(reference, dimension, seed))
    else:
        corpus = reference if isinstance(reference, Reference) else Reference(reference)
        protocol, similarity, is_known = _npmi(words, corpus)
    all_words = topic_lists(topics)
    per_topic = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        of_topic = set(all_words[number])
        intruders = np.array([place[word] for word in words if word not in of_topic], dtype=np.int64)
        intruders = intruders[is_known[intruders]]
        if len(intruders):
            per_topic[number] = _detection_rate(similarity, np.array([place[word] for word in row]), intruders)
    defined = per_topic[~np.isnan(per_topic)]
    mean = float(defined.mean()) if len(defined) else float("nan")
    protocol |= {"topn": topn, "chance": 1 / (topn + 1), "version": __version__}
    return Score("word_intrusion", mean, per_topic, protocol)


def _detection_rate(similarity: np.ndarray, members: np.ndarray, intruders: np.ndarray) -> float:
    """Probability that an intruder drawn uniformly is detected."""
    within = similarity[np.ix_(members, members)]
    with_intruder = similarity[np.ix_(members, intruders)]
    member = within.sum(axis=1, keepdims=True) - np.diag(within)[:, None] + with_intruder  # (topn, n_intruders)
    intruder = with_intruder.sum(axis=0)
    tolerance = 1e-9 * len(members)
    is_member_lower = (member < intruder - tolerance).any(axis=0)
    n_ties = (np.abs(member - intruder) <= tolerance).sum(axis=0)
    return float(np.where(is_member_lower, 0.0, 1 / (1 + n_ties)).mean())


def _npmi(words: list[str], reference: Reference) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The protocol, NPMI over documents of pairs of words, (n_words, n_words), and which words occur, (n_words,)."""
    ids = reference.ids([words])[0]
    joint_counts = np.zeros((len(words), len(words)))
    joint_counts[np.ix_(ids >= 0, ids >= 0)] = shared_documents(reference.corpus.counts, ids[ids >= 0])
    share = joint_counts / reference.corpus.n_docs
    single = share.diagonal()
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(share / np.outer(single, single)) / -np.log(share)
    protocol = {
        "association": "npmi",
        "window": "document",
        "unseen": "apart",
        "coverage": float((single > 0).mean()),
        "reference_documents": reference.corpus.n_docs,
        "reference_fingerprint": reference.corpus.fingerprint,
    }
    return protocol, np.where(share == 0, -1.0, np.where(share == 1, 1.0, npmi)), single > 0


def _cosine(words: list[str], source: WordVectors) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The protocol, cosines of all pairs of words, (n_words, n_words), and which words have a vector, (n_words,)."""
    units, has_vector = source.of([words])
    protocol = {"association": "embedding", "unseen": "apart", "coverage": float(has_vector.mean())}
    return source.protocol | protocol, units[0] @ units[0].T, has_vector[0]
