"""Soft contrast: the target is a degree of similarity of each pair of documents."""

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines
from topicml.objectives.contrast.similarity import TfidfSimilarity
from topicml.objectives.objective import not_prepared
from topicml.objectives.views import View
from topicml.objectives.views.fields import codes_of, field_of


class SoftLabels(Contrast):
    """Make topic vectors as similar as the documents' words, or their labels, are.

    ``(CE(softmax_j(y_ij / tau'), softmax_j(s_ij / tau)) + CE(softmax_j(y_ij / tau'), softmax_j(s_ji / tau))) / 2``, the
    mean over documents, where s_ij is the cosine of anchor i and positive j, and y_ij the similarity of documents i and
    j: the cosine of their tf-idf vectors, or of a field's vectors, or whether a field's values are equal. In the limit
    of tau' = 0 it is InfoNCE in both directions, or, with a field of labels, supervised contrast.

    - Inputs: any documents, or a corpus with the field.
    - Cost: one more pass of the encoder per view, and sparse products of the batch's documents.
    - When to use: if a batch has many documents of the same topic: they do not repel each other.
    - Relations: `InstanceWeighted` excludes similar documents from the negatives; `KernelConditional` compares
      documents by a field with a kernel; `LabelMates` is a view for supervision by labels.

    Parameters
    ----------
    field : str, optional
        The corpus field of labels, or of vectors. None: tf-idf. Documents without a value are similar only to
        themselves.
    target_temperature : float
        tau'; positive. The paper's is 0.35, for vectors of label texts. Cosines of tf-idf vectors are mostly near 0 and
        would give almost uniform targets with it; at 0.1 and 200 documents, a document without similar ones keeps 99 %
        of its target.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if the corpus does not have the field.

    References
    ----------
    Burdisso, Madikeri & Motlicek, Dialog2Flow: pre-training soft-contrastive action-driven sentence embeddings for
    automatic dialog flow extraction, EMNLP 2024.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import SoftLabels
    >>> tokens, labels = [["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8, ["pets", "money"] * 8
    >>> corpus = topicml.Corpus.from_tokens(tokens, fields={"label": labels})
    >>> contrast = SoftLabels(field="label")
    >>> contrast.fields
    ('label',)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
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
        """Compute the inverse document frequencies, or read the field; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is None:
            self._similarity = TfidfSimilarity(documents.counts)
            return
        values = field_of(documents, self.field, "SoftLabels")
        vectors = values.ndim == 2
        self._values = torch.from_numpy(values.astype(np.float32) if vectors else codes_of(values))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        target_logits = self._targets(batch).to(anchor) / self.target_temperature
        return soft_loss(cosines(anchor, positive) / self.temperature, target_logits)

    @torch.no_grad()
    def _targets(self, batch: Batch) -> Tensor:
        """The similarities y, (n_docs, n_docs)."""
        if self._similarity is not None:
            return self._similarity(batch)
        if self._values is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        self._values = self._values.to(batch.rows.device)
        values = self._values[batch.rows]
        if values.ndim == 2:
            targets = cosines(values.nan_to_num(), values.nan_to_num())
        else:
            targets = ((values.unsqueeze(1) == values) & (values >= 0)).float()
        return targets.fill_diagonal_(1.0)


def soft_loss(logits: Tensor, target_logits: Tensor) -> Tensor:
    """Compute the mean cross-entropy of the rows and of the columns of `logits` with soft targets.

    Parameters
    ----------
    logits : Tensor, (n_docs, n_docs)
        Logits of anchors (rows) and positives (columns).
    target_logits : Tensor, (n_docs, n_docs)
        The softmax of each row is the target of that row and of the same column of `logits`.

    Returns
    -------
    Tensor
        The loss, a scalar: the mean over documents and both directions.
    """
    target = target_logits.softmax(dim=-1)
    forth = (target * logits.log_softmax(dim=-1)).sum(dim=-1)
    back = (target * logits.mT.log_softmax(dim=-1)).sum(dim=-1)
    return -(forth + back).mean() / 2
