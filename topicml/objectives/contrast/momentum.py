"""MoCo: a slowly moving encoder and a queue of documents as negatives."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.objective import Loss
from topicml.objectives.views import View


class MomentumQueue(Contrast):
    """InfoNCE against keys of a momentum encoder: those of the batch, and a queue of those of earlier batches.

    With q the topic vectors of the network's encoder and k those of a copy of it that follows by
    ``w_k <- momentum w_k + (1 - momentum) w`` and gets no gradient:
    ``-mean_i log(e(q_i, k_i) / (e(q_i, k_i) + sum_{j != i} e(q_i, k_j) + sum_{m in Q_i} e(q_i, m)))``,
    ``e = exp(cos / tau)``, in both directions: each view queries the other's key. Q_i are the queue's keys that are
    hard negatives of document i: by similarity, those after the first `skip` share, which are likely of its topic, up
    to the first `keep` share.

    Needs nothing but the view. Costs a pass of the encoder for a view, two of the copy without gradient, memory for the
    copy and the queue (4096 keys of 50 topics: 0.8 MB), and n_docs * queue cosines twice. Use it where batches must be
    small and topics are many.

    Parameters
    ----------
    queue : int
        Keys that are remembered; of a corpus of fewer than twice as many documents, half, so that a document seldom
        meets an earlier key of its own.
    momentum : float
        How slowly the copy follows. The paper's 0.999 is for a million steps, a topic model takes hundreds.
    skip, keep : float
        Shares of the queue, ``0 <= skip < keep <= 1``.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.07, then 0.2.

    References
    ----------
    He, Fan, Wu, Xie & Girshick, MoCo, CVPR 2020; Chen et al., v2, 2020. Dual view and hard negatives after
    arXiv 2501.16360.
    """

    queued: Tensor  # (queue, n_topics), of length 1
    n_queued: Tensor
    oldest: Tensor

    def __init__(
        self,
        *,
        queue: int = 4096,
        momentum: float = 0.99,
        skip: float = 0.05,
        keep: float = 0.5,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.queue, self.momentum, self.skip, self.keep = queue, momentum, skip, keep
        require(queue >= 1, "queue", queue, "at least 1")
        require(0 <= momentum < 1, "momentum", momentum, "at least 0 and below 1")
        require(0 <= skip < keep <= 1, "skip", skip, f"at least 0 and below keep={keep!r}, which is at most 1")
        self.key_encoder: nn.Module | None = None
        self.register_buffer("queued", torch.zeros(queue, 0))
        self.register_buffer("n_queued", torch.zeros((), dtype=torch.int64))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.int64))

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Copy the encoder and make room for the queue; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.key_encoder is None:
            self.key_encoder = copy.deepcopy(network.encoder).requires_grad_(False)
            n_keys = max(1, min(self.queue, len(documents.training_rows) // 2))
            self.queued = network.prior_loc.new_zeros(n_keys, len(network.prior_loc))

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents. The copy follows first, and the keys are queued last."""
        if self.key_encoder is None:
            raise InputError("MomentumQueue has no encoder of keys. Call its prepare(documents) first.")
        views = self._views_of(batch, posterior, network)
        first, second = self._pair(posterior, views, network)
        queries = self._vector_of(first), self._vector_of(second)
        keys = self._keys(network.encoder, [batch, *views][-2:])
        loss = (self._one_way(queries[0], keys[1]) + self._one_way(queries[1], keys[0])) / 2
        self._enqueue(keys[1])
        return Loss(loss)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics), the other view's as keys; these are not queued."""
        there, back = self._one_way(anchor, positive.detach()), self._one_way(positive, anchor.detach())
        return (there + back) / 2

    def _one_way(self, query: Tensor, key: Tensor) -> Tensor:
        logits = cosines(query, key) / self.temperature
        earlier = self.queued[: int(self.n_queued)].clone()  # of the present keys: the next step queues others
        rivals = without_diagonal(logits)
        if len(earlier) and earlier.shape[1] == query.shape[1]:
            rivals = torch.cat([rivals, self._hard(cosines(query, earlier)) / self.temperature], dim=-1)
        return cross_entropy(logits.diagonal(), rivals).mean()

    def _hard(self, similarity: Tensor) -> Tensor:
        """Of `similarity` (n_docs, n_queued), each document's hard negatives; at least one."""
        n = similarity.shape[1]
        first = min(round(self.skip * n), n - 1)
        last = max(round(self.keep * n), first + 1)
        nearest = similarity.topk(last, dim=1, sorted=False).values
        return -(-nearest).topk(last - first, dim=1, sorted=False).values  # twice faster than to sort them

    @torch.no_grad()
    def _keys(self, encoder: nn.Module, views: Sequence[Batch]) -> list[Tensor]:
        assert self.key_encoder is not None
        # The copy is made before the network goes to its device.
        self.key_encoder.to(next(encoder.parameters()).device)
        for slow, fast in zip(self.key_encoder.parameters(), encoder.parameters(), strict=True):
            slow.lerp_(fast, 1 - self.momentum)
        encode: Any = self.key_encoder.train(encoder.training)
        return [self._vector_of(encode(view)) for view in views]

    @torch.no_grad()
    def _enqueue(self, keys: Tensor) -> None:
        size = len(self.queued)
        keys = unit(keys)[-size:].to(self.queued)
        place = (self.oldest + torch.arange(len(keys), device=self.oldest.device)) % size
        self.queued[place] = keys
        self.oldest.copy_((self.oldest + len(keys)) % size)
        self.n_queued.copy_((self.n_queued + len(keys)).clamp_max(size))
