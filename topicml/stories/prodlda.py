"""ProdLDA, a product of experts, and neural LDA, a mixture of topics."""

import numpy as np
from torch import nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import log_frequency
from topicml.models.variational import VariationalStory
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.network import TopicNetwork


class ProdLDAStory(VariationalStory):
    """Story of ProdLDA: words from the product (or the mixture) of unconstrained topics.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))``.

    Parameters
    ----------
    decoder : str
        ``product``: softmax of the weighted sum of the topics (ProdLDA). ``mixture``: weighted sum of the softmax of
        the topics (neural LDA, NVLDA).
    sampled_words : int, "auto" or None
        Number of words, besides those of the batch, from which the normaliser of the product is estimated in training
        (`topicml.nn.sampled_words`). None: all words. ``auto``: 10,000 for a vocabulary of 40,000 words or more, where
        a step then takes half of the time or less, and all words otherwise. Evaluation always uses all.
    """

    decoder: str = "product"
    sampled_words: int | str | None = "auto"

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.decoder in ("product", "mixture"), "decoder", self.decoder, "one of product, mixture")
        sampled = self.sampled_words
        is_number = isinstance(sampled, int | np.integer) and not isinstance(sampled, bool) and sampled >= 1
        is_word = isinstance(sampled, str) and sampled == "auto"
        require(sampled is None or is_word or is_number, "sampled_words", sampled, "'auto', None or a number from 1 on")
        is_used = sampled is None or is_word or self.decoder == "product"
        require(is_used, "sampled_words", sampled, "None or 'auto' with decoder='mixture', which has no normaliser")

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the starting topics and the frequency of words.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            ``beta``, (n_topics, n_words), and ``background``, (n_words,), the log-frequency of the words.
        """
        background = self.background(documents) if self.decoder == "product" else log_frequency(documents)
        return {"beta": self.starting_topics(documents, seed), "background": background}

    def network(self, *, beta: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """Make the network that starts from these values.

        Parameters
        ----------
        beta : ndarray, (n_topics, n_words)
            Centred log-weights of the topics.
        background : ndarray, (n_words,)
            Log-frequency of the words.

        Returns
        -------
        TopicNetwork
        """
        decoder: nn.Module
        if self.decoder == "product":
            decoder = ProductDecoder(beta, background, sampled_words=self.sampled_words)
        else:
            decoder = MixtureDecoder(beta, background)
        return TopicNetwork(
            self.encoder(beta.shape[1]),
            decoder,
            n_topics=self.n_topics,
            alpha=self.alpha,
            theta_dropout=self.theta_dropout,
        )


class ProdLDA(NamedModel, story=ProdLDAStory):
    """ProdLDA, an autoencoding topic model with a product-of-experts decoder. It starts from spectral topics.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))``.

    References
    ----------
    Srivastava & Sutton, Autoencoding variational inference for topic models, ICLR 2017. Batch
    normalisation without a scale follows the authors' code. The spectral start is an addition of topicml
    (`topicml.starting`).

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ProdLDA(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
