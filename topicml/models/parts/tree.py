"""A tree: topics have parents, which are learned in training."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from topicml.checks import require
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory
from topicml.nn.network import TopicNetwork
from topicml.nn.tree import TopicTree
from topicml.objectives.objective import Objective
from topicml.objectives.tree import TreeTerm


class WithTree(BaseStory):
    """A story whose topics may have parents.

    Parameters
    ----------
    parents : int or sequence of int, optional
        Number of parents of the topics, such as 8 broad subjects of 50 topics; or the numbers of parents at several
        levels from the root, such as ``(4, 12)``. Which topic has which parent is learned in training
        (`topicml.nn.tree.TopicTree`); `parents_` of the fitted model has the result. Seeds may name parents: the topics
        ``sport/football`` and ``sport/tennis`` have the parent ``sport``.
    parents_strength : float
        Weight of how well the parents alone describe the documents (`topicml.objectives.TreeTerm`). With 0, topics keep
        the parents that they start with.
    """

    parents: int | Sequence[int] | None = None
    parents_strength: float = 1.0

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.parents_strength >= 0, "parents_strength", self.parents_strength, "at least 0")
        _check_levels(self.parents, self.levels)
        names = list(dict.fromkeys(filter(None, self.names_of_parents)))
        if self.parents is not None and len(names) > self.levels[-2]:
            raise InputError(
                f"The seeds name {len(names)} parents ({', '.join(names)}), and parents={self.parents!r} is less. "
                "Set at least as many, or give seeds without the name of a parent."
            )

    @property
    def names_of_parents(self) -> tuple[str | None, ...]:
        """The parent that the seeds of each topic name: ``sport`` of ``sport/football``; None without one."""
        split = (name.partition("/") if name else ("", "", "") for name in self.topic_names)
        return tuple(parent.strip() or None if child.strip() else None for parent, _, child in split)

    @property
    def levels(self) -> tuple[int, ...]:
        """Number of parents at each level of the tree, from the root; the topics are the last level."""
        above = () if self.parents is None else np.atleast_1d(self.parents).tolist()
        return (*above, self.n_topics)

    def network_of(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values; see `BaseStory.network_of`. With `parents`, it has a tree."""
        network = super().network_of(**values)
        if self.parents is not None:
            with torch.no_grad():
                n_words = network.topic_word().shape[1]
            network.tree = TopicTree(self.n_topics, self.levels[:-1], self.names_of_parents, n_words=n_words)
        return network

    def components(self) -> dict[str, Objective]:
        """Return new losses of components; with parents, also that of the tree."""
        losses = super().components()
        if self.parents is not None:
            losses["tree"] = TreeTerm(self.parents_strength)
        return losses


def _check_levels(parents: Any, levels: Sequence[Any]) -> None:
    """Raise `InputError` unless the levels are growing numbers."""
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in levels):
        raise InputError(f"parents={parents!r} must be a whole number, or a sequence of them, such as (4, 12).")
    if parents is not None and (len(levels) < 2 or levels[0] < 2):
        raise InputError(f"parents={parents!r} needs at least 2 parents at each level. Leave parents out for no tree.")
    if any(above >= below for above, below in pairwise(levels)):
        raise InputError(
            f"parents={parents!r} with n_topics={levels[-1]}: there must be fewer parents than topics, and at "
            "each level fewer than at the one below. Give numbers that grow from the root, such as (4, 12)."
        )
