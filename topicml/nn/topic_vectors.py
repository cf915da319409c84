"""Topics as vectors among word vectors: lda2vec's decoder and network."""

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from torch import Tensor, nn

from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.skipgram import SkipGram


class TopicVectors(nn.Module):
    """Document vectors d = theta @ T among word vectors U, scored by skip-gram with negative sampling.

    Parameters
    ----------
    topics : ndarray, (n_topics, dimension)
        T, where the topic vectors start.
    words : ndarray, (n_words, dimension)
        U, where the word vectors start.
    frequency : ndarray, (n_words,)
        Counts of the words; positive.
    negatives, n_pairs, n_noise, window, alone
        As in `SkipGram`.
    noise_power : float
        Noise words are drawn by ``frequency ** noise_power``.
    train_words : bool
        Whether the word vectors learn.
    """

    noise: Tensor

    def __init__(
        self,
        topics: np.ndarray,
        words: np.ndarray,
        frequency: np.ndarray,
        *,
        negatives: int,
        n_pairs: int,
        n_noise: int,
        window: int,
        alone: float,
        noise_power: float = 0.75,
        train_words: bool = True,
    ) -> None:
        super().__init__()
        self.negatives, self.n_pairs, self.n_noise = negatives, n_pairs, n_noise
        self.window, self.alone = window, alone
        # Row-major, as a loaded model's: another layout rounds products differently.
        self.topics = nn.Parameter(torch.tensor(np.ascontiguousarray(topics), dtype=torch.float32))
        self.words = nn.Parameter(torch.tensor(np.ascontiguousarray(words), dtype=torch.float32), train_words)
        self.pivot_scale = nn.Parameter(torch.ones(()))
        share = np.asarray(frequency, dtype=np.float64) / np.sum(frequency)
        noise = share**noise_power
        noise /= noise.sum()
        self.register_buffer("noise", torch.as_tensor(noise, dtype=torch.float32))
        # What a context that says nothing makes of a word: log p(word) - log(k noise(word)).
        start = np.log(share) - np.log(negatives * noise)
        self.bias = nn.Parameter(torch.as_tensor(start, dtype=torch.float32))

    def skipgram(self, theta: Tensor) -> SkipGram:
        """The likelihood of documents with proportions `theta` (..., n_docs, n_topics)."""
        return SkipGram(
            theta @ self.topics,
            words=self.words,
            pivots=self.pivot_scale * self.words,
            bias=self.bias,
            noise=self.noise,
            negatives=self.negatives,
            n_pairs=self.n_pairs,
            n_noise=self.n_noise,
            window=self.window,
            alone=self.alone,
        )

    def forward(self, theta: Tensor) -> BagOfWords:
        """Distribution of the words of documents, given their document vector alone.

        ``p(word | d)`` is proportional to ``noise exp(d . u + b)``, which is where SGNS has its optimum.
        """
        return BagOfWords(theta @ self.topics @ self.words.T + self.bias + self.noise.log())

    def topic_word(self) -> Tensor:
        """softmax(T U'): (n_topics, n_words), rows sum to 1; a topic's first words are its nearest."""
        return (self.topics @ self.words.T).softmax(dim=-1)


def topics_among_words(beta: np.ndarray, words: np.ndarray, *, penalty: float = 0.01) -> np.ndarray:
    """Topic vectors T whose scores T U' come nearest to log-weights of topics: ridge regression.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Centred log-weights, such as a spectral estimate.
    words : ndarray, (n_words, dimension)
        Word vectors U.
    penalty : float
        Of the squared norm of T, as a share of the mean squared score of a unit vector.

    Returns
    -------
    ndarray, (n_topics, dimension)
    """
    gramian = words.T @ words  # (dimension, dimension)
    ridge = penalty * np.trace(gramian) / len(gramian) + 1e-9
    return np.linalg.solve(gramian + ridge * np.eye(len(gramian)), words.T @ beta.T).T


class SkipGramNetwork(TopicNetwork):
    """A topic network whose words are observed in windows: the decoder's `skipgram` in place of a bag of words."""

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Draw z ~ N(prior), theta = softmax(z), words ~ skip-gram around theta @ T."""
        with pyro.plate("documents", len(batch), dim=-1):
            z = pyro.sample("z", dist.Normal(self.prior_loc, self.prior_scale).to_event(1))
            theta = self.theta_dropout(torch.softmax(z, dim=-1))
            pyro.sample("words", self.decoder.skipgram(theta), obs=batch)  # type: ignore[operator,arg-type]
