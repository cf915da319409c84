"""How near topics are to one another among word vectors (Terragni, Fersini & Messina 2021)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.distributions import topic_words
from topicml.metrics.pairs import check_pairs, complement, mean_of_pairs
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.similarity import check_weight, depth_weights
from topicml.metrics.topics import Topics, checked_topics
from topicml.metrics.vectors import WordVectors, check_unseen


def embedding_similarity(
    topics: Topics,
    vectors: Any,
    topn: int = 10,
    *,
    kind: str = "pairwise",
    unseen: str = "skip",
    dimension: int = 100,
    seed: int = 0,
) -> Score:
    """Mean similarity of all pairs of topics: less is more diverse.

    ``pairwise``: mean cosine of each word of one topic with each of the other. ``centroid``: cosine of the means of
    their vectors, as long as they are.

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
    unseen : {"skip", "apart", "error"}
        What a word does that has no vector. ``skip``: it is left out, as in OCTIS. ``apart``: its cosine is 0 with any
        other word and 1 with itself; a centroid is the same either way. ``error``: raise.
    dimension, seed : int
        Of vectors that are learned.

    Raises
    ------
    InputError
        If there are fewer than two topics, one is not fit, no word of a topic has a vector, or an argument is unknown.
    """
    if kind not in ("pairwise", "centroid"):
        raise InputError(f"kind={kind!r} is unknown. Choose one of pairwise, centroid.")
    rows, source = _checked(topics, vectors, topn, unseen, ("skip", "apart", "error"), dimension, seed)
    units, seen = source.of(rows, unseen)
    if not seen.any(axis=1).all():
        number = int(np.argmin(seen.any(axis=1)))
        raise InputError(f"No word of topic {number} has a vector, so it is like no other. Leave the topic out.")
    if kind == "centroid":
        values = _cosines(source.raw(rows)[0].sum(axis=1))
    else:
        whole, n_seen = units.sum(axis=1), seen.sum(axis=1)
        values = whole @ whole.T
        if unseen == "apart":
            values += _same_unseen(rows, seen).sum(axis=(2, 3))
            n_seen = np.full(len(rows), topn)
        values = values / (n_seen[:, None] * n_seen)
    protocol = source.protocol | {"topn": topn, "unseen": unseen, "coverage": float(seen.mean())}
    return mean_of_pairs(f"embedding_similarity_{kind}", values, protocol)


def weighted_embedding_similarity(
    beta: Any, vectors: Any, vocabulary: Sequence[str] | None = None, *, normalize: bool = False
) -> Score:
    """Mean cosine of all pairs of topics, each the mean of all words' vectors, weighted by their probabilities.

    OCTIS's ``WordEmbeddingsWeightedSumSimilarity`` means this, but cannot return it: it reads a key that no model
    writes, compares each topic with itself, sums distances, and divides by a count that stays 0, which is NaN.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    vectors : gensim KeyedVectors, mapping, Corpus, Reference or WordVectors
        As in `embedding_similarity`. A word without a vector does not count.
    vocabulary : sequence of n_words str, optional
        The words of beta's columns; by default the vocabulary of `vectors`, where that is a corpus.
    normalize : bool
        Divide each row by its sum first; otherwise rows that are no distributions are an error.

    Raises
    ------
    InputError
        If there are fewer than two topics, rows are no distributions, or the vocabulary is missing or does not fit.
    """
    weights = topic_words(beta, normalize)
    check_pairs(len(weights), "Weighted embedding similarity")
    if vocabulary is None:
        corpus = vectors.corpus if isinstance(vectors, Reference) else vectors
        if not isinstance(corpus, Corpus):
            raise InputError("Give the vocabulary: the word of each column of beta.")
        vocabulary = corpus.vocabulary
    words = list(vocabulary)
    if len(words) != weights.shape[1]:
        raise InputError(f"beta has {weights.shape[1]} words and the vocabulary {len(words)}.")
    source = WordVectors(vectors)
    matrix = source.matrix(words)
    protocol = source.protocol | {"unseen": "skip", "coverage": float(matrix.any(axis=1).mean())}
    return mean_of_pairs("weighted_embedding_similarity", _cosines(weights @ matrix), protocol)


def embedding_rbo(
    topics: Topics,
    vectors: Any,
    topn: int = 10,
    *,
    kind: str = "match",
    weight: float = 0.9,
    angular: bool = True,
    unseen: str = "apart",
    dimension: int = 100,
    seed: int = 0,
) -> Score:
    """Mean rank-biased overlap of all pairs of topics, where words agree as far as their vectors do.

    Extrapolated RBO (Webber et al. 2010, equation 32), with another agreement at depth d. ``match``: the most similar
    words of the two lists are paired, then the most similar of those left, and so on; the mean similarity of the
    pairs. ``centroid``: the similarity of the means of the two lists' vectors.

    OCTIS 1.14 divides the centroid's similarity, which is an agreement, by the depth once more, as if it were a count
    of shared words: identical lists then overlap by 0.27 instead of 1.

    Parameters
    ----------
    topics, vectors, topn, dimension, seed
        As in `embedding_similarity`.
    kind : {"match", "centroid"}
        As above.
    weight : float
        Persistence p in (0, 1), as in `topicml.metrics.rbo`.
    angular : bool
        Similarity is 1 - angle / pi, from 0 to 1; otherwise the cosine.
    unseen : {"apart", "error"}
        What a word does that has no vector. ``apart``: its cosine is 0 with any other word and 1 with itself; it does
        not move a centroid. (OCTIS raises KeyError in ``match``.) ``error``: raise.

    Raises
    ------
    InputError
        If there are fewer than two topics, one is not fit, no word has a vector, or an argument is out of range.
    """
    if kind not in ("match", "centroid"):
        raise InputError(f"kind={kind!r} is unknown. Choose one of match, centroid.")
    check_weight(weight)
    rows, source = _checked(topics, vectors, topn, unseen, ("apart", "error"), dimension, seed)
    vectors_, seen = source.of(rows, unseen) if kind == "match" else source.raw(rows, unseen)
    agreement = (_matched if kind == "match" else _centred)(rows, vectors_, seen, angular)
    values = np.tensordot(depth_weights(topn, weight), agreement, axes=1)
    protocol = source.protocol | {"topn": topn, "weight": weight, "angular": angular, "unseen": unseen}
    return mean_of_pairs(f"embedding_rbo_{kind}", values, protocol | {"coverage": float(seen.mean())})


def inverted_embedding_rbo(
    topics: Topics, vectors: Any, topn: int = 10, *, kind: str = "match", **options: Any
) -> Score:
    """1 - `embedding_rbo`, with the same arguments: more is more diverse."""
    return complement(f"inverted_embedding_rbo_{kind}", embedding_rbo(topics, vectors, topn, kind=kind, **options))


def _checked(
    topics: Topics, vectors: Any, topn: int, unseen: str, allowed: tuple[str, ...], dimension: int, seed: int
) -> tuple[list[list[str]], WordVectors]:
    check_unseen(unseen, allowed)
    rows = checked_topics(topics, topn)
    check_pairs(len(rows), "The similarity of topics")
    return rows, WordVectors(vectors, dimension, seed)


def _cosines(vectors: np.ndarray) -> np.ndarray:
    """Cosines of rows with each other; 0 for a row of zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return units @ units.T


