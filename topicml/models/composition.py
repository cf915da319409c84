"""The parts of a topic model, and how they are assembled for training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.grouping import Grouping
from topicml.corpus.languages import word_blocks
from topicml.corpus.model_matrix import ModelMatrix
from topicml.corpus.slices import Slices
from topicml.errors import InputError
from topicml.models.group_words import led_by_group
from topicml.models.inference import documents_led, words_of_topics
from topicml.models.parts.base import DOCUMENT_VECTORS
from topicml.models.parts.languages import PAIR_WEIGHTS, WORD_PAIRS
from topicml.models.ranking import WordRanking, ranking_from
from topicml.models.response import LinearResponse
from topicml.models.story import Story
from topicml.nn.deviations import GroupDeviations
from topicml.nn.document_vectors import reading
from topicml.nn.evidence import WordEvidence
from topicml.nn.network import TopicNetwork
from topicml.nn.prior import CovariatePrior
from topicml.nn.process import single_precision
from topicml.nn.ranks import from_first, share_of_rows, summed_array, summed_sparse
from topicml.nn.seeding import seeded
from topicml.nn.word_blocks import Blocks
from topicml.objectives import contrast_from
from topicml.objectives.objective import Objective
from topicml.objectives.response import ResponseTerm
from topicml.pareto import Balance, balance_from
from topicml.starting import with_translations, word_vectors
from topicml.training import Step, Training, WithCovariates, WithNeighbours, WithTargets, warm_start

_GROUP_DIMENSION = 100  # of the word vectors by which topics differ between groups


_DEVIATION_RATE = 4.0  # as a factor of the learning rate


@dataclass(frozen=True)
class Composition:
    """The parts of a topic model: story, training settings, contrasts and their balance.

    Attributes
    ----------
    story : Story
        The generative model.
    training : Training
        The training settings.
    contrast, balance_setting : object
        The arguments ``contrast`` and ``balance`` of the model: names or objects.
    ranking_setting : object
        The argument ``ranking`` of the model: a name or an object.
    """

    story: Story
    training: Training
    contrast: Any
    balance_setting: Any
    ranking_setting: Any = "smoothed"

    def contrasts(self, *, with_views: bool = False) -> dict[str, Any]:
        """Return what is balanced against the losses: new contrasts and components, as the history names them."""
        return {**contrast_from(self.contrast, with_views=with_views), **self.story.balanced()}

    def balance(self) -> Balance:
        """Return a new balance without accumulated state."""
        return balance_from(self.balance_setting)

    def ranking(self) -> WordRanking:
        """Return the ranking of words."""
        return ranking_from(self.ranking_setting)

    def word_vectors(self, documents: Documents, seed: int) -> np.ndarray | None:
        """Compute the word vectors of the ranking.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of random choices.

        Returns
        -------
        ndarray, float32, (n_words, dimension), or None
            As `WordRanking.vectors` returns them.
        """
        part = documents.training_part(self.story.start.max_tokens)
        return self.ranking().vectors(part, seed, self.word_blocks(part.vocabulary))

    def documents_led(self, network: TopicNetwork, documents: Documents) -> np.ndarray:
        """Count the training documents of each word that each topic leads, for the ranking and the evidence of words.

        Parameters
        ----------
        network : TopicNetwork
            Trained.
        documents : Documents
            The training documents.

        Returns
        -------
        ndarray, float32, (n_topics, n_words)
            As `topicml.models.inference.documents_led` returns them.
        """
        return self._counted(documents_led, network, documents)

    def words_of_topics(self, network: TopicNetwork, documents: Documents) -> np.ndarray:
        """Count the words of the training documents by topic, for the tree.

        Parameters
        ----------
        network : TopicNetwork
            Trained.
        documents : Documents
            The training documents.

        Returns
        -------
        ndarray, float32, (n_topics, n_words)
            As `topicml.models.inference.words_of_topics` returns them.
        """
        return self._counted(words_of_topics, network, documents)

    def _counted(self, count: Callable[..., np.ndarray], network: TopicNetwork, documents: Documents) -> np.ndarray:
        """Count in the training documents that the start reads, each rank in its share of them."""
        part = documents.training_part(self.story.start.max_tokens)
        with reading(embeddings_of(part)):
            rows = share_of_rows(part.not_empty)
            return summed_array(count(network, part.counts, rows, covariates=part.covariates))

    def led_by_group(self, network: TopicNetwork, documents: Documents) -> csr_matrix | None:
        """Count the training documents of each word and group that each topic leads, for the words of groups.

        Parameters
        ----------
        network : TopicNetwork
            Trained.
        documents : Documents
            The training documents.

        Returns
        -------
        csr_matrix, float32, (n_groups * n_topics, n_words), or None
            As `topicml.models.group_words.led_by_group` returns them; None if topics are the same in all documents.
        """
        part = documents.training_part(self.story.start.max_tokens)
        covariates = part.covariates
        if network.deviations is None or covariates is None or covariates.groups is None:
            return None
        with reading(embeddings_of(part)):
            rows, n_groups = share_of_rows(part.not_empty), network.deviations.n_groups
            return summed_sparse(led_by_group(network, part.counts, rows, covariates=covariates, n_groups=n_groups))

    def word_blocks(self, vocabulary: Sequence[str] | None) -> Blocks | None:
        """The words of each language; None if the story has no languages."""
        return list(word_blocks(vocabulary).values()) if self.story.languages else None

    def evidence(self, documents_led: np.ndarray | None, blocks: Blocks | None = None) -> WordEvidence | None:
        """Make what `transform` adds to the encoder.

        Parameters
        ----------
        documents_led : ndarray, (n_topics, n_words), or None
            As `documents_led` returns them; None in a model of an earlier version.
        blocks : sequence of slice, optional
            The words of each language.

        Returns
        -------
        WordEvidence or None
            None without the counts, or if ``evidence_words`` of the story is 0.
        """
        max_words = self.story.evidence_words
        if not max_words or documents_led is None:
            return None
        return WordEvidence(documents_led, max_words=max_words, blocks=blocks)

    def sampler(self, documents: Documents, rows: np.ndarray, *, seed: int) -> Any:
        """Make the batches of a story, with the covariates of the documents and what is to be reconstructed.

        Parameters
        ----------
        documents : Documents
            The documents.
        rows : ndarray of int
            Rows to train on.
        seed : int
            Seed of the shuffles.

        Returns
        -------
        BatchSampler
            Or another sampler with the same methods.
        """
        batches = self.story.sampler(documents, rows, batch_size=self.training.batch_size, seed=seed)
        batches, neighbours = self.with_parts(batches, documents), self.story.neighbours_of(documents)
        if neighbours is None:
            return batches
        targets = self.story.targets_of(documents)
        weights = documents.counts if targets is None else targets.weights
        return WithNeighbours(batches, weights, neighbours, share=self.story.neighbour_share, seed=seed)

    def with_parts(self, batches: Any, documents: Documents) -> Any:
        """Add to batches of documents what the losses read of them besides words.

        Parameters
        ----------
        batches : BatchSampler
            Of these documents.
        documents : Documents
            With covariates, or a corpus with targets, if the story reads them.

        Returns
        -------
        BatchSampler
            Or another sampler with the same methods.
        """
        if documents.covariates is not None:
            batches = WithCovariates(batches, documents.covariates)
        targets = self.story.targets_of(documents)
        return batches if targets is None else WithTargets(batches, targets.weights)

    def network(
        self,
        documents: Documents,
        seed: int,
        model_matrix: ModelMatrix | None = None,
        grouping: Grouping | None = None,
    ) -> tuple[TopicNetwork, dict[str, list[int]]]:
        """Make an untrained network for documents.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of the starting values and of the random weights.
        model_matrix : ModelMatrix, optional
            The covariates on which the prior depends.
        grouping : Slices or Levels, optional
            The groups in which topics differ.

        Returns
        -------
        network : TopicNetwork
            On the CPU.
        shapes : dict of str to list of int
            Shapes of the starting values; a saved model needs them to rebuild the network.
        """
        part = documents.training_part(self.story.start.max_tokens)
        translations = self.story.translations_of(part)
        start = part if translations is None else with_translations(part, translations)
        story = self.story.starting_once()
        with single_precision():
            values = from_first(lambda: story.starting_values(start, seed))
        if translations is not None:
            values[WORD_PAIRS], values[PAIR_WEIGHTS] = translations.pairs()
        given = embeddings_of(documents)
        if self.story.reads_embeddings:
            if given is None:
                raise InputError(
                    f"encoder_input={self.story.encoder_input!r} needs a corpus with embeddings, and these documents "
                    "have none: corpus.with_embeddings(encoder), or topicml fit --encoder or --embeddings. With "
                    "encoder_input='words' none are needed."
                )
            values[DOCUMENT_VECTORS] = np.zeros(given.size, dtype=np.float32)
        try:
            with seeded(seed):
                network = self.story.network_of(**values)
                self.story.adapt(network, len(documents.training_rows))
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
                raise
            raise InputError(
                f"The network does not fit into memory, with {documents.counts.shape[1]:,} words and "
                f"n_topics={self.story.n_topics}, hidden={self.story.hidden}. Choose smaller numbers, or fewer words "
                "(max_features)."
            ) from error
        vectors = None
        if grouping is not None:
            size, options = min(_GROUP_DIMENSION, part.counts.shape[1]), self.story.start.vectors
            with single_precision():
                vectors = from_first(lambda: word_vectors(part.counts, dimension=size, seed=seed, start=options))
        add_covariates(network, self.story, model_matrix, grouping, vectors)
        if network.deviations is not None:
            count_present(network.deviations, documents)
        network.word_blocks = self.word_blocks(documents.vocabulary)
        own = type(network)
        if network.word_blocks and (own.words is not TopicNetwork.words or own.model is not TopicNetwork.model):
            raise InputError(f"{_name(self.story)} cannot have words for each language. Use ProdLDA or ETM.")
        if self.story.start.reads_embeddings:
            rows, topics = from_first(lambda: _encoder_start(story, start, seed))
            with reading(embeddings_of(part)):
                warm_start(network, part.counts, rows, topics, seed=seed)
        return network, {name: list(value.shape) for name, value in values.items()}

    def losses(self) -> dict[str, Objective]:
        """Return new losses of the story and of its components, by name."""
        return {**self.story.losses(), **self.story.components()}

    @staticmethod
    def response(step: Step) -> LinearResponse | None:
        """Return the prediction of the response that a step has trained; None without a response."""
        term = step.contrasts["response"] if "response" in step.contrasts else None  # noqa: SIM401 - a ModuleDict
        return LinearResponse.of(term) if isinstance(term, ResponseTerm) else None

    def step(
        self,
        network: TopicNetwork,
        documents: Documents,
        training: Training,
        *,
        seed: int,
        device: torch.device,
        response: LinearResponse | None = None,
    ) -> Step:
        """Make a training step, with objectives prepared for the documents.

        Parameters
        ----------
        network : TopicNetwork
            The network to train.
        documents : Documents
            The training documents.
        training : Training
            The training settings.
        seed : int
            Seed of all noise.
        device : torch.device
            Device for the network.
        response : LinearResponse, optional
            The prediction of the response from which training goes on.

        Returns
        -------
        Step
        """
        losses = self.losses()
        prepare(losses, documents, network, training.batch_size, seed)
        contrasts = self.contrasts(with_views=bool(documents.views))
        if response is not None and "response" in contrasts:
            response.give_to(contrasts["response"])
        strength = max((contrast.strength for contrast in contrasts.values()), default=1.0)
        balance = None if not contrasts else self.balance().for_length(documents.mean_length / strength)
        prepare(contrasts, documents, network, training.batch_size, seed)
        return Step(
            network,
            losses,
            training,
            rates=[*self.story.rates(network), *_rates_of_deviations(network)],
            contrasts=contrasts,
            balance=balance,
            seed=seed,
            device=device,
        )


def _encoder_start(story: Story, documents: Documents, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of documents, and the topic of each from which the encoder starts."""
    clusters = story.document_clusters(documents, seed)
    if story.start.is_from_clusters:
        return clusters.rows, clusters.labels
    return clusters.rows, clusters.votes(documents, story.starting_topics(documents, seed))


