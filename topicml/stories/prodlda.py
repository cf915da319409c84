"""ProdLDA: topics as experts whose product gives the words; and neural LDA, their mixture."""

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import VariationalStory, log_frequency
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.network import TopicNetwork


class ProdLDAStory(VariationalStory):
    """Words from the product, or the mixture, of topics without constraints.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))``.

    Parameters
    ----------
    decoder : {"product", "mixture"}
        ``product``: softmax of the weighted topics (ProdLDA). ``mixture``: weighted softmax topics (neural LDA, NVLDA).
    n_topics, init, exclusivity, hidden, dropout, topic_rate
        See `topicml.models.story.Story`.
    alpha, theta_dropout, bound, kl_warmup, free_bits, few_topics
        See `topicml.models.story.VariationalStory`.
    """

    decoder: str = "product"

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.decoder in ("product", "mixture"), "decoder", self.decoder, "one of product, mixture")

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """``beta`` (n_topics, n_words), and ``background`` (n_words,), the centred log-frequency of words."""
        background = log_frequency(documents)
        return {"beta": self.starting_topics(documents, seed), "background": background - background.mean()}

    def network(self, *, beta: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """The network that starts from these values; the product of experts has no background."""
        decoder = ProductDecoder(beta, background) if self.decoder == "product" else MixtureDecoder(beta, background)
        return TopicNetwork(
            self.encoder(beta.shape[1]),
            decoder,
            n_topics=self.n_topics,
            alpha=self.alpha,
            theta_dropout=self.theta_dropout,
        )


class ProdLDA(NamedModel, story=ProdLDAStory):
    """ProdLDA, an autoencoding topic model, which starts from a spectral estimate of its topics.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); words ~ softmax(BN(theta @ beta))``.

    References
    ----------
    Srivastava & Sutton, Autoencoding variational inference for topic models, ICLR 2017. Batch norm without a scale
    follows the authors' code. The spectral start is topicml's (`topicml.starting`).

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ProdLDA(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
