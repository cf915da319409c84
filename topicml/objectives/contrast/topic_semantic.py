"""Topic-semantic contrast: documents of the same quantised topic are positives, of another negatives."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.checks import check_choice
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
    """Topic-semantic contrast: similar documents share a topic code, dissimilar ones do not.

    With u the topic vector, s_ij = cos(u_i, u_j) / tau, P_i the documents of i's code and
    ``log N_i = log sum_{j not in P_i} exp(s_ij)``, positives are not in the denominator:

    - without views ``-weight * mean_i (1/|P_i|) sum_{j in P_i} (s_ij - log N_i)``, P_i holding i, so that a document
      alone in its code still pushes others away;
    - with m - 1 views of each document, i running over all m n texts and V_i being the others of the same document,
      ``-weight * m * mean_i [mean_{j in V_i} (s_ij - log N_i) + same_weight * mean_{j in P_i - i} (s_ij - log N_i)]``.

    The codes are those of the original documents: of the network's quantiser, or, for a network without one, the
    largest topics. A text without negatives in its batch adds nothing: were it to add its positives, all documents of
    one code, once together, would stay so.

    Needs nothing; views are optional. Costs a pass of the encoder a view, and (m n)^2 cosines.

    Parameters
    ----------
    view : str, View or None
        What makes views; None for the views that the user brings to `fit`, or, if there are none, for no views.
    vector : str
        The topic vector: ``z`` as in the paper, or others (see `Contrast`).
    temperature : float, optional
        tau; by default 0.5 without views and 0.07 with them, as in the paper.
    weight : float, optional
        By default 1 without views and 3 with them.
    same_weight : float
        Weight of the documents of the same code beside that of views.

    References
    ----------
    Wu, Luu & Dong, Mitigating data sparsity for short text topic modeling by topic-semantic contrastive learning,
    EMNLP 2022, section 3.3.
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
        if temperature is not None and not temperature > 0:
            raise InputError(f"temperature must be positive; received {temperature!r}.")
        for name, value in (("weight", weight), ("same_weight", same_weight)):
            if value is not None and not value >= 0:
                raise InputError(f"{name} must not be negative; received {value!r}.")
        torch.nn.Module.__init__(self)
        self.view, self.vector, self.temperature = view, vector, temperature  # type: ignore[assignment]
        self.weight, self.same_weight = weight, same_weight
        self._make_view = None if view is None else resolve_view(view, "view")
        self._make_negative = None
        check_choice(vector, TOPIC_VECTORS, "vector")
        self._vector_of = TOPIC_VECTORS[vector]
        self._views: tuple[csr_matrix, ...] = ()

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read what is needed of the training documents: see `Contrast.prepare`."""
        if self._make_view is not None:
            self._make_view.prepare(documents)
            return
        counts = documents.counts
        for position, view in enumerate(documents.views):
            if view.shape != counts.shape:
                raise InputError(
                    f"View {position} holds {view.shape[0]} documents of {view.shape[1]} words; the documents are "
                    f"{counts.shape[0]} of {counts.shape[1]}. Give views of the same documents, in the same words."
                )
        self._views = tuple(_never_empty(view, counts) for view in documents.views)

    @property
    def reads_views(self) -> bool:
        """Whether the views are those that the user brought to `fit`."""
        return self._make_view is None or isinstance(self._make_view, UserViews)

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents."""
        codes = _codes(posterior, network)
        encoded = [posterior, *(network.encode_view(view) for view in self._texts(batch, posterior, network))]
        vectors = torch.stack([self._vector_of(each) for each in encoded])
        return Loss(self.loss_of_codes(vectors, codes))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics) and of one view, by the largest entries of `anchor`."""
        return self.loss_of_codes(torch.stack([anchor, positive]), anchor.argmax(dim=-1))

    def loss_of_codes(self, vectors: Tensor, codes: Tensor) -> Tensor:
        """The loss of the topic vectors of m texts a document (m, n_docs, n_topics) and their codes (n_docs,)."""
        viewed = len(vectors) > 1
        temperature = self.temperature or (0.07 if viewed else 0.5)
        weight = (3.0 if viewed else 1.0) if self.weight is None else self.weight
        return weight * topic_semantic_loss(vectors, codes, temperature=temperature, same_weight=self.same_weight)

    def _texts(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Sequence[Batch]:
        if self._make_view is not None:
            return self._make_view(batch, posterior, network)
        rows = batch.rows.cpu().numpy()
        return [Batch.from_counts(view, rows).to(batch.rows.device) for view in self._views]


def topic_semantic_loss(vectors: Tensor, codes: Tensor, *, temperature: float, same_weight: float) -> Tensor:
    """The loss of `TopicSemantic` with weight 1.

    Parameters
    ----------
    vectors : Tensor, (m, n_docs, n_topics)
        Topic vectors of m texts of each document.
    codes : Tensor, int64, (n_docs,)
        Topic codes of the documents.
    temperature, same_weight : float
        See `TopicSemantic`.
    """
    n_texts, n_docs = vectors.shape[:2]
    texts = unit(vectors.flatten(0, 1))
    similarity = dots(texts, texts) / temperature  # (texts, texts), texts = m * n_docs
    document = torch.arange(n_docs, device=codes.device).repeat(n_texts)
    same = codes[document].unsqueeze(1) == codes[document]
    floor = similarity.new_full((len(similarity), 1), math.log(_FLOOR))
    log_negatives = torch.cat([similarity.masked_fill(same, -torch.inf), floor], dim=1).logsumexp(dim=1)
    itself = torch.eye(len(similarity), dtype=torch.bool, device=codes.device)
    if n_texts == 1:
        score = _mean(similarity, same) - log_negatives
    else:
        views = (document.unsqueeze(1) == document) & ~itself
        score = _mean(similarity, views) - log_negatives
        score = score + same_weight * (_mean(similarity, same & ~itself) - log_negatives)
    opposed = (~same).any(dim=1)
    return -torch.where(opposed, score, 0.0).sum() / n_docs


def _never_empty(view: csr_matrix, counts: csr_matrix) -> csr_matrix:
    """The view, with the document itself where the view has no words."""
    empty = np.diff(view.indptr) == 0
    return (
        (view + sparse.diags(empty.astype(counts.dtype), dtype=counts.dtype) @ counts).tocsr() if empty.any() else view
    )


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of each row of `values` over the columns of `mask`."""
    return (values * mask).sum(dim=1) / mask.sum(dim=1)


def _codes(posterior: Posterior, network: TopicNetwork) -> Tensor:
    quantiser = getattr(network, "quantiser", None)
    return posterior.loc.argmax(dim=-1) if quantiser is None else quantiser.codes(posterior.theta_mean)
