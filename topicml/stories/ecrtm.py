"""ECRTM: topics as centres of separate clusters of word embeddings."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import log_frequency
from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.encoder import batch_norm
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.transport import sinkhorn
from topicml.objectives.objective import Loss, Objective, WithoutPreparation
from topicml.stories.etm import EmbeddedDecoder, ETMStory


class DistanceDecoder(EmbeddedDecoder):
    """Product of experts in which each word is divided among the topics near it.

    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``; words ~ softmax(BN(theta @ beta)).

    Parameters
    ----------
    topics, words, train_words
        As in `topicml.stories.etm.EmbeddedDecoder`.
    temperature : float
        Small values give a word to its nearest topic.

    Attributes
    ----------
    potential : Tensor, (n_topics,)
        Where `EmbeddingClustering` starts its next transport problem. It is saved with the weights, so that a resumed
        training ends with the same bits.

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
        background: np.ndarray,
        *,
        train_words: bool,
        temperature: float = 0.2,
    ) -> None:
        super().__init__(topics, words, train_words=train_words)
        self.temperature = temperature
        # theta @ beta lies within [0, 1] and starts nearly alike in all documents: with the usual eps of 1e-3 its
        # variance would vanish, and documents would stay without topics.
        self.norm = batch_norm(len(words), eps=1e-5)
        with torch.no_grad():
            self.norm.bias.copy_(torch.as_tensor(background, dtype=torch.float32))
        self.register_buffer("potential", torch.zeros(len(topics)))

    def distances(self) -> Tensor:
        """Squared distances of topics and words, (n_topics, n_words)."""
        squares = self.topics.square().sum(dim=1, keepdim=True) + self.words.square().sum(dim=1)
        return (squares - 2 * self.topics @ self.words.T).clamp_min(0)

    def shares(self) -> Tensor:
        """beta: the shares of topics in each word, (n_topics, n_words); columns sum to 1."""
        return (-self.distances() / self.temperature).softmax(dim=0)

    def forward(self, theta: Tensor) -> BagOfWords:
        """Distribution of the words of documents with proportions `theta` (..., n_docs, n_topics)."""
        logits = theta @ self.shares()
        return BagOfWords(self.norm(logits.reshape(-1, logits.shape[-1])).reshape(logits.shape))

    def topic_word(self) -> Tensor:
        """Beta with rows scaled to sum to 1: (n_topics, n_words)."""
        shares = self.shares()
        return shares / shares.sum(dim=1, keepdim=True)


class EmbeddingClustering(WithoutPreparation):
    """Cost of transporting all words to the topics when each topic receives the same share of them.

    ``weight * sum_kv P_kv ||word_v - topic_k||^2``, P the plan with the least cost minus entropy / sharpness, rows of
    sum 1 / K and columns of sum 1 / V. As no topic can receive more than its share, topics stay apart and none stays
    empty. P carries no gradient: by the envelope theorem none is needed at its optimum.

    It needs a network whose decoder is a `DistanceDecoder`, and costs a few milliseconds per step at 50 topics and
    5,000 words, whatever the batch.

    Parameters
    ----------
    weight : float
        Weight of the cost, in nats per document.
    sharpness : float
        The paper's alpha: inverse weight of the plan's entropy.
    max_iterations, tolerance
        Of Sinkhorn's algorithm, see `topicml.nn.transport.sinkhorn`. It starts where the last step ended.

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
        """The loss: the same for any batch."""
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
    """Topics as centres of separate clusters of word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))`` with
    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``.

    Parameters
    ----------
    temperature : float
        Small values give each word to its nearest topic; the paper's value is 0.2.
    clustering : float
        Weight of the clustering cost; 0 for none. The paper's value is 250 (100 on some corpora).
    sharpness : float
        Inverse weight of the entropy in the clustering's transport; the paper's value is 20.
    few_topics : int
        Number of topics up to which the posterior starts as wide as batch normalisation makes it: fewer than in other
        models, because theta @ beta lies in [0, 1], so noise in theta hides the differences between documents.
        (Measured: of 50 planted topics of short texts, 3 used; now 50.)
    embeddings, embedding_size, train_embeddings, embedding_rate
        See `topicml.stories.etm.ETMStory`.
    n_topics, init, exclusivity, hidden, dropout, topic_rate
        See `topicml.models.story.Story`.
    alpha, theta_dropout, bound, kl_warmup, free_bits
        See `topicml.models.story.VariationalStory`.
    """

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
        """``topics`` (n_topics, dimension) and ``words`` (n_words, dimension)."""
        background = log_frequency(documents)
        return {**self.starting_embeddings(documents, seed), "background": background - background.mean()}

    def topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Topic vectors at the centres of the words of `beta` (n_topics, n_words)."""
        return topics_at_centres(beta, words)

    def network(self, *, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """The network that starts from these values."""
        return self._network(
            DistanceDecoder(topics, words, background, train_words=self.train_embeddings, temperature=self.temperature)
        )

    def losses(self) -> dict[str, Objective]:
        """The bound and the clustering cost."""
        losses = super().losses()
        if self.clustering > 0:
            losses["clustering"] = EmbeddingClustering(weight=self.clustering, sharpness=self.sharpness)
        return losses


def topics_at_centres(beta: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Topics at the weighted means of their words, scaled to unit length.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate. Words count by the square of their weight, so that words of no topic
        do not draw all topics to one place.
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
    """The topic model with embedding clustering regularisation: distinct topics, each near words of its own.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))`` with
    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``. The cost of transporting the words to the
    topics in equal shares (`EmbeddingClustering`) is added to the bound and keeps topics apart.

    Topics start at the weighted centres of the words of a spectral estimate; word embeddings start from the corpus and
    stay. `components_` holds the rows of beta, scaled to sum to 1: the first words of a topic are those of which it has
    the largest share.

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
