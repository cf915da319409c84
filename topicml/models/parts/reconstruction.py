"""What the likelihood reconstructs of a document: its counts, targets that came with the corpus, or its neighbours."""

from typing import ClassVar

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.neighbours import EXACT
from topicml.corpus.targets import Targets
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory
from topicml.objectives.embedding_space import EmbeddingSpace

RECONSTRUCTIONS = ("counts", "neighbours", "targets")
"""What a likelihood may reconstruct."""

SHARE_OF_NEIGHBOURS = 0.5
"""Probability that a document is to reconstruct a neighbour in place of itself."""

_NEIGHBOURS = 15
_DIMENSION = 50  # of vectors that are learned from the words
_IN_CLUSTER = 2500  # documents that are compared with each other, if there are too many to compare all


class WithReconstruction(BaseStory):
    """A story whose likelihood may reconstruct other words than the encoder reads.

    Parameters
    ----------
    reconstruct : {"counts", "neighbours", "targets"}
        What the bound reconstructs of a document in training. ``counts``: its words. ``neighbours``: in each step, with
        a probability of one half, the words of one of its 15 nearest training documents in place of its own. Documents
        are near by the vectors of their words, beside the embeddings of the corpus if it has some. ``targets``: the
        targets of the corpus (`Corpus.with_targets`), such as the next-word distribution of a language model. Words of
        neighbours and targets are scaled to the number of words of the document. The encoder reads the counts in all
        cases, so `transform`, `score` and `perplexity` need neither; nor do held-out documents, except for targets.

    References
    ----------
    Li, Abaskohi, Li, Murray & Carenini, Improving topic modeling by distilling soft labels from language models, ICML
    2026 (targets). Words of neighbours are an addition of topicml.
    """

    reconstruct: str = "counts"

    reconstructions: ClassVar[tuple[str, ...]] = RECONSTRUCTIONS
    """What the likelihood of the story can reconstruct."""

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.reconstruct in RECONSTRUCTIONS, "reconstruct", self.reconstruct, "counts, neighbours or targets")
        if self.reconstruct not in self.reconstructions:
            raise InputError(
                f"{type(self).__name__.removesuffix('Story')} predicts words from other words of a document, so it "
                f"cannot reconstruct {self.reconstruct}. Use ProdLDA, ETM, ECRTM or TSCTM, or "
                f"reconstruct={' or '.join(map(repr, self.reconstructions))}."
            )

    @property
    def fit_reads_embeddings(self) -> bool:
        """Whether the fit reads embeddings of the documents; those of contrasts aside."""
        return super().fit_reads_embeddings or self.reconstruct == "neighbours"

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if documents lack targets, or what another component needs."""
        super().check_documents(documents)
        self.targets_of(documents)

    def targets_of(self, documents: Documents) -> Targets | None:
        """The targets of the corpus, if the story reconstructs them.

        It raises `InputError` if the documents have no targets, or a document with words has none; rows are named.
        """
        if self.reconstruct != "targets":
            return None
        corpus = documents.corpus
        if corpus is None or corpus.targets is None:
            raise InputError(
                "reconstruct='targets' needs a corpus with targets, and these documents have none: "
                "corpus.with_targets(matrix), or topicml fit --targets FILE.npz. reconstruct='neighbours' needs none."
            )
        corpus.targets.check_documents(documents.not_empty)  # a word that was left out may have had all of the weight
        return corpus.targets

    def neighbours_of(self, documents: Documents) -> np.ndarray | None:
        """The nearest training documents of each document, if the story reconstructs them.

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
        if self.reconstruct != "neighbours":
            return None
        n_docs = len(documents.training_rows)
        space = EmbeddingSpace(_DIMENSION, "reconstruct='neighbours'")
        space.prepare(documents)
        clusters = space.clusters(documents, 1 if n_docs <= EXACT else n_docs // _IN_CLUSTER)
        return space.neighbours(documents, clusters, _NEIGHBOURS)
