"""Views that are other documents: of the same label, or of the same time."""

from abc import abstractmethod

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View, prepared
from topicml.objectives.views.fields import codes_of, field_of, numbers_of


class _OtherDocument(View):
    """Another document of the corpus; a document without a mate is its own."""

    field: str

    def __init__(self, field: str) -> None:
        self.field = field
        self._counts: csr_matrix | None = None
        self._order = np.empty(0, dtype=np.int64)  # rows of the documents that may be mates, in order of their value
        self._place = np.empty(0, dtype=np.int64)  # where a row stands in `_order`; -1 for nowhere

    def _keep(self, documents: Documents, values: np.ndarray, known: np.ndarray) -> None:
        counts, rows = documents.counts, documents.training_rows
        candidates = rows[known[rows]]
        self._order = candidates[np.argsort(values[candidates], kind="stable")]
        self._place = np.full(counts.shape[0], -1)
        self._place[self._order] = np.arange(len(self._order))
        self._counts = counts

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The mates, drawn anew each time."""
        prepared(self._counts, self)
        assert self._counts is not None
        rows = batch.rows.cpu().numpy()
        place = self._place[rows]
        mates = rows.copy()
        placed = place >= 0
        if placed.any():
            mates[placed] = self._order[self._drawn(place[placed], torch.rand(int(placed.sum())).double().numpy())]
        return (Batch.from_counts(self._counts, mates).to(batch.counts.device),)

    @abstractmethod
    def _drawn(self, place: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """Places of the mates of the documents at `place`, by random numbers in [0, 1)."""


class LabelMates(_OtherDocument):
    """Another document of the same label: supervised contrast.

    Needs a field of labels; documents without one, or alone with theirs, are their own view. Holds two numbers a
    document. Other documents of the same label in a batch still count as negatives: with few labels, `SoftLabels` or
    `KernelConditional` of the same field do better.

    Parameters
    ----------
    field : str
        The corpus's field of labels.

    References
    ----------
    Khosla et al., Supervised contrastive learning, NeurIPS 2020.
    """

    def __init__(self, field: str = "label") -> None:
        super().__init__(field)
        self._codes = np.empty(0, dtype=np.int64)  # the labels, in order

    def prepare(self, documents: Documents) -> None:
        """Group the documents by label."""
        codes = codes_of(field_of(documents, self.field, "The view 'label_mates'"))
        self._keep(documents, codes, codes >= 0)
        self._codes = codes[self._order]

    def _drawn(self, place: np.ndarray, chance: np.ndarray) -> np.ndarray:
        first = np.searchsorted(self._codes, self._codes[place], side="left")
        size = np.searchsorted(self._codes, self._codes[place], side="right") - first
        step = 1 + np.floor(chance * (size - 1)).astype(np.int64)  # 1, ..., size - 1; 1 where alone
        return first + (place - first + step) % size


class TimeMates(_OtherDocument):
    """A document of about the same time: one of the `nearest` before or the `nearest` after it.

    Needs a field of times or numbers. Serves corpora whose topics come and go, such as news.

    Parameters
    ----------
    field : str
        The corpus's field: numbers, datetimes, or strings of ISO dates.
    nearest : int
        How many documents on either side to draw from.
    """

    def __init__(self, field: str = "time", nearest: int = 5) -> None:
        super().__init__(field)
        self.nearest = nearest
        if nearest < 1:
            raise InputError(f"nearest must be at least 1; received {nearest!r}.")

    def prepare(self, documents: Documents) -> None:
        """Put the documents in order of time."""
        who = "The view 'time_mates'"
        times = numbers_of(field_of(documents, self.field, who), self.field, who)
        self._keep(documents, times, np.isfinite(times))

    def _drawn(self, place: np.ndarray, chance: np.ndarray) -> np.ndarray:
        first = np.maximum(place - self.nearest, 0)
        last = np.minimum(place + self.nearest, len(self._order) - 1)
        drawn = first + np.floor(chance * (last - first)).astype(np.int64)  # first, ..., last - 1
        return np.where(last > first, drawn + (drawn >= place), place)
