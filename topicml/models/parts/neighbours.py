"""Words of neighbours: in training, the likelihood reads words of similar documents in the place of some documents'."""

from typing import ClassVar

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.neighbours import EXACT
from topicml.errors import InputError, warn
from topicml.models.parts.base import BaseStory
from topicml.objectives.embedding_space import EmbeddingSpace

_NEIGHBOURS = 15
_DIMENSION = 50  # of vectors that are learned from the words
_IN_CLUSTER = 2500  # documents that are compared with each other, if there are too many to compare all


class WithNeighbourWords(BaseStory):
    """A story whose likelihood may reconstruct words of similar documents.

    Parameters
    ----------
    neighbour_share : float
        Probability, in each step, that a document is to reconstruct the words of one of its 15 nearest training
        documents in place of its own, in [0, 1]. A short text learns which other words it could have had. Documents are
        near by the vectors of their words, beside the embeddings of the corpus if it has some. The words of a neighbour
        are scaled to the number of words of the document. The encoder reads the words of the document, so `transform`,
        `score` and `perplexity` need no neighbours, and held-out documents are judged by their own words. 0: no
        neighbours.
    """

    neighbour_share: float = 0.0

    reconstructs_neighbours: ClassVar[bool] = True
    """Whether the likelihood can read words of other documents."""

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(0 <= self.neighbour_share <= 1, "neighbour_share", self.neighbour_share, "in [0, 1]")
        if self.neighbour_share and not self.reconstructs_neighbours:
            raise InputError(
                f"{type(self).__name__.removesuffix('Story')} predicts words from those around them, so it cannot "
                "reconstruct words of neighbours. Use another model, or leave out neighbour_share."
            )

    @property
    def fit_reads_embeddings(self) -> bool:
        """Whether the fit reads embeddings of the documents; contrasts aside."""
        return super().fit_reads_embeddings or self.neighbour_share > 0

    def neighbours_of(self, documents: Documents) -> np.ndarray | None:
        """The nearest training documents of each document; None without `neighbour_share`.

        Of more than `topicml.corpus.neighbours.EXACT` documents, those of the same k-means cluster.

        Parameters
        ----------
        documents : Documents
            The documents, and the rows to train on.

        Returns
        -------
        ndarray of int, (n_docs, 15), or None
            Rows of training documents, in no order. A document that is not trained on, or has no vector, is its own
            neighbour.
        """
        if not self.neighbour_share:
            return None
        n_docs = len(documents.training_rows)
        space = EmbeddingSpace(_DIMENSION, "neighbour_share")
        space.prepare(documents)
        clusters = space.clusters(documents, 1 if n_docs <= EXACT else n_docs // _IN_CLUSTER)
        if (clusters < 0).all():
            warn(
                f"neighbour_share={self.neighbour_share:g} has no effect here: the vectors of these documents do not "
                "tell which of them are near each other, because all are the same, or have single words."
            )
        return space.neighbours(documents, clusters, _NEIGHBOURS)
