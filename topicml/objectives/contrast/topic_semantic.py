"""Topic-semantic contrast: documents of the same quantised topic are positives, all others are negatives."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import TOPIC_VECTORS, Contrast, resolve_view
from topicml.objectives.contrast.logits import dots, unit
from topicml.objectives.objective import Loss
from topicml.objectives.views import UserViews, View

_FLOOR = 1e-10  # keeps the log of a sum of negatives finite, as in the authors' code


class TopicSemantic(Contrast):
    """Attract documents of the same topic code, and repel documents of other codes.

    With u the topic vector, s_ij = cos(u_i, u_j) / tau, P_i the documents of i's code and
    ``log N_i = log sum_{j not in P_i} exp(s_ij)`` (positives are not in the denominator):

    - without views ``-weight * mean_i (1/|P_i|) sum_{j in P_i} (s_ij - log N_i)``. P_i contains i, so a document that
      is the only one of its code still repels others;
    - with m - 1 views of each document, where i runs over all m n texts and V_i are the other texts of the same
      document,
      ``-weight * m * mean_i [mean_{j in V_i} (s_ij - log N_i) + same_weight * mean_{j in P_i - i} (s_ij - log N_i)]``.

    The codes are those of the original documents: from the network's quantiser, or, for a network without one, the
    largest topics. A text without negatives in its batch does not contribute. Otherwise all documents would keep one
    code once they share it.

    - Inputs: any documents; views are optional.
    - Cost: a pass of the encoder per view, and (m n)^2 cosines.
    - When to use: in `TSCTM`, which uses it by default; with other models as a contrast by topics instead of documents.
    - Relations: with one code per document it is decoupled InfoNCE; with labels as codes it is supervised contrast
      without positives in the denominator.

    Parameters
    ----------
    view : str, View or None
        Makes the views. None: the views that the user passes to `fit`, or no views.
    vector : str
        The topic vector, see `Contrast`; ``z`` in the paper.
    temperature : float, optional
        tau; positive. By default 0.5 without views and 0.07 with them, as in the paper.
    weight : float, optional
        Weight of the loss, at least 0. By default 1 without views and 3 with them.
    same_weight : float
        Weight of documents of the same code relative to views, at least 0.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if the views have other rows or words than the
        documents.

    References
    ----------
    Wu, Luu & Dong, Mitigating data sparsity for short text topic modeling by topic-semantic contrastive learning,
    EMNLP 2022, section 3.3.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import TopicSemantic
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=TopicSemantic(weight=0.5), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    def __init__(
        self,
        *,
        view: str | View | None = None,
        vector: str = "z",
        temperature: float | None = None,
        weight: float | None = None,
        same_weight: float = 0.001,
    ) -> None:
        require(temperature is None or temperature > 0, "temperature", temperature, "positive")
        for name, value in (("weight", weight), ("same_weight", same_weight)):
            if value is not None and not value >= 0:
                raise InputError(f"{name} must not be negative; received {value!r}.")
        torch.nn.Module.__init__(self)
        self.view, self.vector, self.temperature = view, vector, temperature  # type: ignore[assignment]
        self.weight, self.same_weight = weight, same_weight
        self._positive_view = None if view is None else resolve_view(view, "view")
        self._negative_view = None
        check_choice(vector, TOPIC_VECTORS, "vector")
        self._vector_of = TOPIC_VECTORS[vector]
        self._views: tuple[csr_matrix, ...] = ()

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Keep the user's views, or prepare `view`; see `Contrast.prepare`."""
        if self._positive_view is not None:
            self._positive_view.prepare(documents)
            return
        counts = documents.counts
        for position, view in enumerate(documents.views):
            if view.shape != counts.shape:
                raise InputError(
                    f"View {position} holds {view.shape[0]} documents of {view.shape[1]} words; the documents are "
                    f"{counts.shape[0]} of {counts.shape[1]}. Pass views of the same documents, in the same words."
                )
        self._views = tuple(_never_empty(view, counts) for view in documents.views)

    @property
    def reads_views(self) -> bool:
        """Whether the views are those that the user passed to `fit`."""
        return self._positive_view is None or isinstance(self._positive_view, UserViews)

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        codes = _codes(posterior, network)
        encoded = [posterior, *(network.encode_view(view) for view in self._texts(batch, posterior, network))]
        vectors = torch.stack([self._vector_of(each) for each in encoded])
        return Loss(self.loss_of_codes(vectors, codes))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss with one view and with the largest entries of `anchor` as codes; see `Contrast.loss`."""
        return self.loss_of_codes(torch.stack([anchor, positive]), anchor.argmax(dim=-1))

    def loss_of_codes(self, vectors: Tensor, codes: Tensor) -> Tensor:
        """Compute the loss of topic vectors and codes.

        Parameters
        ----------
        vectors : Tensor, (m, n_docs, n_topics)
            Topic vectors of m texts of each document.
        codes : Tensor, int64, (n_docs,)
            Topic codes of the documents.

        Returns
        -------
        Tensor
            The loss, a scalar: the mean over documents.
        """
        has_views = len(vectors) > 1
        temperature = self.temperature or (0.07 if has_views else 0.5)
        weight = (3.0 if has_views else 1.0) if self.weight is None else self.weight
        return weight * topic_semantic_loss(vectors, codes, temperature=temperature, same_weight=self.same_weight)

    def _texts(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Sequence[Batch]:
        """The views of the batch; there may be none."""
        if self._positive_view is not None:
            return self._positive_view(batch, posterior, network)
        rows = batch.rows.cpu().numpy()
        texts = [Batch.from_counts(view, rows).to(batch.rows.device) for view in self._views]
        return [replace(each, covariates=batch.covariates, groups=batch.groups) for each in texts]


def topic_semantic_loss(vectors: Tensor, codes: Tensor, *, temperature: float, same_weight: float) -> Tensor:
    """Compute the loss of `TopicSemantic` with weight 1.

    Parameters
    ----------
    vectors : Tensor, (m, n_docs, n_topics)
        Topic vectors of m texts of each document.
    codes : Tensor, int64, (n_docs,)
        Topic codes of the documents.
    temperature, same_weight : float
        See `TopicSemantic`.

    Returns
    -------
    Tensor
        The loss, a scalar: the sum over texts divided by n_docs.
    """
    n_texts, n_docs = vectors.shape[:2]
    texts = unit(vectors.flatten(0, 1))
    logits = dots(texts, texts) / temperature  # (n_texts * n_docs, n_texts * n_docs)
    document = torch.arange(n_docs, device=codes.device).repeat(n_texts)
    same = codes[document].unsqueeze(1) == codes[document]
    floor = logits.new_full((len(logits), 1), math.log(_FLOOR))
    log_negatives = torch.cat([logits.masked_fill(same, -torch.inf), floor], dim=1).logsumexp(dim=1)
    diagonal = torch.eye(len(logits), dtype=torch.bool, device=codes.device)
    if n_texts == 1:
        score = _masked_mean(logits, same) - log_negatives
    else:
        views = (document.unsqueeze(1) == document) & ~diagonal
        score = _masked_mean(logits, views) - log_negatives
        score = score + same_weight * (_masked_mean(logits, same & ~diagonal) - log_negatives)
    has_negatives = (~same).any(dim=1)
    return -torch.where(has_negatives, score, 0.0).sum() / n_docs


def _never_empty(view: csr_matrix, counts: csr_matrix) -> csr_matrix:
    """Replace empty rows of `view` by those of `counts`."""
    empty = np.diff(view.indptr) == 0
    if not empty.any():
        return view
    return (view + sparse.diags(empty.astype(counts.dtype), dtype=counts.dtype) @ counts).tocsr()


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of each row of `values` over the columns in `mask`."""
    return (values * mask).sum(dim=1) / mask.sum(dim=1)


def _codes(posterior: Posterior, network: TopicNetwork) -> Tensor:
    """The documents' codes from the network's quantiser, or their largest topics."""
    quantiser = getattr(network, "quantiser", None)
    return posterior.loc.argmax(dim=-1) if quantiser is None else quantiser.codes(posterior.theta_mean)
