"""MoCo: a momentum encoder, and a queue of earlier documents as negatives."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.objective import Loss, not_prepared
from topicml.objectives.views import View


class MomentumQueue(Contrast):
    """InfoNCE with keys from a momentum encoder: those of the batch, and a queue of those of earlier batches.

    Queries q are topic vectors from the network's encoder. Keys k are topic vectors from a copy of the encoder whose
    weights follow by ``w_k <- momentum w_k + (1 - momentum) w`` and get no gradient:
    ``-mean_i log(e(q_i, k_i) / (e(q_i, k_i) + sum_{j != i} e(q_i, k_j) + sum_{m in Q_i} e(q_i, m)))``,
    ``e = exp(cos / tau)``, averaged over both directions: each view queries the key of the other. Q_i are the keys in
    the queue that are hard negatives of document i: sorted by decreasing similarity, those between the first `skip`
    share, which probably share its topic, and the first `keep` share.

    - Inputs: any documents.
    - Cost: a pass of the encoder for a view, two passes of the copy without gradient, memory for the copy and the
      queue (4096 keys of 50 topics: 0.8 MB), and twice n_docs * queue cosines.
    - When to use: with small batches and many topics.
    - Relations: without a queue and with ``momentum=0`` it is `InfoNCE` in both directions, with keys that carry no
      gradient.

    Parameters
    ----------
    queue : int
        Number of keys in the queue, at least 1. If the corpus has fewer than twice as many training documents, the
        queue holds half as many keys as documents, so that it rarely contains an earlier key of the same document.
    momentum : float
        Weight of the old weights in each update, in [0, 1). The paper's 0.999 is for a million steps; a topic model
        takes hundreds.
    skip, keep : float
        Shares of the queue; ``0 <= skip < keep <= 1``.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.07, and 0.2 in version 2.

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    He, Fan, Wu, Xie & Girshick, MoCo, CVPR 2020; Chen et al., Improved baselines with momentum contrastive learning,
    2020. Both directions and hard negatives follow arXiv 2501.16360.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import MomentumQueue
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=MomentumQueue(queue=64), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    reads_encoder = True  # for the copy

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
        """Copy the encoder and allocate the queue; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.key_encoder is None:
            self.key_encoder = copy.deepcopy(network.encoder).requires_grad_(False)
            n_keys = max(1, min(self.queue, len(documents.training_rows) // 2))
            self.queued = network.prior_loc.new_zeros(n_keys, len(network.prior_loc))

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Update the momentum encoder, compute the loss of a batch, and queue its keys; see `Objective.__call__`."""
        if self.key_encoder is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        views = self._positives_of(batch, posterior, network)
        first, second = self._pair(posterior, views, network)
        queries = self._vector_of(first), self._vector_of(second)
        keys = self._keys(network.encoder, [batch, *views][-2:])
        loss = (self._one_direction(queries[0], keys[1]) + self._one_direction(queries[1], keys[0])) / 2
        self._enqueue(keys[1])
        return Loss(loss)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss with the vectors of the other view as keys, without queueing them; see `Contrast.loss`."""
        forth = self._one_direction(anchor, positive.detach())
        back = self._one_direction(positive, anchor.detach())
        return (forth + back) / 2

    def _one_direction(self, query: Tensor, key: Tensor) -> Tensor:
        logits = cosines(query, key) / self.temperature
        earlier = self.queued[: int(self.n_queued)].clone()  # a copy: the next step overwrites the queue
        negative_logits = without_diagonal(logits)
        if len(earlier) and earlier.shape[1] == query.shape[1]:
            hard = self._hard(cosines(query, earlier)) / self.temperature
            negative_logits = torch.cat([negative_logits, hard], dim=-1)
        return cross_entropy(logits.diagonal(), negative_logits).mean()

    def _hard(self, similarity: Tensor) -> Tensor:
        """Select the hard negatives of each row of `similarity` (n_docs, n_queued); at least one."""
        n = similarity.shape[1]
        first = min(round(self.skip * n), n - 1)
        last = max(round(self.keep * n), first + 1)
        nearest = similarity.topk(last, dim=1, sorted=False).values
        return -(-nearest).topk(last - first, dim=1, sorted=False).values  # half the time of a sort

    @torch.no_grad()
    def _keys(self, encoder: nn.Module, views: Sequence[Batch]) -> list[Tensor]:
        """Update the momentum encoder and compute topic vectors of `views`."""
        assert self.key_encoder is not None
        # `prepare` copies the encoder before the network moves to its device.
        self.key_encoder.to(next(encoder.parameters()).device)
        for slow, fast in zip(self.key_encoder.parameters(), encoder.parameters(), strict=True):
            slow.lerp_(fast, 1 - self.momentum)
        encode: Any = self.key_encoder.train(encoder.training)
        return [self._vector_of(encode(view)) for view in views]

    @torch.no_grad()
    def _enqueue(self, keys: Tensor) -> None:
        """Write `keys` over the oldest keys of the queue."""
        size = len(self.queued)
        keys = unit(keys)[-size:].to(self.queued)
        position = (self.oldest + torch.arange(len(keys), device=self.oldest.device)) % size
        self.queued[position] = keys
        self.oldest.copy_((self.oldest + len(keys)) % size)
        self.n_queued.copy_((self.n_queued + len(keys)).clamp_max(size))
