"""Word rankings: the weights by which `components_` and `topics` order the words of a topic."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.settings import Settings, is_number
from topicml.starting import starting_vectors

# 32 values of each unit are tried, in one array; and with more, only the first word of a topic has a weight above 0.
_LARGEST_EXCLUSIVITY = 1000


class WordRanking(Settings):
    """Rank the words of topics for people: words of the documents that a topic leads, and as exclusive as needed.

    A decoder gives a rare word a large weight if the few documents with this word happen to share a topic. Such words
    are coherent in the training documents, but less so in others. The ranking therefore averages the weight of a word
    with the weight that its word vector predicts, and with the number of documents with this word that the topic leads.
    Then it raises the weight if the word belongs to few topics::

        B  = log of the topics of the decoder, each row centred                   (n_topics, n_words)
        S  = (1 - smoothing) B + smoothing R U',        R = ridge regression of B on U
        D  = log(N + documents_prior (sum of N) / K),   each row centred
        S  = (1 - documents) S + documents D
        S += exclusivity log p(topic | word),           p(topic | word) = softmax of S over topics
        components_ = softmax of S over words

    U holds word vectors of the training documents (`topicml.starting.starting_vectors`). Their length is the document
    frequency to the power `frequency_power`, so that frequent words can get larger weights. N[k, v] is the number of
    training documents that contain word v and whose largest topic proportion is that of topic k of K.

    Parameters
    ----------
    diversity : float or None
        Share of distinct words among the first `top_words` words of all topics, in [0, 1]. The ranking uses the
        smallest exclusivity with this share. If no exclusivity reaches it (two equal topics stay equal), it uses one
        with nearly the largest share. More diverse topics have rarer words, which describe fewer documents. None: use
        `exclusivity`.
    exclusivity : float
        Power of p(topic | word), from 0 to 1000, if `diversity` is None. 0: topics share frequent words.
    smoothing : float
        Weight of the prediction, in [0, 1]. 0: the weights of the decoder.
    documents : float
        Weight of the documents that each topic leads, in [0, 1]. 0: the decoder and the word vectors alone.
    documents_prior : float
        Share of the documents of each word that all topics get in equal parts, greater than 0. A larger one moves words
        of few documents down.
    group_prior : float
        Weight of the documents of all groups in the words of one slice of time, or of one level: as this number of
        words of its documents, positive. A larger one keeps the words of groups nearer to those of all documents.
    frequency_power : float
        Power of the document frequency in the length of a word vector, at least 0.
    dimension : int
        Dimension of the word vectors.
    penalty : float
        Penalty of the ridge regression, relative to the mean variance of a dimension.
    top_words : int
        Number of first words of each topic that `diversity` counts.
    min_exclusivity, max_exclusivity : float
        Smallest and largest exclusivity to try for `diversity`. A negative exclusivity
        moves words of several topics up.
    cut_exclusivity : float
        Smallest exclusivity to try for the nodes of a cut of the tree, from 0 to 1000. With a larger one, parents share
        fewer words with each other, and their words are less broad.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    Bischof & Airoldi, Summarizing topical content with word frequency and exclusivity, ICML 2012.
    Sievert & Shirley, LDAvis: a method for visualizing and interpreting topics, 2014.

    Examples
    --------
    >>> import topicml
    >>> from topicml.models import WordRanking
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ProdLDA(n_topics=10, ranking=WordRanking(diversity=0.7), max_epochs=2, random_state=0)
    >>> len(model.fit(corpus).topics(10))
    10
    """

    def __init__(
        self,
        *,
        diversity: float | None = 0.85,
        exclusivity: float = 0.0,
        smoothing: float = 0.5,
        documents: float = 0.5,
        documents_prior: float = 0.05,
        group_prior: float = 100.0,
        frequency_power: float = 0.4,
        dimension: int = 100,
        penalty: float = 0.01,
        top_words: int = 25,
        min_exclusivity: float = -0.5,
        max_exclusivity: float = 4.0,
        cut_exclusivity: float = 1.0,
    ) -> None:
        self.diversity = diversity
        self.exclusivity = exclusivity
        self.smoothing = smoothing
        self.documents = documents
        self.documents_prior = documents_prior
        self.group_prior = group_prior
        self.frequency_power = frequency_power
        self.dimension = dimension
        self.penalty = penalty
        self.top_words = top_words
        self.min_exclusivity = min_exclusivity
        self.max_exclusivity = max_exclusivity
        self.cut_exclusivity = cut_exclusivity
        require(diversity is None or 0 <= diversity <= 1, "diversity", diversity, "None or in [0, 1]")
        require(0 <= smoothing <= 1, "smoothing", smoothing, "in [0, 1]")
        require(0 <= documents <= 1, "documents", documents, "in [0, 1]")
        require(documents_prior > 0, "documents_prior", documents_prior, "greater than 0")
        require(group_prior > 0, "group_prior", group_prior, "positive")
        wanted = f"from 0 to {_LARGEST_EXCLUSIVITY}"
        require(0 <= exclusivity <= _LARGEST_EXCLUSIVITY, "exclusivity", exclusivity, wanted)
        require(frequency_power >= 0, "frequency_power", frequency_power, "at least 0")
        require(min_exclusivity > -1, "min_exclusivity", min_exclusivity, "more than -1")
        require(
            min_exclusivity <= max_exclusivity <= _LARGEST_EXCLUSIVITY,
            "max_exclusivity",
            max_exclusivity,
            f"at least min_exclusivity, and at most {_LARGEST_EXCLUSIVITY}",
        )
        require(0 <= cut_exclusivity <= _LARGEST_EXCLUSIVITY, "cut_exclusivity", cut_exclusivity, wanted)
        require(dimension >= 1, "dimension", dimension, "at least 1")
        require(penalty > 0, "penalty", penalty, "positive")
        require(top_words >= 1, "top_words", top_words, "at least 1")
        if diversity is not None and exclusivity:
            raise InputError(
                f"diversity={diversity} and exclusivity={exclusivity} both set the exclusivity. "
                "Pass only one; with an exclusivity, pass diversity=None."
            )

    def without_documents(self) -> "WordRanking":
        """Return the same ranking by the decoder and the word vectors alone."""
        return WordRanking(**{**self.settings(), "documents": 0.0})

    def vectors(self, documents: Documents, seed: int, blocks: Sequence[slice] | None = None) -> np.ndarray | None:
        """Compute the word vectors that `__call__` needs.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of random choices.
        blocks : sequence of slice, optional
            The words of each language, whose vectors are computed from documents of the language.

        Returns
        -------
        ndarray, float32, (n_words, dimension), or None
            None if `smoothing` is 0.
        """
        if not self.smoothing:
            return None
        if blocks is not None:
            parts = [self.vectors(Documents(documents.counts[:, block]), seed) for block in blocks]
            size = max(part.shape[1] for part in parts if part is not None)
            return np.vstack([np.pad(part, ((0, 0), (0, size - part.shape[1]))) for part in parts if part is not None])
        counts = Documents(documents.counts)
        power = self.frequency_power
        vectors = starting_vectors("corpus", counts, self.dimension, window=None, power=power, seed=seed)
        return vectors.astype(np.float32)  # as a saved model has them

    def __call__(
        self,
        topics: np.ndarray,
        vectors: np.ndarray | None = None,
        led: np.ndarray | None = None,
        blocks: Sequence[slice] | None = None,
    ) -> np.ndarray:
        """Rank the words of topics.

        Parameters
        ----------
        topics : ndarray, (n_topics, n_words)
            Word distributions of the decoder.
        vectors : ndarray, (n_words, dimension), optional
            Word vectors; without them, the weights are not smoothed.
        led : ndarray, (n_topics, n_words), optional
            Number of documents with each word that each topic leads (`topicml.models.inference.documents_led`); without
            it, the weights are those of the decoder and the word vectors.
        blocks : sequence of slice, optional
            The words of each language, which are ranked apart; the sums of all languages are equal.

        Returns
        -------
        ndarray, float64, (n_topics, n_words)
            Rows sum to 1. Words with larger values come first.

        Raises
        ------
        InputError
            If an array is not finite, or settings of the ranking are so large that weights are not.
        """
        if blocks is not None:
            parts = [
                self(topics[:, b], None if vectors is None else vectors[b], None if led is None else led[:, b])
                for b in blocks
            ]
            return np.concatenate(parts, axis=1) / len(blocks)
        for name, values in (("topics", topics), ("word vectors", vectors), ("documents of topics", led)):
            if values is not None and not np.isfinite(values).all():
                raise InputError(
                    f"The {name} that {self!r} ranks by are not all finite numbers: the model is damaged, or its "
                    "training diverged. Fit again, with a lower learning_rate."
                )
        with np.errstate(all="ignore"):  # what overflows is refused
            ranked = self._ranked(topics, vectors, led)
        if not np.isfinite(ranked).all():
            raise InputError(
                f"{self!r} gives words weights that are not finite numbers. Use values nearer to the defaults "
                f"({type(self)()._numbers()})."
            )
        return ranked

    def _numbers(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.settings().items())

    def _ranked(self, topics: np.ndarray, vectors: np.ndarray | None, led: np.ndarray | None) -> np.ndarray:
        weights = _centred(np.log(np.maximum(topics, 1e-300)))
        if vectors is not None:
            weights = (1 - self.smoothing) * weights + self.smoothing * _predicted(weights, vectors, self.penalty)
        if led is not None and self.documents:
            equal_parts = self.documents_prior * led.sum(axis=0, dtype=np.float64) / len(led)
            counted = _centred(np.log(np.maximum(led + equal_parts, 1e-12)))  # no document of the sample has some words
            weights = (1 - self.documents) * weights + self.documents * counted
        log_share = weights - logsumexp(weights, axis=0)
        power = self.exclusivity if self.diversity is None else self._power(weights, log_share)
        return np.exp(log_softmax(weights + power * log_share, axis=1))

    def _power(self, weights: np.ndarray, log_share: np.ndarray) -> float:
        """The smallest exclusivity that reaches `diversity`, to a resolution of 1/32."""
        assert self.diversity is not None
        powers = np.arange(self.min_exclusivity, self.max_exclusivity + 1e-9, 1 / 32)
        most = self._diversity(weights + powers[-1] * log_share)
        target = self.diversity if self.diversity <= most else most - 0.01
        low, high = 0, len(powers) - 1
        while low < high:  # diversity grows with the power
            middle = (low + high) // 2
            if self._diversity(weights + powers[middle] * log_share) >= target:
                high = middle
            else:
                low = middle + 1
        return float(powers[low])

    def _diversity(self, weights: np.ndarray) -> float:
        n = min(self.top_words, weights.shape[1])
        first = np.argpartition(-weights, n - 1, axis=1)[:, :n]
        return len(np.unique(first)) / min(first.size, weights.shape[1])


RANKINGS: dict[str, WordRanking] = {
    "smoothed": WordRanking(),
    "decoder": WordRanking(diversity=None, smoothing=0.0, documents=0.0),
}
"""Rankings by name."""


def ranking_from(value: Any) -> WordRanking:
    """Resolve `ranking=` of a model.

    Parameters
    ----------
    value : str, float or WordRanking
        A name in `RANKINGS`, a diversity for ``WordRanking(diversity=value)``, or an object.

    Returns
    -------
    WordRanking

    Raises
    ------
    InputError
        If the name is unknown, the number is not in [0, 1], or the value is of another type.
    """
    if isinstance(value, WordRanking):
        return value
    if is_number(value):
        return WordRanking(diversity=value)
    check_choice(value, RANKINGS, "ranking", ", a diversity such as 0.7, or a WordRanking")
    return RANKINGS[value]


def _centred(weights: np.ndarray) -> np.ndarray:
    return weights - weights.mean(axis=1, keepdims=True)


def _predicted(weights: np.ndarray, vectors: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge regression of the weights of words on their vectors: its predictions, (n_topics, n_words)."""
    vectors = vectors.astype(np.float64)
    gramian = vectors.T @ vectors
    ridge = penalty * np.trace(gramian) / len(gramian) + 1e-9
    coefficients = np.linalg.solve(gramian + ridge * np.eye(len(gramian)), vectors.T @ weights.T)
    return (vectors @ coefficients).T
