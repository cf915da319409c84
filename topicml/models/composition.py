"""The parts of a topic model, and how they are assembled for training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from topicml.corpus.documents import Documents
from topicml.models.inference import documents_led
from topicml.models.ranking import WordRanking, ranking_from
from topicml.models.story import Story
from topicml.nn.evidence import WordEvidence
from topicml.nn.network import TopicNetwork
from topicml.nn.process import single_precision
from topicml.nn.ranks import from_first, share_of_rows, summed_array
from topicml.nn.seeding import seeded
from topicml.objectives import contrast_from
from topicml.objectives.contrast import Contrast
from topicml.pareto import Balance, balance_from
from topicml.training import Step, Training


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

    def contrasts(self, *, with_views: bool = False) -> dict[str, Contrast]:
        """Return new contrastive objectives, under the names that the history uses."""
        return contrast_from(self.contrast, with_views=with_views)

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
        return self.ranking().vectors(documents.training_part(self.story.start.max_tokens), seed)

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
        part = documents.training_part(self.story.start.max_tokens)
        return summed_array(documents_led(network, part.counts, share_of_rows(part.not_empty)))

    def evidence(self, documents_led: np.ndarray | None) -> WordEvidence | None:
        """Make what `transform` adds to the encoder.

        Parameters
        ----------
        documents_led : ndarray, (n_topics, n_words), or None
            As `documents_led` returns them; None in a model of an earlier version.

        Returns
        -------
        WordEvidence or None
            None without the counts, or if ``evidence_words`` of the story is 0.
        """
        max_words = self.story.evidence_words
        return WordEvidence(documents_led, max_words=max_words) if max_words and documents_led is not None else None

    def network(self, documents: Documents, seed: int) -> tuple[TopicNetwork, dict[str, list[int]]]:
        """Make an untrained network for documents.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of the starting values and of the random weights.

        Returns
        -------
        network : TopicNetwork
            On the CPU.
        shapes : dict of str to list of int
            Shapes of the starting values; a saved model needs them to rebuild the network.
        """
        with single_precision():
            part = documents.training_part(self.story.start.max_tokens)
            values = from_first(lambda: self.story.starting_values(part, seed))
        with seeded(seed):
            network = self.story.network(**values)
        return network, {name: list(value.shape) for name, value in values.items()}

    def step(
        self, network: TopicNetwork, documents: Documents, training: Training, *, seed: int, device: torch.device
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

        Returns
        -------
        Step
        """
        losses = self.story.losses()
        prepare(losses, documents, network, training.batch_size, seed)
        contrasts = self.contrasts(with_views=bool(documents.views))
        strength = max((contrast.strength for contrast in contrasts.values()), default=1.0)
        balance = None if self.contrast is None else self.balance().for_length(documents.mean_length / strength)
        prepare(contrasts, documents, network, training.batch_size, seed)
        return Step(
            network,
            losses,
            training,
            rates=self.story.rates(network),
            contrasts=contrasts,
            balance=balance,
            seed=seed,
            device=device,
        )


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
