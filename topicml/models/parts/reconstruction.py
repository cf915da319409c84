"""What the likelihood reconstructs of a document: its counts, or targets that came with the corpus."""

from typing import ClassVar

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.targets import Targets
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory

RECONSTRUCTIONS = ("counts", "targets")
"""What a likelihood may reconstruct."""


class WithReconstruction(BaseStory):
    """A story whose likelihood may reconstruct other words than the encoder reads.

    Parameters
    ----------
    reconstruct : {"counts", "targets"}
        What the bound reconstructs of a document in training: its word counts, or the targets of the corpus
        (`Corpus.with_targets`), such as the next-word distribution of a language model. The targets of a document are
        scaled to its number of words. The encoder reads the counts in both cases, so `transform`, `score` and
        `perplexity` need no targets.

    References
    ----------
    Li, Abaskohi, Li, Murray & Carenini, Improving topic modeling by distilling soft labels from language models, ICML
    2026.
    """

    reconstruct: str = "counts"

    reconstructs_targets: ClassVar[bool] = True
    """Whether the likelihood can read targets."""

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.reconstruct in RECONSTRUCTIONS, "reconstruct", self.reconstruct, "counts or targets")
        if self.reconstruct == "targets" and not self.reconstructs_targets:
            raise InputError(
                f"{type(self).__name__.removesuffix('Story')} predicts words from other words of a document, so it "
                "cannot reconstruct targets. Use ProdLDA, ETM, ECRTM or TSCTM, or leave out reconstruct='targets'."
            )

    def check_documents(self, documents: Documents) -> None:
        """Raise `InputError` if documents lack targets, or what another component needs."""
        super().check_documents(documents)
        self.targets_of(documents)

    def targets_of(self, documents: Documents) -> Targets | None:
        """The targets to reconstruct; None if counts are reconstructed.

        It raises `InputError` if the documents have no targets, or a document with words has none; rows are named.
        """
        if self.reconstruct == "counts":
            return None
        corpus = documents.corpus
        if corpus is None or corpus.targets is None:
            raise InputError(
                "reconstruct='targets' needs a corpus with targets, and these documents have none: "
                "corpus.with_targets(matrix), or topicml fit --targets FILE.npz."
            )
        corpus.targets.check_documents(documents.not_empty)  # a word that was left out may have had all of the weight
        return corpus.targets
