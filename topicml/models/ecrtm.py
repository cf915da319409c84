"""ECRTM: topics as centres of separate clusters of word embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.models.embedded import EmbeddedTopicModel
from topicml.nn.embedded import DistanceDecoder, topics_at_centres
from topicml.objectives.clustering import EmbeddingClustering
from topicml.objectives.objective import Objective


class ECRTM(EmbeddedTopicModel):
    """The topic model with embedding clustering regularisation: distinct topics, each near words of its own.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))`` with
    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``. To the bound comes the cost of carrying
    the words to the topics in equal shares (`topicml.objectives.clustering`), which keeps topics apart.

    Topics start at the weighted centres of the words of a spectral estimate; word embeddings start from the corpus and
    stay. `components_` holds the rows of beta, scaled to sum to 1: a topic's first words are those that are most its
    own.

    Parameters
    ----------
    n_topics : int
        Number of topics, K.
    embeddings : {"corpus", "word2vec", "random"}, ndarray, path or gensim KeyedVectors
        Where the word embeddings start; see `ETM`.
    embedding_size : int
        Dimension of embeddings that are made here; those that are given keep theirs.
    train_embeddings : bool
        Whether the word embeddings learn, as in the paper.
    embedding_rate : float
        Learning rate of the word embeddings as a share of `learning_rate`; random ones learn at full rate.
    temperature : float
        Small values give each word to its nearest topic; the paper's is 0.2.
    clustering : float
        Weight of the clustering cost; 0 for none. The paper's is 250 (100 on some corpora).
    sharpness : float
        Inverse weight of the entropy in the clustering's transport; the paper's is 20.
    init, exclusivity, alpha, hidden, dropout, theta_dropout, bound, kl_warmup, free_bits, contrast, balance
        As in `ProdLDA`.
    max_epochs, batch_size, learning_rate, topic_rate, clip, validation_fraction, patience, precision, device
        As in `ProdLDA`.
    preprocessor, verbose, random_state
        As in `ProdLDA`.

    References
    ----------
    Wu, Dong, Nguyen & Luu, Effective neural topic modeling with embedding clustering regularization, ICML 2023.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ECRTM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """

    # theta @ beta lies in [0, 1], so noise in theta drowns what differs between documents: fewer topics than elsewhere
    # are already many. (Measured: 50 known topics of short texts, 3 used; now 50.)
    _few_topics = 35

    def __init__(
        self,
        n_topics: int = 50,
        *,
        embeddings: Any = "corpus",
        embedding_size: int = 100,
        train_embeddings: bool = False,
        embedding_rate: float = 0.1,
        temperature: float = 0.2,
        clustering: float = 250.0,
        sharpness: float = 20.0,
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
        self.temperature = temperature
        self.clustering = clustering
        self.sharpness = sharpness
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

    def _decoder(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> DistanceDecoder:
        return DistanceDecoder(topics, words, train_words=self.train_embeddings, temperature=self.temperature)

    def _topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return topics_at_centres(beta, words)

    def _objectives(self) -> dict[str, Objective]:
        objectives = super()._objectives()
        if self.clustering > 0:
            objectives["clustering"] = EmbeddingClustering(weight=self.clustering, sharpness=self.sharpness)
        return objectives

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        for name in ("temperature", "sharpness"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be positive; received {getattr(self, name)!r}.")
        if not self.clustering >= 0:
            raise InputError(f"clustering must be 0 or positive; received {self.clustering!r}.")
