"""ETM: topics as directions in the space of word embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.named import NamedModel
from topicml.models.story import log_frequency
from topicml.models.variational import VariationalStory
from topicml.nn.bag_of_words import MixtureByGroup, MixtureOfWords
from topicml.nn.deviations import GroupDeviations
from topicml.nn.network import TopicNetwork
from topicml.starting import check_vectors, starting_vectors, word_vectors


class EmbeddedDecoder(nn.Module):
    """Base of decoders in which words and topics are vectors in one space.

    Parameters
    ----------
    topics : ndarray, (n_topics, dimension)
        Initial topic vectors.
    words : ndarray, (n_words, dimension)
        Initial word vectors.
    train_words : bool
        Whether to train the word vectors.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, *, train_words: bool) -> None:
        super().__init__()
        # Row-major, as after loading: matrix products of another layout round differently.
        self.topics = nn.Parameter(torch.tensor(np.ascontiguousarray(topics), dtype=torch.float32))
        self.words = nn.Parameter(torch.tensor(np.ascontiguousarray(words), dtype=torch.float32), train_words)


class InnerProductDecoder(EmbeddedDecoder):
    """Mixture of topics with inner products as log-weights, and a background that all topics share.

    ``words ~ theta @ softmax(topics @ words' + background)``. The background models the frequency of words, so that
    topics and unit word vectors need not. The topics without it are ``softmax(topics @ words')``.

    Parameters
    ----------
    topics, words, train_words
        As in `EmbeddedDecoder`.
    background : ndarray, (n_words,)
        Initial background, such as the log-frequency of the words.

    References
    ----------
    Dieng, Ruiz & Blei, Topic modeling in embedding spaces, TACL 2020. The background follows Eisenstein, Ahmed &
    Xing, Sparse additive generative models of text, ICML 2011.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray, *, train_words: bool) -> None:
        super().__init__(topics, words, train_words=train_words)
        self.background = nn.Parameter(torch.tensor(background, dtype=torch.float32))

    def forward(self, theta: Tensor) -> MixtureOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics)."""
        return MixtureOfWords(theta, (self.topics @ self.words.T + self.background).softmax(dim=-1))

    def by_group(self, theta: Tensor, groups: Tensor, deviations: GroupDeviations) -> MixtureByGroup:
        """Return the word distributions of documents of `groups` (n_docs,), whose topics deviate."""
        return MixtureByGroup(theta, groups, self.log_topics() + self.background, deviations)

    def log_topics(self) -> Tensor:
        """Return the log-weights that deviations of groups are added to: (n_topics, n_words)."""
        return self.topics @ self.words.T

    def topic_word(self) -> Tensor:
        """Return the topics without the background: (n_topics, n_words), rows sum to 1."""
        return (self.topics @ self.words.T).softmax(dim=-1)


