"""What topic models with word and topic embeddings share: where both start, how fast they learn, how they load."""

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.errors import InputError
from topicml.models.autoencoder import Autoencoder
from topicml.nn.embedded import EmbeddedDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded
from topicml.starting import check_vectors, starting_vectors, word_vectors


class EmbeddedTopicModel(Autoencoder):
    """Base of `ETM` and `ECRTM`, which add a decoder and where its topics start."""

    _few_topics = 50  # `BagEncoder`'s

    @abstractmethod
    def _decoder(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> EmbeddedDecoder:
        """The decoder of topics (n_topics, dimension) among words (n_words, dimension) of this log-frequency."""

    @abstractmethod
    def _topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Topics (n_topics, dimension) that resemble the log-weights `beta` (n_topics, n_words)."""

    def _build_network(self, counts: csr_matrix, seed: int) -> TopicNetwork:
        words = self._starting_words(counts, seed)
        if self._start.is_random:
            topics = np.random.default_rng(seed).normal(size=(self.n_topics, words.shape[1]))
            topics /= np.linalg.norm(topics, axis=1, keepdims=True)
        else:
            topics = self._topics_among(words, self._starting_topics(seed))
        frequency = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
        with seeded(seed):
            return self._network(topics, words, np.log(frequency / frequency.sum()))

    def _starting_words(self, counts: csr_matrix, seed: int) -> np.ndarray:
        """Unit vectors of the words; what documents hold together, not what stands side by side, makes topics."""
        if isinstance(self.embeddings, str) and self.embeddings == "corpus":
            dimension = min(self.embedding_size, counts.shape[1])
            return word_vectors(counts, dimension=dimension, seed=seed, start=self._start.vectors)
        return starting_vectors(
            self.embeddings,
            self._documents,
            self.embedding_size,
            window=None,
            power=0.0,
            seed=seed,
            name="embeddings",
            start=self._start.vectors,
        )

    def _empty_network(self, n_words: int) -> TopicNetwork:
        dimension = self._stored_dimension
        return self._network(np.zeros((self.n_topics, dimension)), np.zeros((n_words, dimension)), np.zeros(n_words))

    def _restore(
        self, header: dict, vocabulary: tuple[str, ...] | None, weights: dict[str, Tensor], device: str
    ) -> None:
        self._stored_dimension = weights["decoder.topics"].shape[1]  # that of given vectors is no hyper-parameter
        super()._restore(header, vocabulary, weights, device)

    def _network(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> TopicNetwork:
        encoder = BagEncoder(
            len(words), self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=self._few_topics
        )
        return TopicNetwork(
            encoder,
            self._decoder(topics, words, background),
            n_topics=self.n_topics,
            alpha=self.alpha,
            theta_dropout=self.theta_dropout,
        )

    def _rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        decoder: Any = network.decoder
        rates = [(decoder.topics, self._start_rate)]
        if self.train_embeddings:
            rates.append((decoder.words, 1.0 if self._random_words else self.embedding_rate))
        return rates

    @property
    def _random_words(self) -> bool:
        return isinstance(self.embeddings, str) and self.embeddings == "random"

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        check_vectors(self.embeddings, "embeddings")
        if self.embedding_size < 1:
            raise InputError(f"embedding_size must be at least 1; received {self.embedding_size!r}.")
        if self._random_words and not self.train_embeddings:
            raise InputError("embeddings='random' say nothing unless they learn: set train_embeddings=True.")
