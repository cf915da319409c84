"""The parts that a topic model is made of, and how they become a training run."""

from dataclasses import dataclass
from typing import Any

import torch

from topicml.corpus.documents import Documents
from topicml.models.story import Story
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded
from topicml.objectives import contrast_from
from topicml.objectives.contrast import Contrast
from topicml.pareto import Balance, balance_from
from topicml.training import Step, Training


@dataclass(frozen=True)
class Composition:
    """A story, how it is trained, and its contrasts with their balance.

    Attributes
    ----------
    story : Story
        The generative model.
    training : Training
        Length and speed of training.
    contrast, balance_setting : object
        What was given as ``contrast`` and ``balance``.
    """

    story: Story
    training: Training
    contrast: Any
    balance_setting: Any

    def contrasts(self, *, with_views: bool = False) -> dict[str, Contrast]:
        """New contrastive objectives, by the names that the history uses."""
        return contrast_from(self.contrast, with_views=with_views)

    def balance(self) -> Balance:
        """A new balance without accumulated state."""
        return balance_from(self.balance_setting)

    def network(self, documents: Documents, seed: int) -> tuple[TopicNetwork, dict[str, list[int]]]:
        """An untrained network for the documents, and the shapes of its starting values."""
        values = self.story.starting_values(documents, seed)
        with seeded(seed):
            network = self.story.network(**values)
        return network, {name: list(value.shape) for name, value in values.items()}

    def step(
        self, network: TopicNetwork, documents: Documents, training: Training, *, seed: int, device: torch.device
    ) -> Step:
        """A training step for the network, with its objectives prepared for the documents."""
        losses = self.story.losses()
        prepare(losses, documents, network, training.batch_size, seed)
        contrasts = self.contrasts(with_views=bool(documents.views))
        prepare(contrasts, documents, network, training.batch_size, seed)
        return Step(
            network,
            losses,
            training,
            rates=self.story.rates(network),
            contrasts=contrasts,
            balance=self.balance() if self.contrast is not None else None,
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
    """Let objectives read what they need of the documents, with random numbers from `seed`.

    Parameters
    ----------
    objectives : mapping of str to Objective
        Prepared in place.
    documents : Documents
        What they are trained on.
    network : TopicNetwork
        What is trained.
    batch_size : int
        Documents per step.
    seed : int
        Seed of random choices.
    """
    with seeded(seed):
        for objective in objectives.values():
            if hasattr(objective, "prepare"):  # a user's bound may be a plain function
                objective.prepare(documents, network=network, batch_size=batch_size)
