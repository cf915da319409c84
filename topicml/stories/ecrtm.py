"""ECRTM: topics as centres of separate clusters of word embeddings."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.nn.bag_of_words import ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.decoder import start_bias
from topicml.nn.encoder import batch_norm
from topicml.nn.folded_norm import normalised_product
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.transport import sinkhorn
from topicml.objectives.objective import Loss, Objective, WithoutPreparation
from topicml.stories.etm import EmbeddedDecoder, ETMStory


class DistanceDecoder(EmbeddedDecoder):
    """Product of experts in which the nearest topics share each word.

    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``; words ~ softmax(BN(theta @ beta)).

    Parameters
    ----------
    topics, words, train_words
        As in `topicml.stories.etm.EmbeddedDecoder`.
    background : ndarray, (n_words,), optional
        As in `topicml.nn.decoder.ProductDecoder`.
    temperature : float
        With small values, each word belongs to its nearest topic.

    Attributes
    ----------
    potential : Tensor, (n_topics,)
        Initial potential of the next transport problem of `EmbeddingClustering`. It is saved with the weights, so that
        resumed training ends with the same bits.

    References
    ----------
    Wu, Dong, Nguyen & Luu, Effective neural topic modeling with embedding clustering regularization, ICML 2023.
    """

    CONSTANTS: ClassVar = ("temperature",)
    potential: Tensor

    def __init__(
        self,
        topics: np.ndarray,
        words: np.ndarray,
        background: np.ndarray | None = None,
        *,
        train_words: bool,
        temperature: float = 0.2,
    ) -> None:
        super().__init__(topics, words, train_words=train_words)
        self.temperature = temperature
        # theta @ beta lies in [0, 1] and hardly differs between documents at first. With the usual epsilon of 1e-3,
        # batch normalisation would not scale it up, and documents would not get topics.
        self.norm = batch_norm(len(words), eps=1e-5)
        start_bias(self.norm, background)
        self.register_buffer("potential", torch.zeros(len(topics)))

    def distances(self) -> Tensor:
        """Return the squared distances of topics and words, (n_topics, n_words)."""
        squares = self.topics.square().sum(dim=1, keepdim=True) + self.words.square().sum(dim=1)
        return (squares - 2 * self.topics @ self.words.T).clamp_min(0)

    def shares(self) -> Tensor:
        """Return beta, the shares of topics in each word: (n_topics, n_words), columns sum to 1."""
        return (-self.distances() / self.temperature).softmax(dim=0)

    def forward(self, theta: Tensor) -> ProductOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics)."""
        return normalised_product(theta, self.shares(), self.norm)

    def topic_word(self) -> Tensor:
        """Return beta with rows scaled to sum to 1: (n_topics, n_words)."""
        shares = self.shares()
        return shares / shares.sum(dim=1, keepdim=True)


