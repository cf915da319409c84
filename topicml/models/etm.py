"""ETM: topics as directions among word embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.models.embedded import EmbeddedTopicModel
from topicml.nn.embedded import InnerProductDecoder, topics_by_likelihood


class ETM(EmbeddedTopicModel):
    """The embedded topic model: a mixture of topics, each a direction among word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ theta @ softmax(topics @ words' +
    background)``, the background starting as the words' log-frequency. `components_` holds what topics add to it,
    ``softmax(topics @ words')``, which is the paper's beta. (Measured on 20NG: without a background to explain common
    words, documents' topics follow those.)

    Topics start where they come nearest, by likelihood, to a spectral estimate of them; word embeddings start from the
    corpus and stay. (Measured: moving words fit documents better and spoil the topics' coherence.)

    Parameters
    ----------
    n_topics : int
        Number of topics, K.
    embeddings : {"corpus", "word2vec", "random"}, ndarray, path or gensim KeyedVectors
        Where the word embeddings start, each scaled to unit length. ``corpus``:
        `topicml.starting.word_vectors` of these documents. ``word2vec``: gensim's, trained on these documents,
        whose order must be known. ``random``: Gaussian, to be learned. An array (n_words, any dimension) in vocabulary
        order. A file in word2vec's or GloVe's format, or gensim's ``KeyedVectors``.
    embedding_size : int
        Dimension of embeddings that are made here; those that are given keep theirs.
    train_embeddings : bool
        Whether the word embeddings learn.
    embedding_rate : float
        Learning rate of the word embeddings as a share of `learning_rate`; random ones learn at full rate.
    init, exclusivity, alpha, hidden, dropout, theta_dropout, bound, kl_warmup, free_bits, contrast, balance
        As in `ProdLDA`.
    max_epochs, batch_size, learning_rate, topic_rate, clip, validation_fraction, patience, precision, device
        As in `ProdLDA`.
    preprocessor, verbose, random_state
        As in `ProdLDA`.

    References
    ----------
    Dieng, Ruiz & Blei, Topic modeling in embedding spaces, TACL 2020.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ETM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """

    def __init__(
        self,
        n_topics: int = 50,
        *,
        embeddings: Any = "corpus",
        embedding_size: int = 100,
        train_embeddings: bool = False,
        embedding_rate: float = 0.1,
        init: str = "npmi",
        exclusivity: float | str = "auto",
        alpha: float | Sequence[float] = 0.3,
        hidden: int = 200,
        dropout: float = 0.2,
        theta_dropout: float = 0.0,
        bound: Any = "elbo",
        kl_warmup: float = 0.0,
        free_bits: float = 0.0,
        contrast: Any = None,
        balance: Any = "pareto",
        max_epochs: int | None = None,
        batch_size: int = 200,
        learning_rate: float = 0.005,
        topic_rate: float = 0.1,
        clip: float = 100.0,
        validation_fraction: float = 0.05,
        patience: int | None = None,
        precision: str = "auto",
        device: str = "auto",
        preprocessor: Any = None,
        verbose: bool | int | None = False,
        random_state: Any = None,
    ) -> None:
        self.n_topics = n_topics
        self.embeddings = embeddings
        self.embedding_size = embedding_size
        self.train_embeddings = train_embeddings
        self.embedding_rate = embedding_rate
        self.init = init
        self.exclusivity = exclusivity
        self.alpha = alpha
        self.hidden = hidden
        self.dropout = dropout
        self.theta_dropout = theta_dropout
        self.bound = bound
        self.kl_warmup = kl_warmup
        self.free_bits = free_bits
        self.contrast = contrast
        self.balance = balance
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.topic_rate = topic_rate
        self.clip = clip
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.device = device
        self.preprocessor = preprocessor
        self.verbose = verbose
        self.random_state = random_state

    def _decoder(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> InnerProductDecoder:
        return InnerProductDecoder(topics, words, background, train_words=self.train_embeddings)

    def _topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return topics_by_likelihood(beta, words)
