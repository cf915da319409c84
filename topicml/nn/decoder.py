"""Decoders: map topic proportions to word distributions."""

import numpy as np
import torch
from torch import Tensor, nn

from topicml.nn.bag_of_words import MixtureByGroup, MixtureOfWords, ProductOfWords
from topicml.nn.deviations import GroupDeviations
from topicml.nn.encoder import batch_norm
from topicml.nn.folded_norm import normalised_product
from topicml.nn.sampled_words import SampledProductOfWords

MANY_WORDS, SAMPLED_WORDS = 40_000, 10_000
"""The vocabulary from which ``sampled_words="auto"`` is a number, and the number."""


def start_bias(norm: nn.BatchNorm1d, background: np.ndarray | None) -> None:
    """Set the bias of batch normalisation over words to their log-frequency.

    Parameters
    ----------
    norm : BatchNorm1d
        The batch normalisation, changed in place.
    background : ndarray, (n_words,), or None
        Log-frequency of the words; None: the bias stays.
    """
    if background is not None:
        with torch.no_grad():
            norm.bias.copy_(torch.as_tensor(background, dtype=torch.float32))


class ProductDecoder(nn.Module):
    """Product of experts: words ~ softmax(BN(theta @ beta)), beta unconstrained.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Initial topics: centred log-weights of their words.
    background : ndarray, (n_words,), optional
        Log-frequency of the words, the initial bias of batch normalisation, so that topics need not learn how frequent
        words are; by default zeros.
    sampled_words : int, "auto" or None
        Words besides those of the batch from which the normaliser is estimated in training
        (`topicml.nn.sampled_words`). None: all words. ``auto``: 10,000 if there are at least 40,000 words, else all.

    References
    ----------
    Srivastava & Sutton 2017, section 4. Batch normalisation has a bias and no scale, as in the authors' code. The
    background is that of SAGE (Eisenstein, Ahmed & Xing, ICML 2011).
    """

    def __init__(
        self, beta: np.ndarray, background: np.ndarray | None = None, *, sampled_words: int | str | None = None
    ) -> None:
        super().__init__()
        self.sampled_words = sampled_words
        self.beta = nn.Parameter(torch.as_tensor(beta, dtype=torch.float32))
        self.norm = batch_norm(beta.shape[1])
        start_bias(self.norm, background)

    def forward(self, theta: Tensor) -> ProductOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics)."""
        return self._product(theta, self.beta)

    def by_group(self, theta: Tensor, groups: Tensor, deviations: GroupDeviations) -> ProductOfWords:
        """Return the word distributions of documents of `groups` (n_docs,), whose topics deviate.

        ``theta_d (beta + c_g + A_g W') = [theta_d, theta_d A_g, 1_g] @ [beta; W'; c]``: a product of the same kind,
        with more columns of theta and rows of beta.
        """
        features = torch.cat([theta, deviations.features(theta, groups)], dim=-1)
        return self._product(features, torch.cat([self.beta, deviations.rows()]))

    def _product(self, theta: Tensor, beta: Tensor) -> ProductOfWords:
        n_words, size = beta.shape[1], self.sampled_words
        if size == "auto":
            size = SAMPLED_WORDS if n_words >= MANY_WORDS else None
        if self.training and isinstance(size, int | np.integer) and size < n_words:
            return SampledProductOfWords(theta, beta, self.norm, int(size))
        return normalised_product(theta, beta, self.norm)

    def log_topics(self) -> Tensor:
        """Return the log-weights that deviations of groups are added to: (n_topics, n_words)."""
        return self.beta

    def topic_word(self) -> Tensor:
        """Return softmax(beta): (n_topics, n_words), rows sum to 1."""
        return self.beta.softmax(dim=-1)


class MixtureDecoder(nn.Module):
    """Mixture of topics: words ~ theta @ softmax(BN(beta)), the decoder of neural LDA (NVLDA).

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Initial topics: centred log-weights of their words.
    background : ndarray, (n_words,)
        Log-frequency of the words, the initial bias of batch normalisation.

    References
    ----------
    Srivastava & Sutton 2017, section 3.
    """

    def __init__(self, beta: np.ndarray, background: np.ndarray) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.as_tensor(beta, dtype=torch.float32))
        self.norm = batch_norm(beta.shape[1])
        start_bias(self.norm, background)

    def forward(self, theta: Tensor) -> MixtureOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics)."""
        return MixtureOfWords(theta, self.topic_word())

    def by_group(self, theta: Tensor, groups: Tensor, deviations: GroupDeviations) -> MixtureByGroup:
        """Return the word distributions of documents of `groups` (n_docs,), whose topics deviate."""
        return MixtureByGroup(theta, groups, self.log_topics(), deviations)

    def log_topics(self) -> Tensor:
        """Return the log-weights that deviations of groups are added to: (n_topics, n_words)."""
        log_topics: Tensor = self.norm(self.beta)
        return log_topics

    def topic_word(self) -> Tensor:
        """Return softmax(BN(beta)): (n_topics, n_words), rows sum to 1."""
        return self.norm(self.beta).softmax(dim=-1)
