"""TSCTM: topics of short texts by quantised topic proportions and topic-semantic contrast."""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.models.base import TopicModel
from topicml.models.parameters import require
from topicml.nn.decoder import ProductDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.quantiser import QuantisedNetwork
from topicml.nn.seeding import seeded
from topicml.objectives.contrast.topic_semantic import TopicSemantic
from topicml.objectives.quantisation import Quantisation, QuantisedELBO
from topicml.training import Schedule, Trainer
from topicml.training.loop import Objective


class TSCTM(TopicModel):
    """TSCTM, a topic model of short texts: proportions snap to codewords, and codes say which documents are alike.

    ``theta = softmax(z); theta_q = nearest of K codewords; words ~ softmax(BN(theta_q @ beta))``, z the encoder's mean.
    To the reconstruction come the losses of quantisation (`topicml.objectives.quantisation`) and of topic-semantic
    contrast (`topicml.objectives.contrast.topic_semantic`). Where the paper sees 200 epochs of randomly started topics,
    these start from a spectral estimate that is nearly as distinct already.

    Parameters
    ----------
    n_topics : int
        Number of topics and of codewords, K.
    init : {"npmi", "nmf", "random"}
        Where the topics start; see `ProdLDA`. ``random`` is like the paper's, and needs many more epochs.
    exclusivity : float or "auto"
        Starting topics are multiplied by p(topic | word) to this power: see `topicml.starting.spectral.exclusive`.
    hidden : int
        Units of the encoder's two layers.
    dropout : float
        Share of hidden units dropped in training. High: codes then rest on many words of a document, and documents of
        a class share them more often (NMI on six corpora rises with it, up to 0.7 on all but 20NG).
    commitment : float
        How much documents are drawn to their codewords; the paper's is 0.1.
    temperature : float, optional
        Of the topic-semantic contrast; by default the paper's 0.5, or 0.07 with views.
    semantic_weight : float, optional
        Weight of the topic-semantic contrast. None is the paper's: 1, or 3 with views. More parts documents of other
        codes further and sharpens clusters, but from 5 on whole codes fall out of use.
    same_weight : float
        With views, weight of documents of the same code beside that of views; the paper's is 0.001.
    contrast : Contrast, optional
        A further contrast, balanced against the sum of the model's own losses.
    balance : str or Balance
        How a further contrast is balanced.
    max_epochs : int, optional
        Epochs; by default 15, or more for small corpora: as many as 300 steps take.
    batch_size : int
        Documents a step; below 128 many codes stand alone in their batch.
    learning_rate : float
        Peak of Adam's learning rate (warm-up, then cosine to zero).
    topic_rate : float
        Learning rate of the topics as a share of `learning_rate`, when they start from a spectral estimate.
    clip, validation_fraction, patience, precision, device, preprocessor, verbose, random_state
        See `ProdLDA`.

    References
    ----------
    Wu, Luu & Dong, Mitigating data sparsity for short text topic modeling by topic-semantic contrastive learning,
    EMNLP 2022. The spectral start, the encoder's length-normalised input and the learning rates are topicml's; views
    enter the contrast alone, their words are not reconstructed.

    Examples
    --------
    >>> import topicml
    >>> from topicml.models.tsctm import TSCTM
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = TSCTM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """

    def __init__(
        self,
        n_topics: int = 50,
        *,
        init: str = "npmi",
        exclusivity: float | str = 1.25,
        hidden: int = 200,
        dropout: float = 0.6,
        commitment: float = 0.1,
        temperature: float | None = None,
        semantic_weight: float | None = 2.0,
        same_weight: float = 0.001,
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
        self.init = init
        self.exclusivity = exclusivity
        self.hidden = hidden
        self.dropout = dropout
        self.commitment = commitment
        self.temperature = temperature
        self.semantic_weight = semantic_weight
        self.same_weight = same_weight
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
        with seeded(seed):
            return self._network(beta)

    def _empty_network(self, n_words: int) -> TopicNetwork:
        return self._network(np.zeros((self.n_topics, n_words), dtype=np.float32))

    def _network(self, beta: np.ndarray) -> TopicNetwork:
        # Nothing is drawn from the posterior, so no number of topics is too many for its noise.
        few = self.n_topics
        encoder = BagEncoder(beta.shape[1], self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=few)
        return QuantisedNetwork(encoder, ProductDecoder(beta), n_topics=self.n_topics)

    def _rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        decoder: Any = network.decoder
        return [(decoder.beta, self._start_rate)]

    def _objectives(self) -> dict[str, Objective]:
        semantic = TopicSemantic(
            temperature=self.temperature, weight=self.semantic_weight, same_weight=self.same_weight
        )
        quantisation = Quantisation(commitment=self.commitment)
        return {"elbo": QuantisedELBO(), "quantisation": quantisation, "topic_semantic": semantic}

    def _make_trainer(self, network: TopicNetwork, schedule: Schedule, seed: int) -> Trainer:
        trainer = super()._make_trainer(network, schedule, seed)
        documents = getattr(self, "_documents", None)
        if documents is not None:
            semantic: Any = trainer.objectives["topic_semantic"]
            semantic.prepare(documents, network=network, batch_size=self.batch_size)
        return trainer

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        for name in ("commitment", "same_weight"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        if self.temperature is not None:
            require(self.temperature > 0, "temperature", self.temperature, "None or positive")
        if self.semantic_weight is not None:
            require(self.semantic_weight >= 0, "semantic_weight", self.semantic_weight, "None or at least 0")
