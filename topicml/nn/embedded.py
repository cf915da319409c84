"""Decoders whose topics are points among the words: ETM's inner products, ECRTM's distances."""

import numpy as np
import torch
from torch import Tensor, nn

from topicml.nn.bag_of_words import BagOfWords, MixtureOfWords
from topicml.nn.encoder import batch_norm


class EmbeddedDecoder(nn.Module):
    """Words and topics as vectors of one space.

    Parameters
    ----------
    topics : ndarray, (n_topics, dimension)
        Where the topics start.
    words : ndarray, (n_words, dimension)
        Where the words start.
    train_words : bool
        Whether the words' vectors learn.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, *, train_words: bool) -> None:
        super().__init__()
        # Row-major, as a loaded model's: another layout rounds products differently.
        self.topics = nn.Parameter(torch.tensor(np.ascontiguousarray(topics), dtype=torch.float32))
        self.words = nn.Parameter(torch.tensor(np.ascontiguousarray(words), dtype=torch.float32), train_words)


class InnerProductDecoder(EmbeddedDecoder):
    """Mixture of topics whose words are those that point their way, before a background of words that all topics share.

    ``words ~ theta @ softmax(topics @ words' + background)``. The background takes up how frequent words are, which
    topics and vectors of unit length then need not hold; a topic is what it adds: ``softmax(topics @ words')``.

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


class DistanceDecoder(EmbeddedDecoder):
    """Product of experts, in which every word is shared out among the topics near it.

    ``beta_kv = softmax over topics (-||word_v - topic_k||^2 / temperature)``; words ~ softmax(BN(theta @ beta)).

    Parameters
    ----------
    topics, words, train_words
        As in `EmbeddedDecoder`.
    temperature : float
        Small values give a word to its nearest topic.

    Attributes
    ----------
    potential : Tensor, (n_topics,)
        Where `topicml.objectives.clustering` takes up the transport of its last step; it is saved with the weights so
        that a continued training ends with the same bits.

    References
    ----------
    Wu, Dong, Nguyen & Luu, Effective neural topic modeling with embedding clustering regularization, ICML 2023.
    """

    def __init__(self, topics: np.ndarray, words: np.ndarray, *, train_words: bool, temperature: float = 0.2) -> None:
        super().__init__(topics, words, train_words=train_words)
        self.temperature = temperature
        self.norm = batch_norm(len(words))
        # theta @ beta lies within [0, 1] and starts nearly alike in all documents: against the usual 1e-3 its variance
        # is too small to be seen, and documents stay without topics.
        self.norm.eps = 1e-5
        self.register_buffer("potential", torch.zeros(len(topics)))

    def distances(self) -> Tensor:
        """Squared distances of topics and words, (n_topics, n_words)."""
        squares = self.topics.square().sum(dim=1, keepdim=True) + self.words.square().sum(dim=1)
        return (squares - 2 * self.topics @ self.words.T).clamp_min(0)

    def shares(self) -> Tensor:
        """beta: how each word is shared out among topics, (n_topics, n_words); columns sum to 1."""
        return (-self.distances() / self.temperature).softmax(dim=0)

    def forward(self, theta: Tensor) -> BagOfWords:
        """Distribution of the words of documents with proportions `theta` (..., n_docs, n_topics)."""
        logits = theta @ self.shares()
        return BagOfWords(self.norm(logits.reshape(-1, logits.shape[-1])).reshape(logits.shape))

    def topic_word(self) -> Tensor:
        """(n_topics, n_words), rows sum to 1."""
        shares = self.shares()
        return shares / shares.sum(dim=1, keepdim=True)


def topics_by_likelihood(beta: np.ndarray, words: np.ndarray, *, penalty: float = 1e-3, steps: int = 60) -> np.ndarray:
    """Topics T for which softmax(T words') comes nearest, by cross-entropy, to the topics softmax(beta).

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate.
    words : ndarray, (n_words, dimension)
        Word vectors.
    penalty : float
        Weight of the squared norm of T, which keeps topics finite where vectors tell their words from all others.
    steps : int
        Iterations of L-BFGS at most.

    Returns
    -------
    ndarray, float32, (n_topics, dimension)
    """
    vectors = torch.tensor(words, dtype=torch.float32)
    wanted = torch.tensor(beta, dtype=torch.float32).softmax(dim=-1)
    topics = torch.zeros(len(beta), words.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([topics], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = penalty * topics.square().sum() - (wanted * (topics @ vectors.T).log_softmax(dim=-1)).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return topics.detach().numpy()


def topics_at_centres(beta: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Topics at the weighted means of their words, scaled to unit length: (n_topics, dimension).

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Log-weights, such as a spectral estimate. Words count by the square of their weight, so that those that no
        topic holds do not draw all topics to one place.
    words : ndarray, (n_words, dimension)
        Word vectors.
    """
    weights = np.exp(2 * (beta - beta.max(axis=1, keepdims=True)))
    centres = weights @ words / weights.sum(axis=1, keepdims=True)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
