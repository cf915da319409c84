"""The base of all stories: the protocol of generative models, and what each has without its components."""

import inspect
from abc import abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

import numpy as np
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.grouping import Grouping
from topicml.corpus.model_matrix import ModelMatrix
from topicml.errors import InputError
from topicml.models.docstrings import with_parameters
from topicml.nn.encoder import BagEncoder, VectorEncoder
from topicml.nn.network import TopicNetwork
from topicml.objectives.elbo import BOUNDS
from topicml.objectives.objective import Objective
from topicml.objectives.response import ResponseTerm
from topicml.settings import Settings, with_checked_arguments
from topicml.starting import EXCLUSIVITY, DocumentClusters, Start, document_clusters, start_from, starting_topics
from topicml.training import BatchSampler

ENCODER_INPUTS = ("words", "embeddings", "both")
"""What an encoder may read of a document."""

DOCUMENT_VECTORS = "document_vectors"
"""The starting value that tells the length of an embedding."""

_Value = TypeVar("_Value")
_ONE_OF_INPUTS = f"one of {', '.join(ENCODER_INPUTS)}"
_MAX_SIZE = 1_000_000  # of topics and of hidden units: a larger number is a mistake, and fails in an allocation


@dataclass_transform(kw_only_default=True, eq_default=False)
@dataclass(kw_only=True, eq=False, repr=False)
class BaseStory(Settings):
    """What every story has, and the methods that components extend.

    Subclasses become dataclasses: their annotated class attributes are their settings and the keyword arguments of
    their constructor. Their docstrings get the descriptions of inherited settings. A component has settings of which
    None or 0 switches it off: then it adds nothing, and the fit has the same bits as without it.

    Parameters
    ----------
    n_topics : int
        Number of topics, K.
    init : str, ndarray (n_topics, n_words) or Start
        How the starting topics are computed. ``npmi`` factorises the graph of words that occur together more often than
        by chance; ``nmf`` factorises the tf-idf matrix; ``random`` needs many more epochs. ``clusters``: topics and
        encoder start from clusters of the embeddings of the documents (`Corpus.with_embeddings`), or of vectors that
        are learned from their words. ``npmi+clusters``: topics start as with ``npmi``, and the encoder from the topics
        that such clusters vote for. An array has non-negative weights of the words of each topic. A
        `topicml.starting.Start` has all options of these methods.
    exclusivity : float or str
        Starting topics are multiplied by p(topic | word) to this power, so that words shared by many topics get less
        weight. ``auto`` is the largest power that keeps 97 % of the topics' association: more distinct topics of rarer
        words. With a `Start`, set its `exclusivity` instead. The words that people see are those of the `ranking` of
        the model.
    hidden : int
        Units of each of the two hidden layers of the encoder.
    dropout : float
        Fraction of hidden units that dropout zeroes in training.
    topic_rate : float
        Learning rate of the topics as a fraction of `learning_rate`, for topics that start from a spectral estimate.
        Topics that start at random use the full rate.
    evidence_words : float
        `transform` adds to the mean of the encoder what the words of the document say, by the training documents that
        each topic leads (`topicml.nn.evidence`). All words of a document count together as this number of words at
        most. 0: the encoder alone.
    encoder_input : {"words", "embeddings", "both"}
        What the encoder reads of a document: its words, its embedding, or both. With embeddings, `fit` and `transform`
        need a corpus that has them; combine it with ``init="clusters"``. With ``embeddings``, words do not reach the
        encoder at all: with a multilingual sentence encoder, texts of other languages get topics, too.

    Raises
    ------
    InputError
        If a setting is out of range.
    """

    n_topics: int = field(default=50, kw_only=False)
    init: Any = "npmi"
    exclusivity: float | str = EXCLUSIVITY
    hidden: int = 200
    dropout: float = 0.2
    topic_rate: float = 1.0
    evidence_words: float = 5.0
    encoder_input: str = "words"

    times_epochs: ClassVar[int] = 1
    """How many times the usual number of epochs training takes, if `max_epochs` is None."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        cls.__init__ = with_checked_arguments(cls.__init__)  # type: ignore[method-assign]
        names = [*inspect.signature(cls).parameters]
        cls.__doc__ = with_parameters(cls.__doc__ or "", names, [each.__doc__ for each in cls.__mro__])

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range. Subclasses extend this method."""
        require(self.n_topics >= 2, "n_topics", self.n_topics, "at least 2")
        require(self.n_topics <= _MAX_SIZE, "n_topics", self.n_topics, f"at most {_MAX_SIZE:,}")
        require(self.hidden >= 1, "hidden", self.hidden, "at least 1")
        require(self.hidden <= _MAX_SIZE, "hidden", self.hidden, f"at most {_MAX_SIZE:,}")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        require(self.topic_rate >= 0, "topic_rate", self.topic_rate, "at least 0")
        require(self.evidence_words >= 0, "evidence_words", self.evidence_words, "at least 0")
        require(self.encoder_input in ENCODER_INPUTS, "encoder_input", self.encoder_input, _ONE_OF_INPUTS)
        _ = self.start  # raises for an unknown start

    @property
    def start(self) -> Start:
        """The options of the start of the topics and word vectors."""
        if isinstance(self.init, Start) and self.exclusivity == type(self).exclusivity:  # the default
            start = self.init
        else:
            start = start_from(self.init, self.exclusivity)
        return start.replace(word_weight=0.0) if self.encoder_input == "embeddings" else start

    def resolved_settings(self) -> dict[str, Any]:
        """The settings, with every option of the start in place of `init` and `exclusivity`."""
        settings = self.settings() | {"init": self.start}
        del settings["exclusivity"]
        return settings

    @abstractmethod
    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the values at which training starts.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            The keyword arguments of `network`.
        """

    @property
    def reads_embeddings(self) -> bool:
        """Whether the encoder reads embeddings of the documents, in training and afterwards."""
        return self.encoder_input != "words"

    @property
    def fit_reads_embeddings(self) -> bool:
        """Whether the fit reads embeddings of the documents; contrasts aside."""
        return self.reads_embeddings or self.start.reads_embeddings

    def encoder(self, n_words: int) -> BagEncoder:
        """Make an encoder of documents over `n_words` words, for a posterior that is a point, so without noise."""
        return BagEncoder(n_words, self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=self.n_topics)

    def network_of(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values, with an encoder of what `encoder_input` names.

        Parameters
        ----------
        **values : ndarray
            Starting values. If the encoder reads embeddings, also ``document_vectors``: an array whose length is that
            of an embedding.

        Returns
        -------
        TopicNetwork

        Raises
        ------
        InputError
            If the encoder of the story reads words in another way than a `BagEncoder`.
        """
        if not self.reads_embeddings:
            return self.network(**values)
        size = len(values.pop(DOCUMENT_VECTORS))
        network = self.network(**values)
        if not isinstance(network.encoder, BagEncoder):
            raise InputError(
                f"encoder_input={self.encoder_input!r} extends a BagEncoder, and the encoder of {type(self).__name__} "
                f"is a {type(network.encoder).__name__}. Leave encoder_input out."
            )
        network.encoder = VectorEncoder(network.encoder, size, words=self.encoder_input == "both")
        return network

    def adapt(self, network: TopicNetwork, n_docs: int) -> None:
        """Change how an untrained network starts, by the number of training documents."""

    @abstractmethod
    def network(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values.

        To load a saved model, this method is called with arrays of ones of the saved shapes, and the weights are loaded
        afterwards.
        """

    def losses(self) -> dict[str, Objective]:
        """Return new losses by name. Training minimises their sum; held-out documents are evaluated by the first."""
        return {"elbo": BOUNDS["elbo"]()}

    def components(self) -> dict[str, Objective]:
        """Return new losses of the components that are switched on, by name; training adds them to `losses`."""
        return {}

    def balanced(self) -> dict[str, ResponseTerm]:
        """Return new objectives of components that are balanced against `losses`, as contrasts are, by name."""
        return {}

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields of documents that decide the fit, besides those that objectives name."""
        return frozenset()

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if documents lack what a component needs; called once, before anything is computed."""

    def model_matrix(self, documents: Documents) -> ModelMatrix | None:
        """Learn from documents how fields become the covariates of the prior; None if it has none.

        It raises `InputError` if the documents lack a field, or its values cannot be used.
        """
        return None

    def grouping(self, documents: Documents) -> Grouping | None:
        """Learn from documents the groups in which topics differ; None if they are the same in all documents.

        It raises `InputError` if the documents lack a field, or its values cannot be used.
        """
        return None

    @property
    def topic_names(self) -> tuple[str | None, ...]:
        """The name of each topic; None for topics without a name."""
        return (None,) * self.n_topics

    def background(self, documents: Documents) -> np.ndarray:
        """Compute the initial bias of a product of experts.

        Parameters
        ----------
        documents : Documents
            The training documents.

        Returns
        -------
        ndarray, float64, (n_words,)
            The log-frequency of the words. Zeros if topics start at random: they form several times as fast while the
            frequencies are still to be learned.
        """
        return np.zeros(documents.counts.shape[1]) if self.start.is_random else log_frequency(documents)

    def rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Return parameters with another learning rate, as a factor of the learning rate of all other parameters."""
        decoder: Any = network.decoder
        return [(decoder.beta, self.start_rate)]

    @property
    def start_rate(self) -> float:
        """Learning rate of the topics, as a factor of the learning rate of all other parameters."""
        return 1.0 if self.start.is_random else self.topic_rate

    def sampler(self, documents: Documents, rows: np.ndarray, *, batch_size: int, seed: int) -> BatchSampler:
        """Make the batches that the losses need.

        Parameters
        ----------
        documents : Documents
            The documents.
        rows : ndarray of int
            Rows of the documents to train on.
        batch_size : int
            Documents per batch.
        seed : int
            Seed of the shuffles.

        Returns
        -------
        BatchSampler
        """
        return BatchSampler(documents.counts, rows, batch_size=batch_size, seed=seed)

    def starting_topics(self, documents: Documents, seed: int) -> np.ndarray:
        """Compute the starting topics that the option `init` describes.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        ndarray, float32, (n_topics, n_words)
            Centred log-weights.
        """
        clusters = self.document_clusters(documents, seed) if self.start.is_from_clusters else None
        return starting_topics(documents, self.n_topics, self.start, seed=seed, clusters=clusters)

    def document_clusters(self, documents: Documents, seed: int) -> DocumentClusters:
        """Cluster the documents from which the encoder starts: with ``init="clusters"`` also the topics.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        DocumentClusters
        """
        start = self.start
        n_clusters = self.n_topics if start.is_from_clusters else max(1, round(start.encoder_clusters * self.n_topics))
        return document_clusters(documents, n_clusters, seed=seed, word_weight=start.word_weight)

    def starting_once(self) -> Self:
        """Return a copy for one fit, whose starting topics and clusters of documents are computed once."""
        story = copy(self)
        for name in ("starting_topics", "document_clusters"):
            vars(story)[name] = _once(getattr(story, name))
        return story


def _once(compute: Callable[[Documents, int], _Value]) -> Callable[[Documents, int], _Value]:
    """Remember what was computed from documents and a seed."""
    known: dict[tuple[int, int], tuple[Documents, _Value]] = {}  # while documents are kept, their id stays theirs

    def remembered(documents: Documents, seed: int) -> _Value:
        key = id(documents), seed
        if key not in known:
            known[key] = documents, compute(documents, seed)
        return known[key][1]

    return remembered


def log_frequency(documents: Documents) -> np.ndarray:
    """Return the log relative frequency of each word, with half a count added: float64, (n_words,)."""
    frequency = np.asarray(documents.counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
    return np.log(frequency / frequency.sum())
