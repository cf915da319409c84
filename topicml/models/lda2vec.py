"""lda2vec: topics as vectors among word vectors, learned through skip-gram windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.autoencoder import Autoencoder
from topicml.models.windows import OrderedSampler
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded
from topicml.nn.topic_vectors import SkipGramNetwork, TopicVectors, topics_among_words
from topicml.objectives.sparsity import DirichletSparsity
from topicml.starting import check_vectors, starting_vectors
from topicml.training import BatchSampler
from topicml.training.loop import Objective


class LDA2Vec(Autoencoder):
    """lda2vec with amortised documents: a word is predicted by its document's topics and by a word beside it.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); d = theta @ T``; a word t beside a pivot p
    scores ``(d + w_p) . u_t + b_t`` against noise words (skip-gram with negative sampling, `topicml.nn.skipgram`).
    Topics T live in the space of the word vectors u: a topic's words are its nearest, by dot product.

    Where a `Corpus` (or raw text) gives the order of words, pivots and words stand in windows. A matrix of counts has
    no order: then every document is one window. `score` and the held-out bound read documents as one window always.

    lda2vec is known to be hard to train. What makes it work here (measured: ``benchmarks/results/lda2vec.md``): word
    vectors that come from the corpus, move slowly, and are longer for frequent words; and topic vectors that start from
    a spectral estimate of the topics, by ridge regression of its log-weights on the word vectors.

    Parameters
    ----------
    n_topics : int
        Number of topics, K. It may exceed `vector_size`; then topic vectors depend on each other.
    vectors : {"corpus", "word2vec", "random"}, ndarray, path or KeyedVectors
        Where the word vectors start. ``corpus``: `topicml.starting.word_vectors` of these documents, by words
        at most two windows apart, or in one document where the order is not known. ``word2vec``: gensim's, trained on
        these documents, whose order must be known. ``random``: Gaussian. An array
        (n_words, any dimension) in vocabulary order. A file in word2vec's or GloVe's format, or gensim's
        ``KeyedVectors``. Their lengths are set anew: see `frequency_power`.
    vector_size : int
        Dimension of the vectors that are made here; vectors that are given keep theirs.
    window : int
        Largest distance of pivot and word, in tokens.
    negatives : int
        Weight of the noise words: so many for each word.
    pairs : int
        (pivot, word) pairs drawn of every document at every step.
    noise_words : int
        Noise words drawn at every step, which all pairs share.
    pivot_dropout : float
        Share of cases in which the document alone predicts the word; in [0, 1].
    frequency_power : float
        Word vectors start with a length proportional to document frequency to this power (mean square 1): with 0 the
        nearest words are rare ones, with large values the same frequent words are near to all topics.
    train_vectors : bool
        Whether word vectors learn, at `vector_rate`.
    vector_rate : float
        Learning rate of the word vectors as a share of `learning_rate`. Random ones learn at full rate.
    sparsity : float
        Weight lambda of the Dirichlet(1 / K) sparsity of theta, reached halfway through training; 0 for none.
    init : {"npmi", "nmf", "random"}
        Where the topics start, as in `ProdLDA`; ``random``: vectors of length 5 in random directions.
    exclusivity, alpha, hidden, dropout, theta_dropout, bound, kl_warmup, free_bits
        As in `ProdLDA`.
    max_epochs, batch_size, learning_rate, topic_rate, clip, validation_fraction, patience, precision, device
        As in `ProdLDA`.
    contrast, balance, preprocessor, verbose, random_state
        As in `ProdLDA`.

    References
    ----------
    Moody, Mixing Dirichlet topic models and word embeddings to make lda2vec, arXiv:1605.02019, 2016.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.LDA2Vec(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """

    def __init__(
        self,
        n_topics: int = 50,
        *,
        vectors: Any = "corpus",
        vector_size: int = 100,
        window: int = 5,
        negatives: int = 15,
        pairs: int = 10,
        noise_words: int = 100,
        pivot_dropout: float = 0.5,
        frequency_power: float = 0.2,
        train_vectors: bool = True,
        vector_rate: float = 0.1,
        sparsity: float = 0.05,
        init: str = "npmi",
        exclusivity: float | str = "auto",
        alpha: float | Sequence[float] = 0.1,
        hidden: int = 200,
        dropout: float = 0.2,
        theta_dropout: float = 0.0,
        bound: Any = "elbo",
        kl_warmup: float = 0.0,
        free_bits: float = 0.0,
        max_epochs: int | None = None,
        batch_size: int = 200,
        learning_rate: float = 0.005,
        topic_rate: float = 0.1,
        clip: float = 100.0,
        validation_fraction: float = 0.05,
        patience: int | None = None,
        precision: str = "auto",
        device: str = "auto",
        contrast: Any = None,
        balance: Any = "pareto",
        preprocessor: Any = None,
        verbose: bool | int | None = False,
        random_state: Any = None,
    ) -> None:
        self.n_topics = n_topics
        self.vectors = vectors
        self.vector_size = vector_size
        self.window = window
        self.negatives = negatives
        self.pairs = pairs
        self.noise_words = noise_words
        self.pivot_dropout = pivot_dropout
        self.frequency_power = frequency_power
        self.train_vectors = train_vectors
        self.vector_rate = vector_rate
        self.sparsity = sparsity
        self.init = init
        self.exclusivity = exclusivity
        self.alpha = alpha
        self.hidden = hidden
        self.dropout = dropout
        self.theta_dropout = theta_dropout
        self.bound = bound
        self.kl_warmup = kl_warmup
        self.free_bits = free_bits
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.topic_rate = topic_rate
        self.clip = clip
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.device = device
        self.contrast = contrast
        self.balance = balance
        self.preprocessor = preprocessor
        self.verbose = verbose
        self.random_state = random_state

    def _build_network(self, counts: csr_matrix, seed: int) -> TopicNetwork:
        words = starting_vectors(
            self.vectors,
            self._documents,
            self.vector_size,
            window=2 * self.window,  # words so far apart stand in one window around a pivot between them
            power=self.frequency_power,
            seed=seed,
            start=self._start.vectors,
        )
        if self._start.is_random:
            topics = np.random.default_rng(seed).normal(size=(self.n_topics, words.shape[1]))
            topics *= 5 / np.linalg.norm(topics, axis=1, keepdims=True)  # long enough to matter: odds up to exp(5)
        else:
            topics = topics_among_words(self._starting_topics(seed), words)
        frequency = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
        with seeded(seed):
            return self._network(topics, words, frequency)

    def _empty_network(self, n_words: int) -> TopicNetwork:
        dimension = self._stored_dimension
        return self._network(np.zeros((self.n_topics, dimension)), np.zeros((n_words, dimension)), np.ones(n_words))

    def _restore(
        self, header: dict, vocabulary: tuple[str, ...] | None, weights: dict[str, Tensor], device: str
    ) -> None:
        self._stored_dimension = weights["decoder.topics"].shape[1]  # that of given vectors is no hyper-parameter
        super()._restore(header, vocabulary, weights, device)

    def _network(self, topics: np.ndarray, words: np.ndarray, frequency: np.ndarray) -> TopicNetwork:
        decoder = TopicVectors(
            topics,
            words,
            frequency,
            negatives=self.negatives,
            n_pairs=self.pairs,
            n_noise=self.noise_words,
            window=self.window,
            alone=self.pivot_dropout,
            train_words=self.train_vectors,
        )
        encoder = BagEncoder(len(words), self.n_topics, hidden=self.hidden, dropout=self.dropout)
        return SkipGramNetwork(
            encoder, decoder, n_topics=self.n_topics, alpha=self.alpha, theta_dropout=self.theta_dropout
        )

    def _sampler(self, documents: Documents, rows: np.ndarray, seed: int) -> BatchSampler:
        corpus = documents.corpus
        if corpus is None or not corpus.has_order:
            return super()._sampler(documents, rows, seed)
        columns = None
        if documents.vocabulary is not None and tuple(corpus.vocabulary) != documents.vocabulary:
            index = {word: i for i, word in enumerate(documents.vocabulary)}
            columns = np.array([index.get(word, -1) for word in corpus.vocabulary])
        return OrderedSampler(documents.counts, rows, corpus, columns, batch_size=self.batch_size, seed=seed)

    def _rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        decoder: Any = network.decoder
        rates = [(decoder.topics, self._start_rate)]
        if self.train_vectors:
            random = isinstance(self.vectors, str) and self.vectors == "random"
            rates.append((decoder.words, 1.0 if random else self.vector_rate))
        return rates

    def _objectives(self) -> dict[str, Objective]:
        objectives = super()._objectives()
        if self.sparsity > 0:
            objectives["sparsity"] = DirichletSparsity(weight=self.sparsity)
        return objectives

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        check_vectors(self.vectors)
        for name in ("vector_size", "window", "negatives", "pairs", "noise_words"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1; received {getattr(self, name)!r}.")
        if not 0 <= self.pivot_dropout <= 1:
            raise InputError(f"pivot_dropout is a share, in [0, 1]; received {self.pivot_dropout!r}.")
        if self.sparsity < 0:
            raise InputError(f"sparsity must be 0 or positive; received {self.sparsity!r}.")
