"""ProdLDA: topics as experts whose product gives the words, and neural LDA beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.errors import InputError
from topicml.models.autoencoder import Autoencoder
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded


class ProdLDA(Autoencoder):
    """ProdLDA, an autoencoding topic model, started from a spectral estimate of its topics.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))``.

    Parameters
    ----------
    n_topics : int
        Number of topics, K. With more than there are words or documents a `TopicWarning` says that some will be alike.
    decoder : {"product", "mixture"}
        ``product``: softmax of the weighted topics (ProdLDA). ``mixture``: weighted softmax topics (neural LDA, NVLDA).
    init : {"npmi", "nmf", "random"}
        Where the topics start. ``npmi`` factorises the graph of words that occur together more than chance would have
        it; ``nmf`` the tf-idf matrix; ``random`` is the paper's, and needs many more epochs. A spectral start takes
        seconds and keeps the model from collapsing on short texts.
    exclusivity : float or "auto"
        Starting topics are multiplied by p(topic | word) to this power, so that words which many topics share step
        back; ``auto`` goes as far as the topics keep 97 % of their coherence (`topicml.starting.spectral.exclusive`).
    alpha : float or sequence of n_topics floats
        Dirichlet concentration of the topics of a document; small values give documents of few topics.
    hidden : int
        Units of the encoder's two layers.
    dropout : float
        Share of hidden units dropped in training.
    theta_dropout : float
        Share of topic proportions dropped in training.
    bound : {"elbo", "iwae"} or objective
        What is maximised: the ELBO with the analytic KL, or the importance-weighted bound with 5 samples. An object
        such as ``topicml.objectives.IWAE(k=20)`` is taken as it is.
    kl_warmup : float
        Share of training over which the KL's weight grows to 1 (``bound="elbo"``).
    free_bits : float
        Nats a topic may hold before its KL counts (``bound="elbo"``).
    contrast : None, str, Contrast, or sequence of these
        Contrastive objectives beside the bound: names of `topicml.objectives.CONTRASTS` (``set``, ``infonce``, ...) or
        objects such as ``topicml.SetContrast(set_size=8)``.
    balance : str, Balance or weighting
        How their gradients are weighed against the bound's: ``pareto`` (a step lowers the contrast at a tenth of the
        rate of the bound, and no more where their gradients agree by themselves), ``sum``, a name of TorchJD's, or an
        object of `topicml.pareto`. Without a contrast it has no effect.
    max_epochs : int, optional
        Epochs; by default 15, or more for small corpora: as many as 300 steps take.
    batch_size : int
        Documents a step.
    learning_rate : float
        Peak of Adam's learning rate (warm-up, then cosine to zero).
    topic_rate : float
        Learning rate of the topics as a share of `learning_rate`, when they start from a spectral estimate: they are
        nearly right, and move slowly while the encoder learns to use them. Randomly started topics learn at full rate.
    clip : float
        Largest gradient norm.
    validation_fraction : float
        Share of documents (5,000 at most) held out to choose the best epoch and to stop early.
    patience : int, optional
        Epochs without a better held-out bound before training stops; by default a third of `max_epochs`.
    precision : {"auto", "float32", "bfloat16"}
        ``auto`` is bfloat16 on CUDA and float32 elsewhere.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    preprocessor : Preprocessor or scikit-learn vectorizer, optional
        Makes words of raw texts, when `fit` is given those.
    verbose : bool, optional
        Show a progress bar; None shows it at a terminal only.
    random_state : int, RandomState or None
        With an int, results are the same to the bit on the same machine and number of threads.

    References
    ----------
    Srivastava & Sutton, Autoencoding variational inference for topic models, ICLR 2017. Batch norm without a scale
    follows the authors' code. The spectral start is topicml's (`topicml.starting`).

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ProdLDA(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """

    def __init__(
        self,
        n_topics: int = 50,
        *,
        decoder: str = "product",
        init: str = "npmi",
        exclusivity: float | str = "auto",
        alpha: float | Sequence[float] = 0.1,
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
        self.decoder = decoder
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

    def _build_network(self, counts: csr_matrix, seed: int) -> TopicNetwork:
        beta = self._starting_topics(seed)
        frequency = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
        background = np.log(frequency / frequency.sum())
        with seeded(seed):
            return self._network(beta, background - background.mean())

    def _empty_network(self, n_words: int) -> TopicNetwork:
        return self._network(np.zeros((self.n_topics, n_words), dtype=np.float32), np.zeros(n_words))

    def _network(self, beta: np.ndarray, background: np.ndarray) -> TopicNetwork:
        decoder = ProductDecoder(beta) if self.decoder == "product" else MixtureDecoder(beta, background)
        encoder = BagEncoder(beta.shape[1], self.n_topics, hidden=self.hidden, dropout=self.dropout)
        return TopicNetwork(
            encoder, decoder, n_topics=self.n_topics, alpha=self.alpha, theta_dropout=self.theta_dropout
        )

    def _rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        decoder: Any = network.decoder
        return [(decoder.beta, self._start_rate)]

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        if self.decoder not in ("product", "mixture"):
            raise InputError(f"decoder={self.decoder!r} is unknown. Choose one of product, mixture.")
