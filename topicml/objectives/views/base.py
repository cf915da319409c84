"""What a view is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.settings import Settings


class View(Settings, ABC):
    """Makes, of every document of a batch, one or two documents that should have the same topics.

    Random numbers come from torch's global generator, which the training loop seeds at every step. The batch that a
    view is given is never changed.

    Attributes
    ----------
    gives_negatives : bool
        Whether `negative` makes documents that should have other topics.
    """

    gives_negatives: ClassVar[bool] = False

    def prepare(self, counts: csr_matrix, corpus: Corpus | None = None, views: Sequence[csr_matrix] = ()) -> None:
        """Read what the view needs of the training documents, once, before training.

        Parameters
        ----------
        counts : csr_matrix, (n_docs, n_words)
            The documents' counts.
        corpus : Corpus, optional
            The documents themselves, where they came as a corpus: their fields and the order of their words.
        views : sequence of csr_matrix, (n_docs, n_words)
            Other texts of the same documents that the user brought, in the same rows and columns.

        Raises
        ------
        InputError
            If something that the view needs is not there.
        """

    @abstractmethod
    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, ...]:
        """One batch: a positive of each document itself; or two batches: positives of each other."""

    def negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Batch:
        """A document a document whose topics should be others than its own."""
        raise InputError(f"{type(self).__name__} makes no negatives; 'tfidf' does.")

    def with_negative(
        self, batch: Batch, posterior: Posterior, network: TopicNetwork
    ) -> tuple[tuple[Batch, ...], Batch]:
        """What the call gives, and the `negative`, where both share work."""
        return self(batch, posterior, network), self.negative(batch, posterior, network)


def prepared(value: object, view: View) -> None:
    """Raise `InputError` where `value`, which `prepare` sets, is None."""
    if value is None:
        raise InputError(f"{type(view).__name__} has not seen the documents. Call its prepare(counts, corpus) first.")
