"""Views that are other documents: of the same label, or of about the same time."""

from abc import abstractmethod

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.checks import require
from topicml.corpus.covariates import Covariates
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import not_prepared
from topicml.objectives.views.base import View
from topicml.objectives.views.fields import codes_of, field_of, numbers_of


class _OtherDocument(View):
    """Another training document, by a field; a document without a partner is its own positive."""

    field: str

    def __init__(self, field: str) -> None:
        self.field = field
        self._counts: csr_matrix | None = None
        self._covariates: Covariates | csr_matrix | None = None
        self._sorted_rows = np.empty(0, dtype=np.int64)  # candidates, sorted by the field's value
        self._position = np.empty(0, dtype=np.int64)  # position of each row in `_sorted_rows`; -1 if not a candidate

    def _sort(self, documents: Documents, values: np.ndarray, valid: np.ndarray) -> None:
        """Sort the training rows with a valid value by that value."""
        counts, rows = documents.counts, documents.training_rows
        candidates = rows[valid[rows]]
        self._sorted_rows = candidates[np.argsort(values[candidates], kind="stable")]
        self._position = np.full(counts.shape[0], -1)
        self._position[self._sorted_rows] = np.arange(len(self._sorted_rows))
        self._counts, self._covariates = counts, documents.covariates

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Draw a partner of each document."""
        if self._counts is None:
            raise not_prepared(self)
        rows = batch.rows.cpu().numpy()
        position = self._position[rows]
        partners = rows.copy()
        has_position = position >= 0
        if has_position.any():
            uniform = torch.rand(int(has_position.sum())).double().numpy()
            partners[has_position] = self._sorted_rows[self._draw(position[has_position], uniform)]
        found = Batch.from_counts(self._counts, partners).with_covariates(self._covariates)
        return (found.to(batch.counts.device),)

    @abstractmethod
    def _draw(self, position: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Positions of partners of the documents at `position`, from random numbers `uniform` in [0, 1)."""


class LabelMates(_OtherDocument):
    """Another document of the same label: supervised contrast.

    - Inputs: a corpus with a field of labels. A document without a label, or the only one of its label, is its own
      positive.
    - Cost: two integers per document.
    - When to use: with many labels. Other documents of the same label in the batch still count as negatives.
    - Relations: a model with a response (``response="label"``) learns to predict the labels.

    Parameters
    ----------
    field : str
        The corpus field of labels.

    References
    ----------
    Khosla et al., Supervised contrastive learning, NeurIPS 2020.

    Examples
    --------
    >>> import topicml
    >>> tokens, labels = [["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8, ["pets", "money"] * 8
    >>> corpus = topicml.Corpus.from_tokens(tokens, fields={"label": labels})
    >>> contrast = topicml.SetContrast(view="label_mates")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __init__(self, field: str = "label") -> None:
        super().__init__(field)
        self._codes = np.empty(0, dtype=np.int64)  # label codes of `_sorted_rows`, ascending

    def prepare(self, documents: Documents) -> None:
        """Group the training documents by label; see `View.prepare`."""
        codes = codes_of(field_of(documents, self.field, "The view 'label_mates'"))
        self._sort(documents, codes, codes >= 0)
        self._codes = codes[self._sorted_rows]

    def _draw(self, position: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        first = np.searchsorted(self._codes, self._codes[position], side="left")
        size = np.searchsorted(self._codes, self._codes[position], side="right") - first
        step = 1 + np.floor(uniform * (size - 1)).astype(np.int64)  # 1, ..., size - 1; 1 if size is 1
        return first + (position - first + step) % size


class TimeMates(_OtherDocument):
    """A document of about the same time: one of the `nearest` before it or the `nearest` after it.

    - Inputs: a corpus with a field of times or numbers. A document without a value is its own positive.
    - Cost: two integers per document.
    - When to use: if topics come and go, as in news.
    - Relations: a model with ``time=`` lets the words of topics change over time.

    Parameters
    ----------
    field : str
        The corpus field: numbers, datetimes, or strings with ISO dates.
    nearest : int
        Number of candidates on either side, at least 1.

    Raises
    ------
    InputError
        If `nearest` is out of range.

    Examples
    --------
    >>> import topicml
    >>> tokens, days = [["cat", "dog", "pet"]] * 8 + [["tax", "bank", "loan"]] * 8, list(range(16))
    >>> corpus = topicml.Corpus.from_tokens(tokens, fields={"time": days})
    >>> contrast = topicml.SetContrast(view="time_mates")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __init__(self, field: str = "time", nearest: int = 5) -> None:
        super().__init__(field)
        self.nearest = nearest
        require(nearest >= 1, "nearest", nearest, "at least 1")

    def prepare(self, documents: Documents) -> None:
        """Sort the training documents by time; see `View.prepare`."""
        reader = "The view 'time_mates'"
        times = numbers_of(field_of(documents, self.field, reader), self.field, reader)
        self._sort(documents, times, np.isfinite(times))

    def _draw(self, position: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        first = np.maximum(position - self.nearest, 0)
        last = np.minimum(position + self.nearest, len(self._sorted_rows) - 1)
        draws = first + np.floor(uniform * (last - first)).astype(np.int64)  # first, ..., last - 1
        return np.where(last > first, draws + (draws >= position), position)