def embeddings_of(documents: Documents) -> Embeddings | None:
    """The embeddings of the documents, if they have some."""
    return None if documents.corpus is None else documents.corpus.embeddings


def _rates_of_deviations(network: TopicNetwork) -> list[tuple[torch.Tensor, float]]:
    """Deviations of groups start at 0, and a group has few documents: they need a larger learning rate."""
    return [] if network.deviations is None else [(each, _DEVIATION_RATE) for each in network.deviations.parameters()]


def add_covariates(
    network: TopicNetwork,
    story: Story,
    model_matrix: ModelMatrix | None,
    grouping: Grouping | None,
    vectors: np.ndarray | None,
) -> None:
    """Give a network the parts that depend on fields of documents, untrained.

    Parameters
    ----------
    network : TopicNetwork
        Changed in place.
    story : Story
        Its story.
    model_matrix : ModelMatrix or None
        The covariates on which the prior depends.
    grouping : Slices, Levels or None
        The groups in which topics differ.
    vectors : ndarray, (n_words, dimension), or None
        Word vectors of the deviations of groups.

    Raises
    ------
    InputError
        If the decoder has no topics that can differ by group.
    """
    if model_matrix is not None:
        network.covariates = CovariatePrior(story.n_topics, model_matrix.means, model_matrix.scales)
    if grouping is not None:
        if not hasattr(network.decoder, "by_group"):
            raise InputError(
                f"The topics of {_name(story)} cannot differ by group. Use ProdLDA or ETM, or leave out time=… and "
                "content=…."
            )
        network.deviations = GroupDeviations(
            torch.as_tensor(vectors),
            n_groups=grouping.n,
            n_topics=story.n_topics,
            deviation=getattr(story, "deviation", 1.0),
            ordered=isinstance(grouping, Slices),
        )


