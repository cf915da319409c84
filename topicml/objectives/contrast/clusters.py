"""ClusterNS: clusters of documents tell hard negatives from false ones."""

import torch
from torch import Tensor
from torch.nn import functional

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, unit, without_diagonal
from topicml.objectives.views import View


class ClusterAware(Contrast):
    """InfoNCE with the second-nearest centroid as a hard negative, and a margin for documents of one cluster.

    Online k-means finds clusters among the documents' topic vectors. With c_i document i's cluster and m_i the
    centroid second nearest to it:

    - ``-mean_i log(e(s_ii) / (e(s_ii) + sum_{j: c_j != c_i} e(s_ij) + e(cos(a_i, m_i))))``, ``e(s) = exp(s / tau)``;
    - documents of its own cluster, which may be false negatives, are to be less like it than its view is, but not by
      much: ``margin_weight * mean (max(0, d_ij + a) + max(0, -d_ij - b))``, ``d_ij = s_ij - s_ii``, over those pairs.

    Until topic vectors are spread out (mean cosine at most `start`) it is `InfoNCE`. Centroids start as documents of
    the first batch that is, and follow their documents: ``m <- (1 - rate) m + rate * mean``.

    Needs nothing but the view. Costs one more pass of the encoder a view, and n_docs * n_clusters cosines. Use it where
    topics have near neighbours that should be told apart.

    Parameters
    ----------
    n_clusters : int, optional
        By default one for each topic.
    rate : float
        How fast centroids follow; the paper's is 0.001, for many more steps than a topic model takes.
    start : float
        Mean cosine of different documents below which clusters are looked for.
    a, b : float
        The margin: ``0 <= a <= b``.
    margin_weight : float
        Weight of the margin.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    References
    ----------
    Deng, Wan, Wang, Mai & Zhang, Clustering-aware negative sampling for unsupervised sentence representation, Findings
    of ACL 2023.
    """

    centroids: Tensor  # (n_clusters, n_topics), of length 1
    started: Tensor

    def __init__(
        self,
        *,
        n_clusters: int | None = None,
        rate: float = 0.01,
        start: float = 0.4,
        a: float = 0.1,
        b: float = 0.4,
        margin_weight: float = 0.01,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.n_clusters, self.rate, self.start = n_clusters, rate, start
        self.a, self.b, self.margin_weight = a, b, margin_weight
        require(n_clusters is None or n_clusters >= 2, "n_clusters", n_clusters, "at least 2")
        require(0 < rate <= 1, "rate", rate, "above 0 and at most 1")
        require(0 <= a <= b, "a", a, f"at least 0 and at most b={b!r}")
        require(margin_weight >= 0, "margin_weight", margin_weight, "at least 0")
        self.register_buffer("centroids", torch.zeros(0, 0))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Make room for the centroids; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        self._make_room(len(network.prior_loc), network.prior_loc)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics); it moves the centroids."""
        similarity = cosines(anchor, positive)
        logits = similarity / self.temperature
        own, rivals = logits.diagonal(), without_diagonal(logits)
        self._make_room(anchor.shape[-1], anchor)
        clusters = self._follow(unit(anchor.detach()))
        if clusters is None:
            return cross_entropy(own, rivals).mean()
        near = cosines(anchor, self.centroids.to(anchor, copy=True))  # the next step moves the centroids
        hard = near.topk(2, dim=-1).indices[:, 1:]
        same = clusters.unsqueeze(1) == clusters
        rivals = torch.cat([rivals.masked_fill(same, -torch.inf), near.gather(1, hard) / self.temperature], dim=-1)
        pairs = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
        nearness = similarity - similarity.diagonal().unsqueeze(1)
        margin = functional.relu(nearness + self.a) + functional.relu(-nearness - self.b)
        penalty = (margin * pairs).sum() / pairs.sum().clamp_min(1)
        return cross_entropy(own, rivals).mean() + self.margin_weight * penalty

    @torch.no_grad()
    def _follow(self, vectors: Tensor) -> Tensor | None:
        """Clusters of the unit `vectors` (n_docs, n_topics), once there are any; moves the centroids."""
        n_docs = len(vectors)
        if n_docs < 2:
            return None
        if not self.started:
            mean_cosine = (vectors.sum(dim=0).square().sum() - vectors.square().sum()) / (n_docs * (n_docs - 1))
            if mean_cosine > self.start:
                return None
            order = torch.randperm(n_docs, device="cpu").to(vectors.device)
            picked = order[torch.arange(len(self.centroids), device=order.device) % n_docs]
            # Fewer documents than clusters: those picked twice are told apart by a little noise.
            noise = 0.01 * torch.randn(self.centroids.shape, device="cpu").to(vectors)
            self.centroids.copy_(unit(vectors[picked] + noise))
            self.started.fill_(True)
        clusters = cosines(vectors, self.centroids.to(vectors)).argmax(dim=1)
        vectors = vectors.to(self.centroids)
        sizes = torch.bincount(clusters, minlength=len(self.centroids)).to(vectors)
        sums = torch.zeros_like(self.centroids).index_add(0, clusters, vectors)
        moved = (1 - self.rate) * self.centroids + self.rate * sums / sizes.clamp_min(1).unsqueeze(1)
        self.centroids.copy_(torch.where(sizes.unsqueeze(1) > 0, unit(moved), self.centroids))
        return clusters

    def _make_room(self, n_topics: int, like: Tensor) -> None:
        if self.centroids.shape[1] != n_topics:
            self.centroids = like.new_zeros(max(2, self.n_clusters or n_topics), n_topics)
