"""What a view is."""

from abc import ABC, abstractmethod
from typing import ClassVar

from topicml.corpus.documents import Documents
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
            Their counts; where they came as a corpus, their fields and the order of their words; other texts of them
            that the user brought; and which rows are trained on.

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
        raise InputError(f"{type(view).__name__} has not seen the documents. Call its prepare(documents) first.")
