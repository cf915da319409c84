"""Seeds: words by which some topics are known before the fit."""

from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory
from topicml.objectives.objective import Objective
from topicml.objectives.seeds import SeedTerm
from topicml.starting import seeds_from, starting_topics


class WithSeeds(BaseStory):
    """A story whose first topics may have seeds.

    Parameters
    ----------
    seeds : mapping of str to sequence of str, path, or Seeds, optional
        Words of the first topics by the names of these, such as ``{"delivery": ["late", "parcel"]}``, or a TOML or CSV
        file of them (`topicml.starting.Seeds`). Topic 0 has the first name, and so on; the other topics are free.
    seed_strength : float
        How strongly seeds hold their topics and documents (`topicml.objectives.SeedTerm`). With 0 they only decide how
        topics start.
    """

    seeds: Any = None
    seed_strength: float = 10.0

    def __post_init__(self) -> None:
        self.seeds = seeds_from(self.seeds)  # a file is read once
        super().__post_init__()

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.seed_strength >= 0, "seed_strength", self.seed_strength, "at least 0")
        if self.seeds is not None and len(self.seeds) > self.n_topics:
            raise InputError(
                f"There are seeds for {len(self.seeds)} topics, and n_topics={self.n_topics}. Use at least as many "
                "topics, or seeds of fewer."
            )

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if the seeds have no word of the documents."""
        super().check_documents(documents)
        if self.seeds is not None:
            self.seeds.check(documents)

    def components(self) -> dict[str, Objective]:
        """Return new losses of components; with seeds, also theirs."""
        losses = super().components()
        if self.seeds is not None and self.seed_strength:
            losses["seeds"] = SeedTerm(self.seeds, strength=self.seed_strength)
        return losses

    @property
    def topic_names(self) -> tuple[str | None, ...]:
        """The name of each topic; None for topics without seeds."""
        names = () if self.seeds is None else self.seeds.names
        return (*names, *[None] * (self.n_topics - len(names)))

    def starting_topics(self, documents: Documents, seed: int) -> np.ndarray:
        """Compute the starting topics, of which the first have the seeds; see `BaseStory.starting_topics`."""
        if self.seeds is None:
            return super().starting_topics(documents, seed)
        return starting_topics(documents, self.n_topics, self.start, seed=seed, seeds=self.seeds)
