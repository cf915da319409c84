"""`Start`: every option of how topics start from documents."""

from collections.abc import Sequence
from typing import Any, Self

from topicml.checks import require
from topicml.errors import InputError
from topicml.settings import Settings, is_number
from topicml.starting.topic_arrays import topic_weights
from topicml.starting.vector_start import DEFAULT_VECTORS, VectorStart

METHODS = ("npmi", "nmf", "random", "clusters")
NPMI_AND_CLUSTERS = "npmi+clusters"
"""The name of a start of the topics by ``npmi`` and of the encoder by the votes of clusters."""

_ENCODER_CLUSTERS = 2.0  # per topic, of that name

EXCLUSIVITY = 0.5
"""The default exclusivity of starting topics."""


def check_exclusivity(exclusivity: Any) -> None:
    """Raise `InputError` unless the exclusivity is "auto" or a non-negative number."""
    valid = (isinstance(exclusivity, str) and exclusivity == "auto") or (is_number(exclusivity) and exclusivity >= 0)
    require(valid, "exclusivity", exclusivity, "'auto' or a number of at least 0")


def _check_method(method: Any, name: str, names: Sequence[str] = METHODS) -> None:
    if hasattr(method, "__len__") and not isinstance(method, str):
        topic_weights(method, name)
    elif method not in names:
        raise InputError(
            f"{name}={method!r} is unknown. Choose one of {', '.join(names)}, or pass an array (n_topics, n_words)."
        )


