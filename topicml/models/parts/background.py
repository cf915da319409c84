"""A background: documents whose topics are not those that are looked for."""

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.parts.seeds import WithSeeds
from topicml.objectives.objective import Objective
from topicml.objectives.salient import SalientTerm
from topicml.starting import Against, topics_against


class WithBackground(WithSeeds):
    """A story whose last topics may be for what a background has not; seeds are of the topics before them.

    Parameters
    ----------
    against : str, optional
        The documents of the background, by a field and its value: ``"month=June"``. The last topics are then salient:
        they are for what the other documents have, and the background has not. `topicml.explore.contrast` tests
        whether new documents have it. The encoder does not read the field.
    salient : int
        Number of salient topics, if there is a background.
    against_strength : float
        How strongly salient topics are kept out of the background: as this number of words of each of its documents
        (`topicml.objectives.SalientTerm`). With 0 the background only decides how topics start.
    """

    against: str | None = None
    salient: int = 5
    against_strength: float = 10.0

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.against_strength >= 0, "against_strength", self.against_strength, "at least 0")
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

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that decide the fit; also that of the background."""
        return super().fields.union(() if self.against is None else [Against(self.against).field])

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if the documents have no background, or nothing else."""
        super().check_documents(documents)
        if self.against is not None:
            Against(self.against).check(documents)

    def components(self) -> dict[str, Objective]:
        """Return new losses of components; with a background, also that of the salient topics."""
        losses = super().components()
        if self.against is not None and self.against_strength:
            losses["salient"] = SalientTerm(self.against, salient=self.salient, strength=self.against_strength)
        return losses

    @property
    def salient_topics(self) -> range:
        """The topics of what the background has not: the last ones; none without a background."""
        return range(self.n_topics - (0 if self.against is None else self.salient), self.n_topics)

    def starting_topics(self, documents: Documents, seed: int) -> np.ndarray:
        """Compute the starting topics, of which the last are salient; see `BaseStory.starting_topics`."""
        is_spectral = isinstance(self.start.method, str) and self.start.method in ("npmi", "nmf")
        if self.against is None or not is_spectral:
            return super().starting_topics(documents, seed)
        against = Against(self.against)
        return topics_against(documents, self.n_topics, self.salient, against, self.start, seed=seed, seeds=self.seeds)
