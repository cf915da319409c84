"""Contrast towards embeddings: documents that are near each other in embedding space get similar topics."""

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.logits import cosines, soft_loss
from topicml.objectives.contrast.set_contrast import SetContrast
from topicml.objectives.embedding_space import EmbeddingSpace
from topicml.objectives.objective import not_prepared
from topicml.objectives.views import View

_NEIGHBOURS = 15


class Neighbours(SetContrast):
    """Contrast of sets of neighbours, and of documents with their neighbours, in embedding space.

    Vectors of the training documents are clustered twice. The loss is the sum of two terms:

    - `SetContrast`, with sets whose documents are of the same coarse cluster, as far as the batch has such: what a set
      pools is then a theme, and not an average of themes;
    - `soft_weight` times a cross-entropy with several positives: those of a document are its own positive and those of
      the documents of its fine cluster, with equal weights.

    The positive of a document is the view of another document: at each step, one of its `neighbours` nearest ones of
    the same coarse cluster. So the encoder learns that other words than those of the document mean the same.

    The vectors are the embeddings of the corpus (`Corpus.with_embeddings`), each beside the vector of the words of the
    document. Without embeddings they are learned from the words of the training documents alone
    (`topicml.starting.document_vectors`), and nothing from outside the corpus is used. They are read in training only:
    the model stays one of words, and `transform` needs no embeddings.

    - Inputs: any documents; batches of two sets or more. A document with a zero vector has no neighbours.
    - Cost: one more pass of the encoder, k-means of at most 50,000 vectors (twice), the cosines of all documents of a
      coarse cluster, and 17 integers a document.
    - When to use: for short texts, whose words alone say little about which of them belong together.
    - Relations: `SetContrast` with random sets is what is left if the vectors say nothing.

    Parameters
    ----------
    clusters : int
        Fine clusters, at least 2; fewer if a cluster would have fewer than ten documents.
    set_clusters : int
        Coarse clusters, at least 2.
    soft_weight : float
        Weight of the second term; at least 0.
    neighbours : int, optional
        Documents of which one is the positive. 0: the positive is the view of the document itself. By default 15 with
        embeddings, and 0 without: neighbours by words alone say nothing that the words do not.
    dimension : int
        Length of the vectors that are learned from the words.
    word_weight : float
        Length of the vector of the words beside an embedding of length 1; 0 leaves it out.
    set_size, shuffles, pooling, view, vector, temperature
        See `SetContrast`.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if a batch is too small for two sets, or the embeddings
        of all documents are zero.

    References
    ----------
    Nguyen et al., Topic modeling as multi-objective contrastive optimization, ICLR 2024 (sets). Khosla et al.,
    Supervised contrastive learning, NeurIPS 2020 (several positives). Its use with clusters of embeddings is topicml's.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast="neighbours", max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0], model.outside_knowledge_
    (True, None)
    """

    reads_embeddings = True
    strength = 2.0

    def __init__(
        self,
        *,
        clusters: int = 200,
        set_clusters: int = 50,
        soft_weight: float = 1.0,
        neighbours: int | None = None,
        dimension: int = 50,
        word_weight: float = 1.0,
        set_size: int = 4,
        shuffles: int = 4,
        pooling: str = "mean",
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(
            set_size=set_size, shuffles=shuffles, pooling=pooling, view=view, vector=vector, temperature=temperature
        )
        self.clusters, self.set_clusters, self.neighbours = clusters, set_clusters, neighbours
        self.soft_weight, self.dimension, self.word_weight = soft_weight, dimension, word_weight
        require(clusters >= 2, "clusters", clusters, "at least 2")
        require(set_clusters >= 2, "set_clusters", set_clusters, "at least 2")
        require(soft_weight >= 0, "soft_weight", soft_weight, "at least 0")
        require(neighbours is None or neighbours >= 0, "neighbours", neighbours, "at least 0")
        require(dimension >= 1, "dimension", dimension, "at least 1")
        require(word_weight >= 0, "word_weight", word_weight, "at least 0")
        self._space = EmbeddingSpace(dimension, type(self).__name__, word_weight=word_weight)
        self._fine: Tensor | None = None  # cluster of each row of the documents; -1 for none
        self._coarse = torch.empty(0, dtype=torch.int64)
        self._rows = torch.empty(0, dtype=torch.int64)  # of the batch
        self._nearest: np.ndarray | None = None  # (n_docs, neighbours)
        self._documents: Documents | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Cluster the training documents in embedding space, and find neighbours; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        self._space.prepare(documents)
        self._fine = torch.from_numpy(self._space.clusters(documents, self.clusters))
        if (self._fine < 0).all():
            raise InputError("Neighbours needs embeddings, and those of all training documents are zero.")
        self._coarse = torch.from_numpy(self._space.clusters(documents, self.set_clusters))
        n_neighbours = self.neighbours
        if n_neighbours is None:
            n_neighbours = _NEIGHBOURS if self._space.has_embeddings else 0
        if n_neighbours:
            self._nearest = self._space.neighbours(documents, self._coarse.numpy(), n_neighbours)
            self._documents = documents

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch, negative: Tensor | None = None) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        if self._fine is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        if self._fine.device != batch.rows.device:
            self._fine, self._coarse = self._fine.to(batch.rows.device), self._coarse.to(batch.rows.device)
        self._rows = batch.rows
        of_sets = super().loss(anchor, positive, batch, negative)
        if not self.soft_weight or len(anchor) < 2:
            return of_sets
        fine = self._fine[batch.rows]
        same = ((fine.unsqueeze(1) == fine) & (fine >= 0)).fill_diagonal_(True)
        targets = torch.zeros(same.shape, device=same.device).masked_fill(~same, -torch.inf)
        return of_sets + self.soft_weight * soft_loss(cosines(anchor, positive) / self.temperature, targets)

    def _positives_of(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, ...]:
        """The view of a neighbour of each document, or of the document itself."""
        if self._nearest is not None and self._documents is not None:
            candidates = self._nearest[batch.rows.cpu().numpy()]
            drawn = torch.randint(candidates.shape[1], (len(candidates), 1)).numpy()
            rows = np.take_along_axis(candidates, drawn, axis=1).ravel()
            found = Batch.from_counts(self._documents.counts, rows).with_covariates(self._documents.covariates)
            batch = found.to(batch.counts.device)
        return super()._positives_of(batch, posterior, network)

    def _draw_sets(self, n_docs: int, n_sets: int, device: torch.device) -> Tensor:
        """Cut the documents, sorted by coarse cluster, into sets; the order is random within and between clusters."""
        coarse = self._coarse[self._rows]
        n_clusters = int(self._coarse.max()) + 1
        places = torch.rand(self.shuffles, max(n_clusters, 1), device=device).argsort(dim=-1).to(torch.float64)
        alone = torch.rand(self.shuffles, n_docs, device=device, dtype=torch.float64) * n_clusters
        place = torch.where(coarse >= 0, places[:, coarse.clamp_min(0)], alone)
        order = (place + torch.rand(self.shuffles, n_docs, device=device, dtype=torch.float64)).argsort(dim=-1)
        first = torch.randint(n_docs, (self.shuffles, 1), device=device)  # which documents are left over
        order = order.gather(1, (torch.arange(n_docs, device=device) + first) % n_docs)
        return order[:, : n_sets * self.set_size].reshape(self.shuffles, n_sets, self.set_size)
