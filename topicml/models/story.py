"""Stories: the protocol of generative models, and the base class of variational ones."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, dataclass_transform

import numpy as np
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.formulas import parsed
from topicml.corpus.response import field_of_response
from topicml.corpus.slices import SLICES
from topicml.errors import InputError
from topicml.nn.encoder import BagEncoder, VectorEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.prior import laplace_dirichlet
from topicml.nn.tree import TopicTree
from topicml.nn.word_translation import WordTranslation
from topicml.objectives.deviations import DeviationPenalty
from topicml.objectives.elbo import BOUNDS
from topicml.objectives.objective import Objective
from topicml.objectives.prevalence import PrevalencePenalty
from topicml.objectives.response import ResponseTerm
from topicml.objectives.salient import SalientTerm
from topicml.objectives.seeds import SeedTerm
from topicml.objectives.translations import TranslationTerm
from topicml.objectives.tree import TreeTerm
from topicml.settings import Settings, with_checked_arguments
from topicml.starting import (
    EXCLUSIVITY,
    Against,
    Start,
    Translations,
    dictionary_from,
    seeds_from,
    start_from,
    starting_topics,
    topics_against,
    warn_of_languages_alone,
)
from topicml.training import BatchSampler

ENCODER_INPUTS = ("words", "embeddings", "both")
"""What an encoder may read of a document."""

DOCUMENT_VECTORS = "document_vectors"
"""The starting value that tells the length of an embedding."""

WORD_PAIRS, PAIR_WEIGHTS = "word_pairs", "pair_weights"
"""The starting values that are the dictionary of a model of several languages (`topicml.nn.word_translation`)."""

_ONE_OF_INPUTS = f"one of {', '.join(ENCODER_INPUTS)}"
_MAX_SIZE = 1_000_000  # of topics and of hidden units: a larger number is a mistake, and fails in an allocation


@dataclass_transform(kw_only_default=True, eq_default=False)
@dataclass(kw_only=True, eq=False, repr=False)
class Story(Settings):
    """The generative model of a topic model: its network, losses, learning rates and starting values.

    A story has settings but no state of a fit, so the same object can be fitted to any documents. Subclasses become
    dataclasses: their annotated class attributes are their settings and the keyword arguments of their constructor. A
    subclass must define `starting_values` and `network`; all other methods have defaults.

    Parameters
    ----------
    n_topics : int
        Number of topics, K.
    init : str, ndarray (n_topics, n_words) or Start
        How the starting topics are computed. ``npmi`` factorises the graph of words that occur together more often than
        by chance; ``nmf`` factorises the tf-idf matrix; ``random`` needs many more epochs. ``clusters``: topics and
        encoder start from clusters of the embeddings of the documents (`Corpus.with_embeddings`), or of vectors that
        are learned from their words. An array has non-negative
        weights of the words of each topic. A `topicml.starting.Start` has all options of these methods.
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
    seeds : mapping of str to sequence of str, path, or Seeds, optional
        Words of the first topics by the names of these, such as ``{"delivery": ["late", "parcel"]}``, or a TOML or CSV
        file of them (`topicml.starting.Seeds`). Topic 0 has the first name, and so on; the other topics are free.
    seed_strength : float
        How strongly seeds hold their topics and documents (`topicml.objectives.SeedTerm`). With 0 they only decide how
        topics start.
    against : str, optional
        The documents of the background, by a field and its value: ``"month=June"``. The last topics are then salient:
        they are for what the other documents have, and the background has not. `topicml.explore.contrast` tests
        whether new documents have it. The encoder does not read the field.
    salient : int
        Number of salient topics, if there is a background.
    against_strength : float
        How strongly salient topics are kept out of the background: as this number of words of each of its documents
        (`topicml.objectives.SalientTerm`). With 0 the background only decides how topics start.
    response : str, optional
        A field that topics are to predict: text by its levels, numbers as such, and ``C(name)`` makes levels of
        numbers. It is balanced against the bound by `balance`. `predict_response` predicts it for new documents.
    response_strength : float
        How much the response matters beside the bound (`topicml.objectives.ResponseTerm`); 0 leaves it out.
    languages : bool
        The documents are a corpus of several languages (`Corpus.multilingual`, `Corpus.by_language`): all have one
        theta, and the words of each language are drawn among the words of that language.
    translations : str, optional
        The field whose value documents and their translations share. They get the same topics.
    dictionary : Dictionary, path, or pairs of words, optional
        Words that mean the same in two languages (`topicml.starting.Dictionary`), such as a CSV file with the columns
        en and de. It connects languages where documents have no translation.
    translation_strength : float
        Weight of `topicml.objectives.translations.TranslationTerm`. With 0, translations only decide how topics start
        and which words translate each other.
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
    seeds: Any = None
    seed_strength: float = 10.0
    against: str | None = None
    salient: int = 5
    against_strength: float = 10.0
    response: str | None = None
    response_strength: float = 1.0
    languages: bool = False
    translations: str | None = None
    dictionary: Any = None
    translation_strength: float = 1.0
    evidence_words: float = 5.0
    encoder_input: str = "words"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        cls.__init__ = with_checked_arguments(cls.__init__)  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        self.seeds = seeds_from(self.seeds)  # a file is read once
        self.dictionary = dictionary_from(self.dictionary)
        self.check()

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range. Subclasses extend this method."""
        require(self.n_topics >= 2, "n_topics", self.n_topics, "at least 2")
        require(self.n_topics <= _MAX_SIZE, "n_topics", self.n_topics, f"at most {_MAX_SIZE:,}")
        require(self.hidden >= 1, "hidden", self.hidden, "at least 1")
        require(self.hidden <= _MAX_SIZE, "hidden", self.hidden, f"at most {_MAX_SIZE:,}")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        require(self.topic_rate >= 0, "topic_rate", self.topic_rate, "at least 0")
        require(self.seed_strength >= 0, "seed_strength", self.seed_strength, "at least 0")
        if self.seeds is not None and len(self.seeds) > self.n_topics:
            raise InputError(
                f"There are seeds for {len(self.seeds)} topics, and n_topics={self.n_topics}. Use at least as many "
                "topics, or seeds of fewer."
            )
        require(self.against_strength >= 0, "against_strength", self.against_strength, "at least 0")
        require(self.response_strength >= 0, "response_strength", self.response_strength, "at least 0")
        if self.response is not None:
            field_of_response(self.response)  # raises if it names no field
        require(self.salient >= 1, "salient", self.salient, "at least 1")
        if self.against is not None:
            Against(self.against)  # raises if it names no field
            n_seeded = 0 if self.seeds is None else len(self.seeds)
            if self.salient + max(n_seeded, 1) > self.n_topics:
                raise InputError(
                    f"n_topics={self.n_topics} leaves no common topic: salient={self.salient} of them are for what the "
                    f"background has not{f', and {n_seeded} have seeds' if n_seeded else ''}. Use more topics."
                )
            if self.start.is_from_clusters:
                raise InputError(
                    "init='clusters' makes every topic from a cluster of documents, so no topic is left for what the "
                    "background has not. With against, choose another init, such as npmi."
                )
        require(isinstance(self.languages, bool), "languages", self.languages, "True or False")
        if not self.languages and (self.translations is not None or self.dictionary is not None):
            raise InputError("translations and dictionary are for a corpus of several languages: pass languages=True.")
        require(self.translation_strength >= 0, "translation_strength", self.translation_strength, "at least 0")
        require(self.evidence_words >= 0, "evidence_words", self.evidence_words, "at least 0")
        require(self.encoder_input in ENCODER_INPUTS, "encoder_input", self.encoder_input, _ONE_OF_INPUTS)
        _ = self.start  # raises for an unknown start

    @property
    def start(self) -> Start:
        """The options of the start of the topics and word vectors."""
        if isinstance(self.init, Start) and self.exclusivity == type(self).exclusivity:  # the default
            return self.init
        return start_from(self.init, self.exclusivity)

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

    def network_of(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values, with an encoder of what `encoder_input` names.

        Parameters
        ----------
        **values : ndarray
            Starting values. If the encoder reads embeddings, also ``document_vectors``: an array whose length is that
            of an embedding. With a dictionary, also ``word_pairs`` and ``pair_weights``.

        Returns
        -------
        TopicNetwork

        Raises
        ------
        InputError
            If the encoder of the story reads words in another way than a `BagEncoder`.
        """
        pairs = [values.pop(name) for name in (WORD_PAIRS, PAIR_WEIGHTS) if name in values]
        network = self._with_encoder(values)
        if pairs:
            network.translation = WordTranslation(*pairs)
        return network

    def _with_encoder(self, values: dict[str, np.ndarray]) -> TopicNetwork:
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
        """Return new losses of the components that are switched on, by name; training adds them to `losses`.

        A component is a part that any story can have, such as seeds. It has settings here, of which None or 0 switches
        it off: then it adds nothing, and the fit has the same bits as without it. It may check documents
        (`check_documents`), change starting topics (`starting_topics`), and add a loss here.
        """
        losses: dict[str, Objective] = {}
        if self.seeds is not None and self.seed_strength:
            losses["seeds"] = SeedTerm(self.seeds, strength=self.seed_strength)
        if self.against is not None and self.against_strength:
            losses["salient"] = SalientTerm(self.against, salient=self.salient, strength=self.against_strength)
        if self._is_connected and self.translation_strength:
            strength = self.translation_strength
            losses["translations"] = TranslationTerm(self.translations, self.dictionary, strength=strength)
        return losses

    @property
    def _is_connected(self) -> bool:
        """Whether languages are connected by translations or a dictionary."""
        return self.languages and (self.translations is not None or self.dictionary is not None)

    def balanced(self) -> dict[str, ResponseTerm]:
        """Return new objectives of components that are balanced against `losses`, as contrasts are, by name."""
        if self.response is None or not self.response_strength:
            return {}
        return {"response": ResponseTerm(self.response, strength=self.response_strength)}

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if documents lack what a component needs; called once, before anything is computed."""
        if self.languages:
            warn_of_languages_alone(documents, self.translations, self.dictionary)
        if self.seeds is not None:
            self.seeds.check(documents)
        if self.against is not None:
            Against(self.against).check(documents)

    @property
    def salient_topics(self) -> range:
        """The topics of what the background has not: the last ones; none without a background."""
        return range(self.n_topics - (0 if self.against is None else self.salient), self.n_topics)

    def translations_of(self, documents: Documents) -> Translations | None:
        """Return the words of training documents in other languages; None if nothing connects languages."""
        return Translations(documents, self.translations, self.dictionary) if self._is_connected else None

    @property
    def topic_names(self) -> tuple[str | None, ...]:
        """The name of each topic; None for topics without seeds."""
        names = () if self.seeds is None else self.seeds.names
        return (*names, *[None] * (self.n_topics - len(names)))

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
        is_spectral = isinstance(self.start.method, str) and self.start.method in ("npmi", "nmf")
        if self.against is not None and is_spectral:
            against = Against(self.against)
            return topics_against(
                documents, self.n_topics, self.salient, against, self.start, seed=seed, seeds=self.seeds
            )
        return starting_topics(documents, self.n_topics, self.start, seed=seed, seeds=self.seeds)


class VariationalStory(Story):
    """A story with a logistic-normal prior, trained by a bound on the likelihood of the documents.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z)``; subclasses define the words given theta.

    Parameters
    ----------
    n_topics, init, exclusivity, hidden, dropout, topic_rate, evidence_words, seeds, seed_strength, against, salient,
    against_strength, response, response_strength, encoder_input
        See `Story`.
    languages, translations, dictionary, translation_strength
        See `Story`.
    alpha : float or sequence of n_topics floats
        Dirichlet concentration of the topic proportions; with small values, documents have few topics.
    theta_dropout : float
        Fraction of topic proportions that dropout zeroes in training.
    bound : str or Objective
        The bound to maximise. ``elbo`` is the ELBO with the analytic KL, ``iwae`` the importance-weighted bound with 5
        samples. For other options give an object, such as ``topicml.objectives.IWAE(k=20)``.
    kl_warmup : float
        Fraction of training over which the weight of the KL grows from 0 to 1 (``bound="elbo"``).
    free_bits : float
        The KL of each topic has no gradient below this value in nats (``bound="elbo"``).
    few_topics : int
        Largest number of topics for which the initial posterior has unit variance over the batch. With more topics, it
        is narrower, because the noise of many topics hides the leading topic of a document (`topicml.nn.BagEncoder`).
    prevalence : str, optional
        Formula of the fields that tell which topics to expect in a document, such as ``~ treatment * party + s(day)``:
        the prior mean of z depends on them (`topicml.nn.prior.CovariatePrior`). The documents must be a `Corpus` with
        these fields. `topicml.explore.effects` estimates the effect of each term on the share of each topic.
    prevalence_penalty : float
        Strength of the normal prior of the effects in z of covariates with unit variance: its variance is 1 / penalty.
    time : str, optional
        Field with the times of documents: the words and the shares of topics move from slice to slice
        (`topicml.nn.deviations.GroupDeviations`). The documents must be a `Corpus` with this field. `topics_at` returns
        the words of a slice, and `topicml.explore.drift` tells what moved.
    by : {"year", "quarter", "month", "week", "day"}, int or None
        The slices of `time`: a calendar unit, or a number of slices of equal width. By default the shortest unit with
        at most 40 slices and enough documents in each; each whole number; or 10 slices
        (`topicml.corpus.slices.Slices`).
    content : str, optional
        Field with 2 to 50 levels, such as a rating or a source: topics have words of their own in each level.
    deviation : float
        How far the words of topics differ by `time` or `content`: the standard deviation of the change of a log-weight
        from one slice to the next, or from all documents to a level.
    parents : int or sequence of int, optional
        Number of parents of the topics, such as 8 broad subjects of 50 topics; or the numbers of the nodes of several
        levels from the root, such as ``(4, 12)``. Which topic has which parent is learned in training
        (`topicml.nn.tree.TopicTree`); `tree_` of the fitted model has the result.
    parents_strength : float
        Weight of how well the parents alone describe the documents (`topicml.objectives.TreeTerm`). With 0, topics keep
        the parents that they start with.
    """

    alpha: float | Sequence[float] = 0.1
    theta_dropout: float = 0.0
    bound: Any = "elbo"
    kl_warmup: float = 0.0
    free_bits: float = 0.0
    few_topics: int = 50
    prevalence: str | None = None
    prevalence_penalty: float = 1.0
    time: str | None = None
    by: str | int | None = None
    content: str | None = None
    deviation: float = 0.1
    parents: int | Sequence[int] | None = None
    parents_strength: float = 1.0

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        laplace_dirichlet(self.alpha, self.n_topics)
        require(0 <= self.theta_dropout < 1, "theta_dropout", self.theta_dropout, "in [0, 1)")
        require(0 <= self.kl_warmup <= 1, "kl_warmup", self.kl_warmup, "a fraction of training, in [0, 1]")
        require(self.free_bits >= 0, "free_bits", self.free_bits, "at least 0")
        require(self.few_topics >= 1, "few_topics", self.few_topics, "at least 1")
        require(self.prevalence_penalty >= 0, "prevalence_penalty", self.prevalence_penalty, "at least 0")
        require(self.parents_strength >= 0, "parents_strength", self.parents_strength, "at least 0")
        _check_levels(self.parents, self.levels)
        if self.prevalence is not None:
            parsed(self.prevalence)
        if self.time is not None and self.content is not None:
            raise InputError("Topics cannot differ by time and by content in one model: set `time` or `content`.")
        if self.languages and (self.time is not None or self.content is not None):
            raise InputError(
                "Topics of several languages cannot differ by time or content: set `languages`, or `time` or `content`."
            )
        if self.by is not None and self.time is None:
            raise InputError(
                f"by={self.by!r} divides a field of times into slices: set `time` to the name of the field."
            )
        is_number = isinstance(self.by, int) and not isinstance(self.by, bool) and self.by >= 2
        require(
            self.by is None or self.by in SLICES or is_number,
            "by",
            self.by,
            f"one of {', '.join(SLICES)}, or a number of slices from 2",
        )
        require(self.deviation > 0, "deviation", self.deviation, "positive")
        is_bound = self.bound in BOUNDS if isinstance(self.bound, str) else callable(self.bound)
        require(is_bound, "bound", self.bound, f"one of {', '.join(BOUNDS)}, or an objective")

    @property
    def levels(self) -> tuple[int, ...]:
        """Number of nodes of each level of the tree, from the root; the topics are the last level."""
        above = () if self.parents is None else np.atleast_1d(self.parents).tolist()
        return (*above, self.n_topics)

    def network_of(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values; see `Story.network_of`. With `parents`, it has a tree."""
        network = super().network_of(**values)
        if self.parents is not None:
            network.tree = TopicTree(self.n_topics, self.levels[:-1])
        return network

    def components(self) -> dict[str, Objective]:
        """Return new losses of the components that are switched on; see `Story.components`."""
        tree = {} if self.parents is None else {"tree": TreeTerm(self.parents_strength)}
        return super().components() | tree

    def losses(self) -> dict[str, Objective]:
        """Return the bound, under its name, and the penalties of what depends on fields of the documents."""
        return self._bound() | self._penalties()

    def _penalties(self) -> dict[str, Objective]:
        """The losses of the parameters that depend on fields of the documents."""
        penalties: dict[str, Objective] = {}
        if self.prevalence is not None:
            penalties["prevalence"] = PrevalencePenalty(self.prevalence_penalty)
        if self.time is not None or self.content is not None:
            penalties["deviations"] = DeviationPenalty()
        return penalties

    def _bound(self) -> dict[str, Objective]:
        if not isinstance(self.bound, str):
            return {"elbo": self.bound}
        options = {"kl_warmup": self.kl_warmup, "free_bits": self.free_bits} if self.bound == "elbo" else {}
        return {self.bound: BOUNDS[self.bound](**options)}

    def encoder(self, n_words: int) -> BagEncoder:
        """Make the encoder of documents over `n_words` words."""
        return BagEncoder(n_words, self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=self.few_topics)


def log_frequency(documents: Documents) -> np.ndarray:
    """Return the log relative frequency of each word, with half a count added: float64, (n_words,)."""
    frequency = np.asarray(documents.counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
    return np.log(frequency / frequency.sum())


def _check_levels(parents: Any, levels: Sequence[Any]) -> None:
    """Raise `InputError` unless the levels are growing numbers of nodes."""
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in levels):
        raise InputError(f"parents={parents!r} must be a whole number, or a sequence of them, such as (4, 12).")
    if parents is not None and (len(levels) < 2 or levels[0] < 2):
        raise InputError(f"parents={parents!r} needs at least 2 nodes at each level. Leave parents out for no tree.")
    if any(above >= below for above, below in pairwise(levels)):
        raise InputError(
            f"parents={parents!r} with n_topics={levels[-1]}: each level must have fewer nodes than the level below "
            "it. Give numbers that grow from the root, and fewer than topics."
        )
