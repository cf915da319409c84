"""ClusterNS: clusters of documents provide hard negatives and identify false ones."""

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
    """InfoNCE with the second-nearest centroid as a hard negative, and a margin for documents of the same cluster.

    Online k-means clusters the documents' topic vectors. With c_i the cluster of document i, and m_i the centroid
    second nearest to it, the loss is the sum of two terms:

    - ``-mean_i log(e(s_ii) / (e(s_ii) + sum_{j: c_j != c_i} e(s_ij) + e(cos(a_i, m_i))))``, ``e(s) = exp(s / tau)``;
    - ``margin_weight * mean (max(0, d_ij + a) + max(0, -d_ij - b))`` with ``d_ij = s_ij - s_ii``, over pairs of
      different documents of the same cluster. They may be false negatives: they should be less similar to document i
      than its view is, but not by much.

    It is `InfoNCE` until topic vectors are spread out, that is, until their mean cosine is at most `start`. Centroids
    start as documents of the first such batch and then follow their documents: ``m <- (1 - rate) m + rate * mean``.

    - Inputs: any documents.
    - Cost: one more pass of the encoder per view, and n_docs * n_clusters cosines.
    - When to use: if topics have similar neighbours that should be separated.
    - Relations: `InstanceWeighted` excludes false negatives by their words.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters, at least 2; by default one per topic.
    rate : float
        Share by which centroids move to the mean of their documents at each step, in (0, 1]. The paper's is 0.001, for
        many more steps than a topic model takes.
    start : float
        Mean cosine of different documents at or below which the clustering starts.
    a, b : float
        The margin; ``0 <= a <= b``.
    margin_weight : float
        Weight of the margin, at least 0.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.05.

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    Deng, Wan, Wang, Mai & Zhang, Clustering-aware negative sampling for unsupervised sentence representation, Findings
    of ACL 2023.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import ClusterAware
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=ClusterAware(n_clusters=2), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
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
        """Allocate the centroids; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        self._allocate(len(network.prior_loc), network.prior_loc)

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors, and move the centroids; see `Contrast.loss`."""
        similarity = cosines(anchor, positive)
        logits = similarity / self.temperature
        positive_logits, negative_logits = logits.diagonal(), without_diagonal(logits)
        self._allocate(anchor.shape[-1], anchor)
        clusters = self._update(unit(anchor.detach()))
        if clusters is None:
            return cross_entropy(positive_logits, negative_logits).mean()
        to_centroids = cosines(anchor, self.centroids.to(anchor, copy=True))  # a copy: the next step moves them
        second_nearest = to_centroids.topk(2, dim=-1).indices[:, 1:]
        same = clusters.unsqueeze(1) == clusters
        hard_logits = to_centroids.gather(1, second_nearest) / self.temperature
        negative_logits = torch.cat([negative_logits.masked_fill(same, -torch.inf), hard_logits], dim=-1)
        pairs = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
        difference = similarity - similarity.diagonal().unsqueeze(1)
        margin = functional.relu(difference + self.a) + functional.relu(-difference - self.b)
        penalty = (margin * pairs).sum() / pairs.sum().clamp_min(1)
        return cross_entropy(positive_logits, negative_logits).mean() + self.margin_weight * penalty

    @torch.no_grad()
    def _update(self, vectors: Tensor) -> Tensor | None:
        """Assign the unit `vectors` (n_docs, n_topics) to clusters and move the centroids; None before the start."""
        n_docs = len(vectors)
        if n_docs < 2:
            return None
        if not self.started:
            mean_cosine = (vectors.sum(dim=0).square().sum() - vectors.square().sum()) / (n_docs * (n_docs - 1))
            if mean_cosine > self.start:
                return None
            order = torch.randperm(n_docs, device="cpu").to(vectors.device)
            first_rows = order[torch.arange(len(self.centroids), device=order.device) % n_docs]
            # With fewer documents than clusters some are chosen twice; a little noise makes their centroids differ.
            noise = 0.01 * torch.randn(self.centroids.shape, device="cpu").to(vectors)
            self.centroids.copy_(unit(vectors[first_rows] + noise))
            self.started.fill_(True)
        clusters = cosines(vectors, self.centroids.to(vectors)).argmax(dim=1)
        vectors = vectors.to(self.centroids)
        sizes = torch.bincount(clusters, minlength=len(self.centroids)).to(vectors)
        sums = torch.zeros_like(self.centroids).index_add(0, clusters, vectors)
        moved = (1 - self.rate) * self.centroids + self.rate * sums / sizes.clamp_min(1).unsqueeze(1)
        self.centroids.copy_(torch.where(sizes.unsqueeze(1) > 0, unit(moved), self.centroids))
        return clusters

    def _allocate(self, n_topics: int, like: Tensor) -> None:
        if self.centroids.shape[1] != n_topics:
            self.centroids = like.new_zeros(max(2, self.n_clusters or n_topics), n_topics)