class ETMStory(VariationalStory):
    """Story of the ETM: a mixture of topics, each a direction in the space of word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ theta @ softmax(topics @ words' +
    background)``.

    Parameters
    ----------
    embeddings : str, path, ndarray (n_words, dimension) or KeyedVectors
        Initial word embeddings; each is scaled to unit length. ``corpus``: `topicml.starting.word_vectors` of the
        training documents. ``word2vec``: trained with gensim on these documents, which must have word order.
        ``random``: Gaussian, for `train_embeddings`. Otherwise an array with rows in the order of the vocabulary, a
        file in the format of word2vec or GloVe, or gensim's ``KeyedVectors``.
    embedding_size : int
        Dimension of the embeddings; an array or a file keeps its own dimension.
    train_embeddings : bool
        Whether to train the word embeddings.
    embedding_rate : float
        Learning rate of the word embeddings as a fraction of `learning_rate`. Random ones use the full rate.
    """

    embeddings: Any = "corpus"
    embedding_size: int = 100
    train_embeddings: bool = False
    embedding_rate: float = 0.1
    alpha: float | Sequence[float] = 0.3

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        check_vectors(self.embeddings, "embeddings")
        require(self.embedding_size >= 1, "embedding_size", self.embedding_size, "at least 1")
        if self.random_words and not self.train_embeddings:
            raise InputError("embeddings='random' must be trained: set train_embeddings=True.")

    @property
    def random_words(self) -> bool:
        """Whether the word embeddings start at random."""
        return isinstance(self.embeddings, str) and self.embeddings == "random"

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the starting topics, word embeddings and background.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            ``topics`` (n_topics, dimension), ``words`` (n_words, dimension) and ``background`` (n_words,), the
            log-frequency of the words.
        """
        return {**self.starting_embeddings(documents, seed), "background": log_frequency(documents)}

    def starting_embeddings(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the starting topics and word embeddings.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            ``topics`` (n_topics, dimension) and ``words`` (n_words, dimension), unit vectors.
        """
        words = self._starting_words(documents, seed)
        if self.start.is_random:
            topics = np.random.default_rng(seed).normal(size=(self.n_topics, words.shape[1]))
            topics /= np.linalg.norm(topics, axis=1, keepdims=True)
        else:
            topics = self.topics_among(words, self.starting_topics(documents, seed))
        return {"topics": topics, "words": words}

    def topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Compute topic vectors from the log-weights of topics.

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
        return topics_by_likelihood(beta, words)

    def network(self, *, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """Make the network that starts from these values.

        Parameters
        ----------
        topics : ndarray, (n_topics, dimension)
            Topic vectors.
        words : ndarray, (n_words, dimension)
            Word embeddings.
        background : ndarray, (n_words,)
            Log-frequency of the words.

        Returns
        -------
        TopicNetwork
        """
        return self._network(InnerProductDecoder(topics, words, background, train_words=self.train_embeddings))

    def rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Return lower learning rates for topics and trained word embeddings, which start from good values."""
        decoder: Any = network.decoder
        rates = [(decoder.topics, self.start_rate)]
        if self.train_embeddings:
            rates.append((decoder.words, 1.0 if self.random_words else self.embedding_rate))
        return rates

    def _network(self, decoder: EmbeddedDecoder) -> TopicNetwork:
        return TopicNetwork(
            self.encoder(len(decoder.words)),
            decoder,
            n_topics=self.n_topics,
            alpha=self.alpha,
            theta_dropout=self.theta_dropout,
        )

    def _starting_words(self, documents: Documents, seed: int) -> np.ndarray:
        """Unit vectors of the words; those of ``corpus`` come from co-occurrence in documents, not in windows."""
        if isinstance(self.embeddings, str) and self.embeddings == "corpus":
            dimension = min(self.embedding_size, documents.counts.shape[1])
            return word_vectors(documents.counts, dimension=dimension, seed=seed, start=self.start.vectors)
        return starting_vectors(
            self.embeddings,
            documents,
            self.embedding_size,
            window=None,
            power=0.0,
            seed=seed,
            name="embeddings",
            start=self.start.vectors,
        )


def topics_by_likelihood(beta: np.ndarray, words: np.ndarray, *, penalty: float = 1e-3, steps: int = 60) -> np.ndarray:
    """Compute topic vectors T that minimise the cross-entropy of softmax(beta) and softmax(T words').

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate.
    words : ndarray, (n_words, dimension)
        Word vectors.
    penalty : float
        Weight of the squared norm of T. It keeps T finite if the vectors separate the words of a topic from all others.
    steps : int
        Largest number of L-BFGS iterations.

    Returns
    -------
    ndarray, float32, (n_topics, dimension)
    """
    vectors = torch.tensor(words, dtype=torch.float32)
    target = torch.tensor(beta, dtype=torch.float32).softmax(dim=-1)
    topics = torch.zeros(len(beta), words.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([topics], max_iter=steps, line_search_fn="strong_wolfe")

    def cross_entropy() -> Tensor:
        optimizer.zero_grad()
        value = penalty * topics.square().sum() - (target * (topics @ vectors.T).log_softmax(dim=-1)).sum()
        value.backward()
        return value

    optimizer.step(cross_entropy)
    return topics.detach().numpy()


class ETM(NamedModel, story=ETMStory):
    """The embedded topic model: a mixture of topics, each a direction in the space of word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ theta @ softmax(topics @ words' +
    background)``. The background starts as the log-frequency of the words. `network_.topic_word()` returns the topics
    without it, ``softmax(topics @ words')``, which is the paper's beta. (Measured on 20NG: without the background,
    common words determine the topics of documents.)

    Topics start at the vectors closest to a spectral estimate. Word embeddings are computed from the corpus and are not
    trained. (Measured: training them improves the likelihood of documents and reduces the coherence of topics.)

    On unseen documents it is best at no measure by more than seeds differ (``benchmarks/results/unseen.md``). Choose it
    for topics and words as vectors in one space.

    References
    ----------
    Dieng, Ruiz & Blei, Topic modeling in embedding spaces, TACL 2020.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ETM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
