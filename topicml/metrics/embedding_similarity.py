"""Similarity of topics to each other by word vectors (Terragni, Fersini & Messina 2021)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.checks import require
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
    """Mean similarity of all pairs of topics; lower is more diverse.

    ``pairwise``: mean cosine of each word of one topic with each word of the other. ``centroid``: cosine of the means
    of their vectors, which are not scaled to length 1.

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
    unseen : {"skip", "apart", "error"}
        Treatment of words without a vector. ``skip``: leave them out, as OCTIS does. ``apart``: their cosine is 0 with
        any other word and 1 with the same word; centroids are the same as with ``skip``. ``error``: raise.
    dimension, seed : int
        Dimension and seed of learned vectors.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean similarity of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, a topic has fewer than `topn` words or repeats one, no word of a topic has
        a vector, or an argument is out of range.
    """
    require(kind in ("pairwise", "centroid"), "kind", kind, "one of pairwise, centroid")
    rows, source = _checked(topics, vectors, topn, unseen, ("skip", "apart", "error"), dimension, seed)
    units, has_vector = source.of(rows, unseen)
    if not has_vector.any(axis=1).all():
        number = int(np.argmin(has_vector.any(axis=1)))
        raise InputError(
            f"No word of topic {number} has a vector, so its similarity is undefined. Leave the topic out."
        )
    if kind == "centroid":
        values = _cosines(source.raw(rows)[0].sum(axis=1))
    else:
        sums, n_words = units.sum(axis=1), has_vector.sum(axis=1)
        values = sums @ sums.T
        if unseen == "apart":
            values += _same_unseen(rows, has_vector).sum(axis=(2, 3))
            n_words = np.full(len(rows), topn)
        values = values / (n_words[:, None] * n_words)
    protocol = source.protocol | {"topn": topn, "unseen": unseen, "coverage": float(has_vector.mean())}
    return mean_of_pairs(f"embedding_similarity_{kind}", values, protocol)


def weighted_embedding_similarity(
    beta: Any, vectors: Any, vocabulary: Sequence[str] | None = None, *, normalize: bool = False
) -> Score:
    """Mean cosine of all pairs of topics, each represented by the mean of all word vectors, weighted by beta.

    Parameters
    ----------
    beta : array, (n_topics, n_words), or OCTIS's model output
        Word distributions of topics.
    vectors : gensim KeyedVectors, mapping, Corpus, Reference or WordVectors
        As in `embedding_similarity`. Words without a vector are left out.
    vocabulary : sequence of n_words str, optional
        The words of beta's columns. By default the vocabulary of `vectors`, if that is a corpus.
    normalize : bool
        Divide each row by its sum first; otherwise rows that do not sum to 1 are an error.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean cosine of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, rows are not distributions, or the vocabulary is missing or has not as many
        words as beta has columns.

    Notes
    -----
    OCTIS's ``WordEmbeddingsWeightedSumSimilarity`` intends the same but cannot return it: it reads a key that no model
    writes, compares each topic with itself, sums distances, and divides by a count that stays 0.
    """
    weights = topic_words(beta, normalize)
    check_pairs(len(weights), "Weighted embedding similarity")
    if vocabulary is None:
        corpus = vectors.corpus if isinstance(vectors, Reference) else vectors
        if not isinstance(corpus, Corpus):
            raise InputError("Pass the vocabulary: the word of each column of beta.")
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
    """Mean rank-biased overlap of all pairs of topics, with the similarity of word vectors as agreement.

    Extrapolated RBO (Webber et al. 2010, equation 32), with a different agreement of the first d words. ``match``:
    words are matched greedily, the most similar pair first; the agreement is the mean similarity of the pairs.
    ``centroid``: the agreement is the similarity of the means of the two lists' vectors.

    Parameters
    ----------
    topics, vectors, topn, dimension, seed
        As in `embedding_similarity`.
    kind : {"match", "centroid"}
        As above.
    weight : float
        Persistence p in (0, 1), as in `topicml.metrics.rbo`.
    angular : bool
        Use 1 - angle / pi, from 0 to 1, as similarity; otherwise the cosine.
    unseen : {"apart", "error"}
        Treatment of words without a vector. ``apart``: their cosine is 0 with any other word and 1 with the same word;
        centroids ignore them. (OCTIS raises KeyError in ``match``.) ``error``: raise.

    Returns
    -------
    score : Score
        ``per_topic`` is the mean overlap of each topic with the others.

    Raises
    ------
    InputError
        If there are fewer than two topics, a topic has fewer than `topn` words or repeats one, no word has a vector,
        or an argument is out of range.

    Notes
    -----
    OCTIS 1.14 divides the similarity of the centroids, which is an agreement, by the depth once more, as if it were a
    count of shared words: identical lists then have an overlap of 0.27 instead of 1.
    """
    require(kind in ("match", "centroid"), "kind", kind, "one of match, centroid")
    check_weight(weight)
    rows, source = _checked(topics, vectors, topn, unseen, ("apart", "error"), dimension, seed)
    if kind == "match":
        units, has_vector = source.of(rows, unseen)
        agreement = _agreement_of_matches(rows, units, angular)
    else:
        raw, has_vector = source.raw(rows, unseen)
        agreement = _agreement_of_centroids(rows, raw, angular)
    values = np.tensordot(depth_weights(topn, weight), agreement, axes=1)
    protocol = source.protocol | {"topn": topn, "weight": weight, "angular": angular, "unseen": unseen}
    return mean_of_pairs(f"embedding_rbo_{kind}", values, protocol | {"coverage": float(has_vector.mean())})


def inverted_embedding_rbo(
    topics: Topics, vectors: Any, topn: int = 10, *, kind: str = "match", **options: Any
) -> Score:
    """1 - `embedding_rbo`, so that higher is more diverse.

    Parameters
    ----------
    topics, vectors, topn, kind
        As in `embedding_rbo`.
    **options
        Further arguments of `embedding_rbo`.

    Returns
    -------
    score : Score
        ``per_topic`` is 1 - the mean overlap of each topic with the others.

    Raises
    ------
    InputError
        As in `embedding_rbo`.
    """
    return complement(f"inverted_embedding_rbo_{kind}", embedding_rbo(topics, vectors, topn, kind=kind, **options))


def _checked(
    topics: Topics, vectors: Any, topn: int, unseen: str, allowed: tuple[str, ...], dimension: int, seed: int
) -> tuple[list[list[str]], WordVectors]:
    """The first `topn` words of at least two topics, and their word vectors."""
    check_unseen(unseen, allowed)
    rows = checked_topics(topics, topn)
    check_pairs(len(rows), "The similarity of topics")
    return rows, WordVectors(vectors, dimension, seed)


def _cosines(vectors: np.ndarray) -> np.ndarray:
    """Cosines of all pairs of rows; 0 for a row of zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return units @ units.T


