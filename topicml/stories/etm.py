"""ETM: topics as directions among word embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.named import NamedModel
from topicml.models.story import VariationalStory, log_frequency
from topicml.nn.bag_of_words import MixtureOfWords
from topicml.nn.network import TopicNetwork
from topicml.starting import check_vectors, starting_vectors, word_vectors


class EmbeddedDecoder(nn.Module):
    """Words and topics as vectors in one space.

    Parameters
    ----------
    topics : ndarray, (n_topics, dimension)
        Where the topics start.
    words : ndarray, (n_words, dimension)
        Where the words start.
    train_words : bool
        Whether the word vectors learn.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, *, train_words: bool) -> None:
        super().__init__()
        # Row-major, as in a loaded model: another layout rounds products differently.
        self.topics = nn.Parameter(torch.tensor(np.ascontiguousarray(topics), dtype=torch.float32))
        self.words = nn.Parameter(torch.tensor(np.ascontiguousarray(words), dtype=torch.float32), train_words)


class InnerProductDecoder(EmbeddedDecoder):
    """Mixture of topics whose words point in their direction, on top of a background that all topics share.

    ``words ~ theta @ softmax(topics @ words' + background)``. The background models the frequency of words, which
    topics and vectors of unit length then need not; a topic is what it adds: ``softmax(topics @ words')``.

    Parameters
    ----------
    topics, words, train_words
        As in `EmbeddedDecoder`.
    background : ndarray, (n_words,)
        Log-frequency of the words, where the background starts.

    References
    ----------
    Dieng, Ruiz & Blei, Topic modeling in embedding spaces, TACL 2020. The background is that of Eisenstein, Ahmed &
    Xing, Sparse additive generative models of text, ICML 2011.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, background: np.ndarray, *, train_words: bool) -> None:
        super().__init__(topics, words, train_words=train_words)
        self.background = nn.Parameter(torch.tensor(background, dtype=torch.float32))

    def forward(self, theta: Tensor) -> MixtureOfWords:
        """Distribution of the words of documents with proportions `theta` (..., n_docs, n_topics)."""
        return MixtureOfWords(theta, (self.topics @ self.words.T + self.background).softmax(dim=-1))

    def topic_word(self) -> Tensor:
        """The topics without the background: (n_topics, n_words), rows sum to 1."""
        return (self.topics @ self.words.T).softmax(dim=-1)


class ETMStory(VariationalStory):
    """A mixture of topics, each a direction among word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ theta @ softmax(topics @ words' +
    background)``.

    Parameters
    ----------
    embeddings : {"corpus", "word2vec", "random"}, ndarray, path or gensim KeyedVectors
        Where the word embeddings start, each scaled to unit length. ``corpus``: `topicml.starting.word_vectors` of
        these documents. ``word2vec``: gensim's, trained on these documents, whose word order must be available.
        ``random``: Gaussian, to be learned. An array (n_words, any dimension) in vocabulary order. A file in the format
        of word2vec or GloVe, or gensim's ``KeyedVectors``.
    embedding_size : int
        Dimension of embeddings made here; embeddings that are given keep theirs.
    train_embeddings : bool
        Whether the word embeddings learn.
    embedding_rate : float
        Learning rate of the word embeddings as a share of `learning_rate`; random ones learn at the full rate.
    n_topics, init, exclusivity, hidden, dropout, topic_rate
        See `topicml.models.story.Story`.
    alpha, theta_dropout, bound, kl_warmup, free_bits, few_topics
        See `topicml.models.story.VariationalStory`.
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
            raise InputError("embeddings='random' mean nothing unless they learn: set train_embeddings=True.")

    @property
    def random_words(self) -> bool:
        """Whether the word embeddings start at random."""
        return isinstance(self.embeddings, str) and self.embeddings == "random"

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """``topics`` and ``words`` (n_words, dimension), and ``background`` (n_words,), the log-frequency of words."""
        return {**self.starting_embeddings(documents, seed), "background": log_frequency(documents)}

    def starting_embeddings(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """``topics`` (n_topics, dimension) and unit vectors of ``words`` (n_words, dimension)."""
        words = self._starting_words(documents, seed)
        if self.start.is_random:
            topics = np.random.default_rng(seed).normal(size=(self.n_topics, words.shape[1]))
            topics /= np.linalg.norm(topics, axis=1, keepdims=True)
        else:
            topics = self.topics_among(words, self.starting_topics(documents, seed))
        return {"topics": topics, "words": words}

    def topics_among(self, words: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Topic vectors (n_topics, dimension) that resemble the log-weights `beta` (n_topics, n_words)."""
        return topics_by_likelihood(beta, words)

    def network(self, *, topics: np.ndarray, words: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """The network that starts from these values."""
        return self._network(InnerProductDecoder(topics, words, background, train_words=self.train_embeddings))

    def rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Topics learn slowly, and so do word embeddings that learn."""
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
        """Unit vectors of the words; topics come from words of the same documents, not from neighbouring words."""
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
    """Topics T whose distributions softmax(T words') are closest to softmax(beta), by cross-entropy.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate.
    words : ndarray, (n_words, dimension)
        Word vectors.
    penalty : float
        Weight of the squared norm of T, which keeps topics finite where the vectors separate their words from all
        others.
    steps : int
        Iterations of L-BFGS at most.

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
    """The embedded topic model: a mixture of topics, each a direction among word embeddings.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ theta @ softmax(topics @ words' +
    background)``, the background starting as the log-frequency of the words. `components_` holds what topics add to it,
    ``softmax(topics @ words')``, which is the paper's beta. (Measured on 20NG: without a background that explains
    common words, the topics of documents follow them.)

    Topics start where their likelihood is closest to a spectral estimate; word embeddings start from the corpus and
    stay. (Measured: word embeddings that learn fit documents better and reduce the coherence of topics.)

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
