"""Word intrusion without people: whether a word of another topic stands out."""

from typing import Any

import numpy as np

from topicml import __version__
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
    """Share of intruders that are found out (Chang et al. 2009; found by association as in Lau et al. 2014).

    A word from among the first `topn` of another topic is put among those of a topic that does not hold it. It is
    found if its mean association with the topic's words is lower than that of each of them with the rest, the intruder
    among them. Every possible intruder is tried, so nothing is drawn at random: the score is the expected share for
    one drawn uniformly. Where several words are lowest alike, each is named with the same chance.

    Chance is 1 / (topn + 1).

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; OCTIS's model output is taken, too. A topic's further words, past `topn`,
        are no intruders to it.
    reference : Corpus, Reference, iterable of token lists, or gensim KeyedVectors
        Documents or word vectors to take the association from.
    topn : int
        Words of each topic.
    association : {"npmi", "embedding"}, optional
        NPMI over the documents (-1 for words that never occur together), or cosine of word vectors, in-corpus ones
        where documents are given. By default NPMI, except where vectors are given.
    dimension, seed : int
        Of vectors that are learned.

    Returns
    -------
    score : Score
        A topic without a possible intruder (all topics share its words) is NaN and not in the mean.

    Raises
    ------
    InputError
        If there are fewer than two topics, a topic is not fit, or `association` is unknown or does not fit.
    """
    if association not in (None, "npmi", "embedding"):
        raise InputError(f"association={association!r} is unknown. Choose one of npmi, embedding.")
    if topn < 2:
        raise InputError(
            f"An intruder is told by words that belong together: topn must be at least 2; received {topn}."
        )
    rows = checked_topics(topics, topn)
    if len(rows) < 2:
        raise InputError("An intruder comes from another topic; there is only one.")
    words = list(dict.fromkeys(word for row in rows for word in row))
    place = {word: i for i, word in enumerate(words)}
    given = hasattr(reference, "key_to_index") or hasattr(reference, "wv") or isinstance(reference, WordVectors)
    if association == "npmi" and given:
        raise InputError("association='npmi' counts words in documents; word vectors were given. Give a Corpus.")
    if given or association == "embedding":
        protocol, likeness = _cosine(words, WordVectors(reference, dimension, seed))
    else:
        protocol, likeness = _npmi(words, reference if isinstance(reference, Reference) else Reference(reference))
    whole = topic_lists(topics)
    per_topic = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        own = set(whole[number])
        intruders = np.array([place[word] for word in words if word not in own], dtype=np.int64)
        if len(intruders):
            per_topic[number] = _found(likeness, np.array([place[word] for word in row]), intruders)
    defined = per_topic[~np.isnan(per_topic)]
    mean = float(defined.mean()) if len(defined) else float("nan")
    protocol |= {"topn": topn, "chance": 1 / (topn + 1), "version": __version__}
    return Score("word_intrusion", mean, per_topic, protocol)


def _found(likeness: np.ndarray, members: np.ndarray, intruders: np.ndarray) -> float:
    """Chance that an intruder, drawn uniformly, is named."""
    among = likeness[np.ix_(members, members)]
    with_intruder = likeness[np.ix_(members, intruders)]
    member = among.sum(axis=1, keepdims=True) - np.diag(among)[:, None] + with_intruder  # (topn, n_intruders)
    intruder = with_intruder.sum(axis=0)
    close = 1e-9 * len(members)
    lower = (member < intruder - close).any(axis=0)
    alike = (np.abs(member - intruder) <= close).sum(axis=0)
    return float(np.where(lower, 0.0, 1 / (1 + alike)).mean())


def _npmi(words: list[str], reference: Reference) -> tuple[dict[str, Any], np.ndarray]:
    ids = reference.ids([words])[0]
    together = np.zeros((len(words), len(words)))
    together[np.ix_(ids >= 0, ids >= 0)] = shared_documents(reference.corpus.counts, ids[ids >= 0])
    share = together / reference.corpus.n_docs
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
    return protocol, np.where(share == 0, -1.0, np.where(share == 1, 1.0, npmi))


def _cosine(words: list[str], source: WordVectors) -> tuple[dict[str, Any], np.ndarray]:
    units, seen = source.of([words])
    protocol = {"association": "embedding", "unseen": "apart", "coverage": float(seen.mean())}
    return source.protocol | protocol, units[0] @ units[0].T
