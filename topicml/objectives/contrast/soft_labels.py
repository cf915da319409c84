"""Soft contrast: how alike documents should be is a matter of degree."""

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines
from topicml.objectives.contrast.similarity import TfidfSimilarity
from topicml.objectives.views import View
from topicml.objectives.views.fields import codes_of, field_of


class SoftLabels(Contrast):
    """Topic vectors are to be as alike as the documents' words are, or their labels.

    ``(CE(softmax_j(y_ij / tau'), softmax_j(s_ij / tau)) + CE(softmax_j(y_ij / tau'), softmax_j(s_ji / tau))) / 2``, the
    mean over documents, s_ij the cosine of anchor i and positive j, and y_ij the likeness of documents i and j: the
    cosine of their tf-idf vectors, or of a field's vectors, or whether a field's values are equal. As tau' falls to 0,
    it is InfoNCE in both directions (for a field: supervised contrast).

    Needs nothing but the view, or a corpus with the field. Costs one more pass of the encoder a view, and sparse
    products of the batch's documents. Use it where other documents of the same topic are common in a batch: they are
    not pushed apart.

    Parameters
    ----------
    field : str, optional
        The corpus's field of labels, or of vectors. None: tf-idf. Documents without a value are like themselves alone.
    target_temperature : float
        tau'. The paper's is 0.35, for vectors of label texts; cosines of tf-idf are mostly near 0, and would give a
        nearly even target with it: at 0.1 and 200 documents, a document alone keeps 99 % of its own.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    References
    ----------
    Burdisso, Madikeri & Motlicek, Dialog2Flow: pre-training soft-contrastive action-driven sentence embeddings for
    automatic dialog flow extraction, EMNLP 2024.
    """

    def __init__(
        self,
        *,
        field: str | None = None,
        target_temperature: float = 0.1,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.field, self.target_temperature = field, target_temperature
        self._similarity: TfidfSimilarity | None = None
        self._values: Tensor | None = None  # codes (n_docs,), or vectors (n_docs, size)
        require(target_temperature > 0, "target_temperature", target_temperature, "positive")

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Count the documents that hold each word, or read the field; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is None:
            self._similarity = TfidfSimilarity(documents.counts)
            return
        values = field_of(documents, self.field, "SoftLabels")
        vectors = values.ndim == 2
        self._values = torch.from_numpy(values.astype(np.float32) if vectors else codes_of(values))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        return soft_loss(
            cosines(anchor, positive) / self.temperature, self._alike(batch).to(anchor) / self.target_temperature
        )

    @torch.no_grad()
    def _alike(self, batch: Batch) -> Tensor:
        """y, (n_docs, n_docs)."""
        if self._similarity is not None:
            return self._similarity(batch)
        if self._values is None:
            raise InputError("SoftLabels has not seen the documents. Call its prepare(documents) first.")
        self._values = self._values.to(batch.rows.device)
        values = self._values[batch.rows]
        if values.ndim == 2:
            alike = cosines(values.nan_to_num(), values.nan_to_num())
        else:
            alike = ((values.unsqueeze(1) == values) & (values >= 0)).float()
        return alike.fill_diagonal_(1.0)


def soft_loss(logits: Tensor, target_logits: Tensor) -> Tensor:
    """Mean cross-entropy of rows and of columns of `logits` (n, n) from the softmax of the rows of `target_logits`."""
    target = target_logits.softmax(dim=-1)
    there = (target * logits.log_softmax(dim=-1)).sum(dim=-1)
    back = (target * logits.mT.log_softmax(dim=-1)).sum(dim=-1)
    return -(there + back).mean() / 2