def _name(story: Story) -> str:
    """The name of the model of a story, for messages."""
    return type(story).__name__.removesuffix("Story")


def count_present(deviations: GroupDeviations, documents: Documents) -> None:
    """Add the training documents of each group with each word to those that are counted.

    Parameters
    ----------
    deviations : GroupDeviations
        Changed in place.
    documents : Documents
        With groups.
    """
    if documents.covariates is None or documents.covariates.groups is None:
        return
    rows, groups = documents.training_rows, documents.covariates.groups[documents.training_rows]
    for group in np.unique(groups[groups >= 0]):
        counts = documents.counts[rows[groups == group]].sign().sum(axis=0)
        counted = torch.as_tensor(np.asarray(counts, dtype=np.float32).ravel())
        deviations.present[group] += counted.to(deviations.present.device)


def prepare(
    objectives: Any,
    documents: Documents,
    network: TopicNetwork,
    batch_size: int,
    seed: int,
) -> None:
    """Prepare objectives for documents, in place.

    Parameters
    ----------
    objectives : mapping of str to Objective
        Losses or contrasts.
    documents : Documents
        The training documents.
    network : TopicNetwork
        The network to train.
    batch_size : int
        Documents per step.
    seed : int
        Seed of random choices.
    """
    with seeded(seed):
        for objective in objectives.values():
            if hasattr(objective, "prepare"):  # `bound` may be a plain function
                objective.prepare(documents, network=network, batch_size=batch_size)