def _likeness(cosine: np.ndarray, angular: bool) -> np.ndarray:
    cosine = np.clip(cosine, -1, 1)
    return 1 - np.arccos(cosine) / np.pi if angular else cosine


def _same(rows: list[list[str]]) -> np.ndarray:
    """Which words of two topics are the same, (n_topics, n_topics, topn, topn)."""
    number: dict[str, int] = {}
    ids = np.array([[number.setdefault(word, len(number)) for word in row] for row in rows])
    return ids[:, None, :, None] == ids[None, :, None, :]


def _same_unseen(rows: list[list[str]], seen: np.ndarray) -> np.ndarray:
    return _same(rows) & ~seen[:, None, :, None]


def _centred(rows: list[list[str]], vectors: np.ndarray, seen: np.ndarray, angular: bool) -> np.ndarray:
    """Similarity of the centroids at each depth, (topn, n_topics, n_topics)."""
    sums = np.cumsum(vectors, axis=1).swapaxes(0, 1)
    cosines = np.stack([_cosines(at_depth) for at_depth in sums])
    # The same words have the same centroid, to the last digit: an angle near 0 would magnify what rounding adds.
    shared = np.stack([_same(rows)[:, :, :d, :d].sum(axis=(2, 3)) == d for d in range(1, sums.shape[0] + 1)])
    return _likeness(np.where(shared, 1.0, cosines), angular)


def _matched(rows: list[list[str]], units: np.ndarray, seen: np.ndarray, angular: bool) -> np.ndarray:
    """Mean similarity of greedily matched words at each depth, (topn, n_topics, n_topics)."""
    n_topics, topn, _ = units.shape
    agreement = np.zeros((topn, n_topics, n_topics))
    same = _same(rows)
    for i in range(n_topics - 1):
        cosine = np.einsum("ad,jbd->jab", units[i], units[i + 1 :], optimize=True)
        likeness = _likeness(np.where(same[i, i + 1 :], 1.0, cosine), angular)
        for depth in range(1, topn + 1):
            value = _greedy(likeness[:, :depth, :depth]) / depth
            agreement[depth - 1, i, i + 1 :] = agreement[depth - 1, i + 1 :, i] = value
    return agreement


def _greedy(likeness: np.ndarray) -> np.ndarray:
    """Sum of similarities when the most similar are paired first, (n_pairs,); `likeness` is (n_pairs, d, d)."""
    left = likeness.copy()
    pair = np.arange(len(left))
    total = np.zeros(len(left))
    for _ in range(left.shape[1]):
        one, other = np.divmod(left.reshape(len(left), -1).argmax(axis=1), left.shape[2])
        total += left[pair, one, other]
        left[pair, one, :] = -np.inf
        left[pair, :, other] = -np.inf
    return total