class EmbeddingClustering(WithoutPreparation):
    """Cost of transporting all words to the topics, where each topic receives the same mass.

    ``weight * sum_kv P_kv ||word_v - topic_k||^2``, where the plan P minimises cost - entropy / sharpness, its rows sum
    to 1 / K and its columns to 1 / V. As all topics receive the same mass, they stay apart and none stays empty. By the
    envelope theorem, the gradient treats P as a constant.

    It requires a network with a `DistanceDecoder`. With 50 topics and 5,000 words it costs a few milliseconds per step,
    for any batch size.

    Parameters
    ----------
    weight : float
        Weight of the cost, in nats per document.
    sharpness : float
        The paper's alpha: inverse weight of the entropy of the plan.
    max_iterations, tolerance
        See `topicml.nn.transport.sinkhorn`. Each step starts from the potential of the last.

    References
    ----------
    Wu, Dong, Nguyen & Luu, Effective neural topic modeling with embedding clustering regularization, ICML 2023.
    """

    def __init__(
        self, *, weight: float = 250.0, sharpness: float = 20.0, max_iterations: int = 1000, tolerance: float = 0.005
    ) -> None:
        self.weight = weight
        self.sharpness = sharpness
        self.max_iterations = max_iterations
        self.tolerance = tolerance

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss, which does not depend on the batch; see `Objective.__call__`."""
        decoder: Any = network.decoder
        with torch.autocast(batch.counts.device.type, enabled=False):  # half precision is too coarse for a plan
            distances: Tensor = decoder.distances()
        n_topics, n_words = distances.shape
        plan, potential = sinkhorn(
            distances.detach(),
            torch.full_like(distances[:, 0], 1 / n_topics).detach(),
            torch.full_like(distances[0], 1 / n_words).detach(),
            sharpness=self.sharpness,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            start=decoder.potential,
        )
        decoder.potential.copy_(potential)
        return Loss(self.weight * (plan * distances).sum())


class ECRTMStory(ETMStory):
    """Story of the ECRTM: topics as centres of separate clusters of word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))`` with
    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``.

    Parameters
    ----------
    temperature : float
        With small values, each word belongs to its nearest topic. The paper's value is 0.2.
    clustering : float
        Weight of the clustering cost; 0 for none. The paper's value is 250 (100 on some corpora).
    sharpness : float
        Inverse weight of the entropy in the transport problem of the clustering. The paper's value is 20.
    few_topics : int
        Largest number of topics for which the initial posterior has unit variance over the batch. It is smaller than in
        other models, because theta @ beta lies in [0, 1] and noise in theta hides the differences between documents.
        (Measured on short texts with 50 planted topics: all 50 are used, instead of 3.)
    """

    topic_rate: float = 0.1
    temperature: float = 0.2
    clustering: float = 250.0
    sharpness: float = 20.0
    few_topics: int = 35

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        for name in ("temperature", "sharpness"):
            require(getattr(self, name) > 0, name, getattr(self, name), "positive")
        require(self.clustering >= 0, "clustering", self.clustering, "0 or positive")

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the starting topics, word embeddings and the frequency of words.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            ``topics`` (n_topics, dimension) and ``words`` (n_words, dimension), unit vectors, and ``background``,
            (n_words,), the log-frequency of the words.
        """
        return {**self.starting_embeddings(documents, seed), "background": self.background(documents)}

    def topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Compute topic vectors as the centres of their words.

        Parameters
        ----------
        words : ndarray, (n_words, dimension)
            Word vectors.
        beta : ndarray, (n_topics, n_words)
            Log-weights, such as a spectral estimate.

        Returns
        -------
        ndarray, (n_topics, dimension)
        """
        return topics_at_centres(beta, words)

    def network(  # type: ignore[override]
        self, *, topics: np.ndarray, words: np.ndarray, background: np.ndarray | None = None
    ) -> TopicNetwork:
        """Make the network that starts from these values.

        Parameters
        ----------
        topics : ndarray, (n_topics, dimension)
            Topic vectors.
        words : ndarray, (n_words, dimension)
            Word embeddings.
        background : ndarray, (n_words,), optional
            Log-frequency of the words. Models that were saved by earlier versions do not have it.

        Returns
        -------
        TopicNetwork
        """
        return self._network(
            DistanceDecoder(topics, words, background, train_words=self.train_embeddings, temperature=self.temperature)
        )

    def losses(self) -> dict[str, Objective]:
        """Return the bound and the clustering cost."""
        losses = super().losses()
        if self.clustering > 0:
            losses["clustering"] = EmbeddingClustering(weight=self.clustering, sharpness=self.sharpness)
        return losses


def topics_at_centres(beta: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Compute topic vectors as weighted means of word vectors, scaled to unit length.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate. The means use squared weights; otherwise the many words with small
        weights would move all topics to the same place.
    words : ndarray, (n_words, dimension)
        Word vectors.

    Returns
    -------
    ndarray, (n_topics, dimension)
    """
    weights = np.exp(2 * (beta - beta.max(axis=1, keepdims=True)))
    centres = weights @ words / weights.sum(axis=1, keepdims=True)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)


class ECRTM(NamedModel, story=ECRTMStory):
    """The topic model with embedding clustering regularisation: each topic is the centre of a cluster of words.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))`` with
    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``. The cost of transporting the words to the
    topics in equal shares (`EmbeddingClustering`) is added to the bound and keeps topics apart.

    Topics start at the weighted centres of the words of a spectral estimate. Word embeddings are computed from the
    corpus and are not trained. With ``ranking="decoder"``, `components_` has the rows of beta, scaled to sum to
    1, so the first words of a topic are those of which it has the largest share.

    References
    ----------
    Wu, Dong, Nguyen & Luu, Effective neural topic modeling with embedding clustering regularization, ICML 2023.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ECRTM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
