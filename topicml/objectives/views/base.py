"""The base class of views."""

from abc import ABC, abstractmethod
from typing import ClassVar

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.settings import Settings


class View(Settings, ABC):
    """Base of the views: make, of each document of a batch, one or two documents with the same topics.

    Views draw random numbers from torch's global generator, which the training loop seeds at every step. They never
    change the batch that they receive.

    Attributes
    ----------
    gives_negatives : bool
        Whether `negative` is implemented.
    """

    gives_negatives: ClassVar[bool] = False
    field: str | None = None
    """The corpus field that the view reads."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the corpus fields that the view reads."""
        return () if self.field is None else (self.field,)

    def prepare(self, documents: Documents) -> None:
        """Read what the view needs of the training documents, once, before training.

        Parameters
        ----------
        documents : Documents
            Their counts; if they came as a corpus, their fields and the order of their words; the user's views of them;
            and the rows to train on.

        Raises
        ------
        InputError
            If the documents lack something that the view needs.
        """

    @abstractmethod
    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, ...]:
        """Make positives.

        Parameters
        ----------
        batch : Batch
            Documents.
        posterior : Posterior
            What the network's encoder returns for them.
        network : TopicNetwork
            The network in training.

        Returns
        -------
        tuple of Batch
            One batch: a positive of each document. Or two batches: document i of the first and document i of the second
            are positives of each other.
        """

    def negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Batch:
        """Make, for each document, a negative example: a document with different topics.

        Parameters
        ----------
        batch, posterior, network
            As in `__call__`.

        Returns
        -------
        Batch
            A negative of each document.

        Raises
        ------
        InputError
            If the view makes no negatives.
        """
        raise InputError(f"{type(self).__name__} makes no negatives; 'tfidf' does.")

    def with_negative(
        self, batch: Batch, posterior: Posterior, network: TopicNetwork
    ) -> tuple[tuple[Batch, ...], Batch]:
        """Make positives and negatives in one call; views override it to share work between them.

        Parameters
        ----------
        batch, posterior, network
            As in `__call__`.

        Returns
        -------
        positives : tuple of Batch
            The result of `__call__`.
        negative : Batch
            The result of `negative`.
        """
        return self(batch, posterior, network), self.negative(batch, posterior, network)
