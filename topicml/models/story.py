"""What a topic model is: the protocol that all stories share, and the settings of variational ones."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, dataclass_transform

import numpy as np
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.prior import laplace_dirichlet
from topicml.objectives.elbo import BOUNDS
from topicml.objectives.objective import Objective
from topicml.settings import Settings, with_checked_arguments
from topicml.starting import Start, start_from, starting_topics
from topicml.training import BatchSampler


@dataclass_transform(kw_only_default=True, eq_default=False)
@dataclass(kw_only=True, eq=False, repr=False)
class Story(Settings):
    """The generative story of a topic model: its network, its losses, its learning rates, and how it starts.

    A story holds settings and nothing of a fit: the same story can be fitted to any documents. A subclass is a
    dataclass: its annotated class attributes are its settings, with keyword arguments of the same names. It must define
    `starting_values` and `network`; everything else has a default.

    Parameters
    ----------
    n_topics : int
        Number of topics, K.
    init : {"npmi", "nmf", "random"}, ndarray (n_topics, n_words) or Start
        Where the topics start. ``npmi`` factorises the graph of words that occur together more often than by chance,
        ``nmf`` the tf-idf matrix; ``random`` needs many more epochs. An array holds non-negative weights of the words
        of each topic. A `topicml.starting.Start` gives access to every number of a spectral start.
    exclusivity : float or "auto"
        Starting topics are multiplied by p(topic | word) to this power, so that words shared by many topics get less
        weight; ``auto`` takes the largest power that keeps 97 % of the topics' association. With a `Start`, set its
        own `exclusivity`.
    hidden : int
        Units of the encoder's two layers.
    dropout : float
        Share of hidden units dropped in training.
    topic_rate : float
        Learning rate of the topics as a share of the learning rate, when they start from a spectral estimate, which is
        nearly right. Topics that start at random learn at the full rate.

    Raises
    ------
    InputError
        If a setting is out of range.
    """

    n_topics: int = field(default=50, kw_only=False)
    init: Any = "npmi"
    exclusivity: float | str = "auto"
    hidden: int = 200
    dropout: float = 0.2
    topic_rate: float = 0.1

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        cls.__init__ = with_checked_arguments(cls.__init__)  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range. Subclasses extend it."""
        require(self.n_topics >= 2, "n_topics", self.n_topics, "at least 2")
        require(self.hidden >= 1, "hidden", self.hidden, "at least 1")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        require(self.topic_rate >= 0, "topic_rate", self.topic_rate, "at least 0")
        _ = self.start  # raises for an unknown start

    @property
    def start(self) -> Start:
        """Every option of the start of the topics and word vectors."""
        if isinstance(self.init, Start) and self.exclusivity == type(self).exclusivity:  # left at its default
            return self.init
        return start_from(self.init, self.exclusivity)

    def resolved_settings(self) -> dict[str, Any]:
        """The settings, with every option of the start in place of `init` and `exclusivity`."""
        settings = self.settings() | {"init": self.start}
        del settings["exclusivity"]
        return settings

    @abstractmethod
    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Where training starts.

        Parameters
        ----------
        documents : Documents
            What the model is fitted to.
        seed : int
            Seed of every random choice.

        Returns
        -------
        dict of str to ndarray
            The arguments of `network`.
        """

    @abstractmethod
    def network(self, **values: np.ndarray) -> TopicNetwork:
        """The network that starts from these values.

        A saved model keeps their shapes: to load it, this is called with arrays of ones, and the weights follow.
        """

    def losses(self) -> dict[str, Objective]:
        """The losses whose sum is minimised, by name; the first scores held-out documents."""
        return {"elbo": BOUNDS["elbo"]()}

    def rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Parameters with a learning rate of their own, as a share of the learning rate of the others."""
        decoder: Any = network.decoder
        return [(decoder.beta, self.start_rate)]

    @property
    def start_rate(self) -> float:
        """Learning rate of the topics, as a share of the learning rate of the others."""
        return 1.0 if self.start.is_random else self.topic_rate

    def sampler(self, documents: Documents, rows: np.ndarray, *, batch_size: int, seed: int) -> BatchSampler:
        """Batches of the documents in `rows`, as the losses need them."""
        return BatchSampler(documents.counts, rows, batch_size=batch_size, seed=seed)

    def starting_topics(self, documents: Documents, seed: int) -> np.ndarray:
        """Centred log-weights of the starting topics, float32, (n_topics, n_words)."""
        return starting_topics(documents, self.n_topics, self.start, seed=seed)


class VariationalStory(Story):
    """A story with a logistic-normal prior, trained by a bound on the likelihood of the documents.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z)``; a subclass adds the words.

    Parameters
    ----------
    n_topics, init, exclusivity, hidden, dropout, topic_rate
        See `Story`.
    alpha : float or sequence of n_topics floats
        Dirichlet concentration of the topics of a document; small values give documents of few topics.
    theta_dropout : float
        Share of topic proportions dropped in training.
    bound : {"elbo", "iwae"} or Objective
        What is maximised: the ELBO with the analytic KL, or the importance-weighted bound with 5 samples. An object
        such as ``topicml.objectives.IWAE(k=20)`` is used as it is.
    kl_warmup : float
        Share of training over which the weight of the KL grows from 0 to 1 (``bound="elbo"``).
    free_bits : float
        Nats per topic below which the KL does not count (``bound="elbo"``).
    few_topics : int
        Number of topics up to which the posterior starts as wide as batch normalisation makes it. With more, it starts
        narrower, because noise hides the own topic of a document among many (`topicml.nn.BagEncoder`).
    """

    alpha: float | Sequence[float] = 0.1
    theta_dropout: float = 0.0
    bound: Any = "elbo"
    kl_warmup: float = 0.0
    free_bits: float = 0.0
    few_topics: int = 50

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        laplace_dirichlet(self.alpha, self.n_topics)
        require(0 <= self.theta_dropout < 1, "theta_dropout", self.theta_dropout, "in [0, 1)")
        require(0 <= self.kl_warmup <= 1, "kl_warmup", self.kl_warmup, "a share of training, in [0, 1]")
        require(self.free_bits >= 0, "free_bits", self.free_bits, "at least 0")
        require(self.few_topics >= 1, "few_topics", self.few_topics, "at least 1")
        known = self.bound in BOUNDS if isinstance(self.bound, str) else callable(self.bound)
        wanted = f"one of {', '.join(BOUNDS)}, or an objective"
        require(known, "bound", self.bound, wanted)

    def losses(self) -> dict[str, Objective]:
        """The bound."""
        if not isinstance(self.bound, str):
            return {"elbo": self.bound}
        options = {"kl_warmup": self.kl_warmup, "free_bits": self.free_bits} if self.bound == "elbo" else {}
        return {self.bound: BOUNDS[self.bound](**options)}

    def encoder(self, n_words: int) -> BagEncoder:
        """The encoder of documents over `n_words` words."""
        return BagEncoder(n_words, self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=self.few_topics)


def log_frequency(documents: Documents) -> np.ndarray:
    """Log of the share of each word in the documents, smoothed by half a count: float64, (n_words,)."""
    frequency = np.asarray(documents.counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
    return np.log(frequency / frequency.sum())