class Start(Settings):
    """How the topics of a model start from its documents.

    ``npmi`` factorises a graph of the words that occur together more often than by chance, and then makes the topics
    more distinct: see `topicml.starting.spectral`. A spectral start takes seconds and keeps models from collapsing on
    short texts. Do not change a `Start` after it is made; `replace` returns a changed copy.

    Parameters
    ----------
    method : {"npmi", "nmf", "random", "clusters"} or array-like, (n_topics, n_words)
        ``npmi``: symmetric factorisation of the graph of associated words. ``nmf``: factorisation of the tf-idf matrix.
        ``random``: Gaussian log-weights. ``clusters``: the words of clusters of documents in embedding space
        (`topicml.starting.document_clusters`); the encoder starts from the clusters, too. An array gives the topics:
        non-negative weights or probabilities of the words, such as the `components_` of a fitted model, with at least
        one positive weight in each row. Only the ratios within a row matter.
    encoder_clusters : float
        Clusters of documents per topic from which the encoder starts, at least 0. Each cluster votes for the starting
        topic of its documents, and the encoder learns for a few epochs to give the topic that the cluster voted for
        (`topicml.starting.DocumentClusters.votes`). 0: the encoder starts at random. ``init="npmi+clusters"`` is short
        for 2. Without effect if the method is ``clusters``.
    word_weight : float
        Length of the vector of the words of a document beside its embedding of length 1, where documents are clustered;
        0 leaves it out. Models whose encoder reads embeddings alone have 0: it cannot learn what words decide.
    exclusivity : float or "auto"
        Weights are multiplied by p(topic | word) to this power, so that words of many topics lose weight; 0 leaves them
        unchanged. ``auto``: the largest power that keeps the topics coherent (`coherence_kept`).
    passage_length : int
        With word order and ``npmi``, documents are cut into passages of at most this many tokens, which then count as
        documents: nearby words of a long text share a subject more often than distant ones do. 40 tokens are a few
        sentences; short texts stay whole.
    max_tokens : int
        Approximate number of tokens to read; from a larger corpus, evenly spaced documents are read. Bounds the memory.
    max_words : int
        Number of the most frequent words to factorise; the others start equal in all topics. Bounds time and memory;
        rarer words are in too few documents to estimate an association.
    max_pairs : float
        Approximate number of word pairs to count (the squared number of different words, summed over documents); from a
        larger corpus a random sample of documents is read. Bounds the time.
    threshold : float
        Smallest discounted NPMI of an edge of the graph. NPMI is 0 for independent words and 1 for words that only
        occur together; without weak associations, which chance also makes, the graph is sparse.
    frequency_power : float
        An edge of ``npmi`` is multiplied by the document frequencies of its words to this power: 0 treats rare and
        frequent words alike, and from 0.5 on frequent words dominate.
    min_count : int
        Documents that must contain both words of an edge; a single one shows no association.
    discount : float
        NPMI is multiplied by c / (c + discount), where c is the expected number of co-occurrences within `window`
        tokens. Discounts pairs of few long documents; in short texts nearly all pairs count in full.
    window : int
        Tokens; a document of length L adds min(1, window / L) to c. 10, as in NPMI coherence.
    floor : float
        Added to the weights, relative to the topic's mean weight, before the logarithm: the weight of a word outside
        the topic. Limits how much such a word lowers the likelihood of the topic.
    coherence_kept : float
        ``exclusivity="auto"`` keeps this share of the association of the topics' first words: as distinct as possible
        for a small loss of coherence.
    top_words : int
        Number of first words of a topic that `coherence_kept` reads; 10 as in most measures of coherence.
    max_power, power_step : float
        ``exclusivity="auto"`` tries the powers 0, power_step, ..., max_power. Every trial costs one sort of the
        weights, so a finer grid takes longer.
    shared_weight : float
        A word of many topics keeps its weight up to this multiple of the topic's mean weight, so that it still
        indicates the topic when documents are encoded. Without effect if the exclusivity is 0.
    sublinear_tf : bool
        ``nmf`` uses 1 + log(count) in place of the count, so that repeated words do not dominate.
    iterations : int
        Largest number of iterations of the factorisation. A start need not converge, as training follows.
    tolerance : float
        Tolerance of the factorisation's stopping rule (scikit-learn's ``NMF``).
    noise : float
        Standard deviation of the log-weights of ``random``, and of topics beyond the rank of the matrix. Small, so
        that no word is much more probable than others at the start.
    block : int
        Words counted at a time. Bounds the memory; the result does not depend on it.
    vectors : VectorStart
        How word vectors start, for models with word vectors.

    Raises
    ------
    InputError
        If `method` is unknown or its array is not valid, or a number is out of range.

    Examples
    --------
    >>> from topicml.starting import Start
    >>> Start(threshold=0.2).replace(exclusivity=0.0)
    Start(exclusivity=0.0, threshold=0.2)
    """

    def __init__(
        self,
        *,
        method: Any = "npmi",
        encoder_clusters: float = 0.0,
        word_weight: float = 1.0,
        exclusivity: float | str = EXCLUSIVITY,
        passage_length: int = 40,
        max_tokens: int = 5_000_000,
        max_words: int = 10_000,
        max_pairs: float = 4e8,
        threshold: float = 0.1,
        frequency_power: float = 0.15,
        min_count: int = 2,
        discount: float = 0.2,
        window: int = 10,
        floor: float = 0.1,
        coherence_kept: float = 0.97,
        top_words: int = 10,
        max_power: float = 3.0,
        power_step: float = 0.25,
        shared_weight: float = 1.0,
        sublinear_tf: bool = True,
        iterations: int = 30,
        tolerance: float = 1e-3,
        noise: float = 0.1,
        block: int = 200,
        vectors: VectorStart = DEFAULT_VECTORS,
    ) -> None:
        self.method = method
        self.encoder_clusters = encoder_clusters
        self.word_weight = word_weight
        self.exclusivity = exclusivity
        self.passage_length = passage_length
        self.max_tokens = max_tokens
        self.max_words = max_words
        self.max_pairs = max_pairs
        self.threshold = threshold
        self.frequency_power = frequency_power
        self.min_count = min_count
        self.discount = discount
        self.window = window
        self.floor = floor
        self.coherence_kept = coherence_kept
        self.top_words = top_words
        self.max_power = max_power
        self.power_step = power_step
        self.shared_weight = shared_weight
        self.sublinear_tf = sublinear_tf
        self.iterations = iterations
        self.tolerance = tolerance
        self.noise = noise
        self.block = block
        self.vectors = vectors
        self._check()

    @property
    def is_random(self) -> bool:
        """Whether the topics start at random, without an estimate from documents."""
        return isinstance(self.method, str) and self.method == "random"

    @property
    def is_from_clusters(self) -> bool:
        """Whether the topics start from clusters of documents in embedding space."""
        return isinstance(self.method, str) and self.method == "clusters"

    @property
    def reads_embeddings(self) -> bool:
        """Whether the topics or the encoder start from clusters of documents in embedding space."""
        return self.is_from_clusters or self.encoder_clusters > 0

    def replace(self, **changes: Any) -> Self:
        """A copy with other values of some options, given by name."""
        return type(self)(**{**self.settings(), **changes})

    def _check(self) -> None:
        _check_method(self.method, "method")
        check_exclusivity(self.exclusivity)
        for name in ("passage_length", "max_tokens", "max_words", "min_count", "window", "iterations", "block"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(self.top_words >= 2, "top_words", self.top_words, "at least 2")
        for name in ("max_pairs", "floor", "power_step", "noise"):
            require(getattr(self, name) > 0, name, getattr(self, name), "positive")
        for name in (
            "encoder_clusters",
            "word_weight",
            "frequency_power",
            "discount",
            "max_power",
            "shared_weight",
            "tolerance",
        ):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        require(-1 <= self.threshold < 1, "threshold", self.threshold, "in [-1, 1)")
        require(0 <= self.coherence_kept <= 1, "coherence_kept", self.coherence_kept, "in [0, 1]")
        require(isinstance(self.vectors, VectorStart), "vectors", self.vectors, "a VectorStart")


DEFAULT_START = Start()


def start_from(init: Any = "npmi", exclusivity: float | str = EXCLUSIVITY) -> Start:
    """Resolve a model's `init` and `exclusivity` to a `Start`.

    Parameters
    ----------
    init : {"npmi", "nmf", "random", "clusters", "npmi+clusters"}, array-like (n_topics, n_words), or Start
        The name of a method, the topics, or all options. ``npmi+clusters`` is ``npmi`` with two `encoder_clusters` per
        topic.
    exclusivity : float or "auto"
        As in `Start`. Leave it at its default if `init` is a `Start`, which has its own.

    Returns
    -------
    Start

    Raises
    ------
    InputError
        If `init` is unknown or not valid, or both `init` and `exclusivity` set the exclusivity.
    """
    check_exclusivity(exclusivity)
    if not isinstance(init, Start):
        _check_method(init, "init", (*METHODS, NPMI_AND_CLUSTERS))
        if isinstance(init, str) and init == NPMI_AND_CLUSTERS:
            return Start(encoder_clusters=_ENCODER_CLUSTERS, exclusivity=exclusivity)
        return Start(method=init, exclusivity=exclusivity)
    if exclusivity not in (EXCLUSIVITY, init.exclusivity):
        raise InputError(
            f"exclusivity={exclusivity!r} and init={init!r} both set the exclusivity. "
            f"Set it in one place: init=Start(exclusivity={exclusivity!r}, ...)."
        )
    return init