def _similarity(cosine: np.ndarray, angular: bool) -> np.ndarray:
    """Cosine, or 1 - angle / pi."""
    cosine = np.clip(cosine, -1, 1)
    return 1 - np.arccos(cosine) / np.pi if angular else cosine


def _same(rows: list[list[str]]) -> np.ndarray:
    """Whether two words are the same, for all pairs of topics: (n_topics, n_topics, topn, topn)."""
    number: dict[str, int] = {}
    ids = np.array([[number.setdefault(word, len(number)) for word in row] for row in rows])
    return ids[:, None, :, None] == ids[None, :, None, :]


def _same_unseen(rows: list[list[str]], has_vector: np.ndarray) -> np.ndarray:
    """Whether two words are the same and have no vector, (n_topics, n_topics, topn, topn)."""
    return _same(rows) & ~has_vector[:, None, :, None]


def _agreement_of_centroids(rows: list[list[str]], vectors: np.ndarray, angular: bool) -> np.ndarray:
    """Similarity of the centroids at each depth, (topn, n_topics, n_topics)."""
    sums = np.cumsum(vectors, axis=1).swapaxes(0, 1)
    cosines = np.stack([_cosines(at_depth) for at_depth in sums])
    # The same words have the same centroid: without this, rounding errors of the cosine become large in the angle.
    shared = np.stack([_same(rows)[:, :, :d, :d].sum(axis=(2, 3)) == d for d in range(1, sums.shape[0] + 1)])
    return _similarity(np.where(shared, 1.0, cosines), angular)


def _agreement_of_matches(rows: list[list[str]], units: np.ndarray, angular: bool) -> np.ndarray:
    """Mean similarity of greedily matched words at each depth, (topn, n_topics, n_topics)."""
    n_topics, topn, _ = units.shape
    agreement = np.zeros((topn, n_topics, n_topics))
    same = _same(rows)
    for i in range(n_topics - 1):
        cosine = np.einsum("ad,jbd->jab", units[i], units[i + 1 :], optimize=True)
        similarity = _similarity(np.where(same[i, i + 1 :], 1.0, cosine), angular)
        for depth in range(1, topn + 1):
            value = _greedy_sum(similarity[:, :depth, :depth]) / depth
            agreement[depth - 1, i, i + 1 :] = agreement[depth - 1, i + 1 :, i] = value
    return agreement


def _greedy_sum(similarity: np.ndarray) -> np.ndarray:
    """Sum of the similarities of greedily matched words, (n_pairs,); `similarity` is (n_pairs, d, d)."""
    remaining = similarity.copy()
    pair = np.arange(len(remaining))
    total = np.zeros(len(remaining))
    for _ in range(remaining.shape[1]):
        row, column = np.divmod(remaining.reshape(len(remaining), -1).argmax(axis=1), remaining.shape[2])
        total += remaining[pair, row, column]
        remaining[pair, row, :] = -np.inf
        remaining[pair, :, column] = -np.inf
    return total
