"""DocNADE with shares of topics: each word of a document is predicted from the others."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import Story
from topicml.nn.bag_of_words import BagOfWords, ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.point_network import PointNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.statistics import same_statistics
from topicml.nn.word_blocks import by_blocks
from topicml.objectives.objective import Loss, Objective, WithoutPreparation


class AutoregressiveDecoder(nn.Module):
    """Words from the topics of a document, and from a hidden vector of its observed words.

    ``words ~ softmax(bias + theta @ beta + h @ output)``, ``h = tanh(hidden_bias + sum of the vectors of the observed
    words)``. Without topics, this is DocNADE with a full softmax.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Initial topics: centred log-weights of their words.
    background : ndarray, (n_words,)
        Initial bias: the log-frequency of the words.
    units : int
        Length of the hidden vector; 0 for topics alone.
    dropout : float
        Fraction of the hidden vector that dropout zeroes in training.
    """

    def __init__(self, beta: np.ndarray, background: np.ndarray, *, units: int, dropout: float) -> None:
        super().__init__()
        n_words = beta.shape[1]
        self.beta = nn.Parameter(torch.as_tensor(beta, dtype=torch.float32))
        self.bias = nn.Parameter(torch.as_tensor(background, dtype=torch.float32))
        self.vectors = nn.EmbeddingBag(n_words, units, mode="sum", include_last_offset=True)
        self.hidden_bias = nn.Parameter(torch.zeros(units))
        self.output = nn.Parameter(torch.empty(units, n_words))
        self.dropout = nn.Dropout(dropout)
        for weight in (self.vectors.weight, self.output):
            nn.init.normal_(weight, std=0.05)

    def forward(self, theta: Tensor) -> ProductOfWords:
        """Return the words of topics alone, for documents with proportions `theta` (..., n_docs, n_topics)."""
        return ProductOfWords(theta, self.beta, self.bias)

    def given(self, observed: Batch, theta: Tensor) -> ProductOfWords:
        """Return the further words of documents with `observed` words and proportions `theta` (n_docs, n_topics)."""
        features = torch.cat([theta, self.dropout(self.hidden(observed))], dim=-1)
        return ProductOfWords(features, torch.cat([self.beta, self.output]), self.bias)

    def hidden(self, observed: Batch) -> Tensor:
        """Return the hidden vector of each document, (n_docs, units), between -1 and 1."""
        total = self.vectors(observed.word_ids, observed.offsets, per_sample_weights=observed.counts)
        return torch.tanh(self.hidden_bias + total)

    def topic_word(self) -> Tensor:
        """Return softmax(beta): (n_topics, n_words), rows sum to 1."""
        return self.beta.softmax(dim=-1)


class AutoregressiveNetwork(PointNetwork):
    """A topic network that predicts words of documents from their other words.

    The running statistics of batch normalisation are those of observed parts of documents, which `predict` reads. They
    do not change when whole documents are encoded, as for a contrast.
    """

    def encode(self, batch: Batch) -> Posterior:
        """Return the point posterior of each document, whose scale is zero."""
        with same_statistics(self.encoder):
            return super().encode(batch)

    def predict(self, observed: Batch) -> BagOfWords:
        """Return the distribution of further words of documents, given the `observed` ones."""
        theta = super().encode(observed).theta_mean
        words = self.decoder.given(observed, theta)  # type: ignore[operator]
        return words if self.word_blocks is None else by_blocks(words, self.word_blocks)

    @torch.no_grad()
    def predictive(self, batch: Batch, *, steps: int = 10) -> BagOfWords:
        """Predict further words of documents, as in training.

        Parameters
        ----------
        batch : Batch
            The observed words.
        steps : int
            Not used: the encoder is trained to predict from a part of the words.

        Returns
        -------
        BagOfWords
        """
        return self.predict(batch)


class OrderlessLikelihood(WithoutPreparation):
    """Negative log-likelihood of documents whose words are predicted one after the other, as a mean over all orders.

    ``-mean_d E_order sum_i log p(word i | words before)``, in nats per document. It is estimated without bias from one
    prediction: of each document, a number n of words, from 0 to all, is observed, and predicts the others. Their
    log-likelihood is multiplied by (N + 1) / (N - n), where N is the number of words. There is no latent variable, and
    so no KL term: this is the likelihood, not a bound.

    It requires an `AutoregressiveNetwork`. Where counts are weights, the fraction of a count is one more word, which
    counts less.

    References
    ----------
    Lauly, Zheng, Allauzen & Larochelle, Document neural autoregressive distribution estimation, JMLR 2017
    (DeepDocNADE); Uria, Murray & Larochelle, A deep and tractable density estimator, ICML 2014.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss, a mean over documents; see `Objective.__call__`."""
        observed, others = observed_and_others(batch)
        log_likelihood: Tensor = network.predict(observed).log_prob(or_neighbours(others, batch))
        n_words, n_others = number_of_words(batch), number_of_words(others)
        has_others = n_others > 0
        weight = (n_words + 1)[has_others] / n_others[has_others]
        return Loss(-(weight * log_likelihood[has_others]).sum() / len(batch))


def observed_and_others(batch: Batch) -> tuple[Batch, Batch]:
    """Split the words of each document at random into two parts, of any size with the same probability.

    Parameters
    ----------
    batch : Batch
        Documents of N words.

    Returns
    -------
    observed, others : Batch
        The number of observed words is uniform on 0, …, N, because it is binomial with a uniform probability. Both
        parts have all documents; a document may have no word in one.
    """
    share = torch.rand(len(batch), device=batch.counts.device)[batch.documents]
    whole = batch.counts.floor()
    fraction = batch.counts - whole
    words, with_fraction = torch.binomial(whole, share), (torch.rand_like(share) < share).to(share.dtype)
    observed = words + fraction * with_fraction
    return batch.with_counts(observed), batch.with_counts(whole - words + fraction * (1 - with_fraction))


def or_neighbours(others: Batch, batch: Batch) -> Batch:
    """Put words of neighbours in the place of the `others` of documents that are to reconstruct a neighbour.

    Parameters
    ----------
    others : Batch
        The words of each document that are not observed.
    batch : Batch
        The same documents. The targets of one are its own words, or those of a neighbour (`WithNeighbours`).

    Returns
    -------
    Batch
        The words of a neighbour are scaled to the number of those that they replace.
    """
    if batch.targets is None:
        return others
    scales = others.lengths / batch.lengths
    neighbours = replace(
        batch.targets,
        counts=batch.targets.counts * scales[batch.targets.documents],
        lengths=batch.targets.lengths * scales,
    )
    return others.where((batch.targets.rows == batch.rows) | (scales == 0), neighbours)


def number_of_words(batch: Batch) -> Tensor:
    """Return the number of words of each document, (n_docs,); the fraction of a count is one word."""
    return batch.sum_by_document(batch.counts.ceil())


class DocNADEStory(Story):
    """Story of DocNADE with shares of topics: each word of a document is predicted from other words.

    ``words ~ softmax(bias + theta @ beta + h @ output)``, where ``theta = softmax(z)``, z is the mean of the encoder,
    and ``h = tanh(c + sum of the vectors of the observed words)``.

    Parameters
    ----------
    units : int
        Length of the hidden vector h, which predicts words beside the topics; 0: topics alone.
    units_dropout : float
        Fraction of the hidden vector that dropout zeroes in training. With a higher value, topics predict more.
    """

    units: int = 100
    units_dropout: float = 0.5

    reconstructs_targets: ClassVar[bool] = False

    times_epochs: ClassVar[int] = 3
    """In an epoch, one part of a document predicts the rest, so that training takes more epochs than with a bound."""

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.units >= 0, "units", self.units, "at least 0")
        require(0 <= self.units_dropout < 1, "units_dropout", self.units_dropout, "in [0, 1)")

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
        return {"beta": self.starting_topics(documents, seed), "background": self.background(documents)}

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
        encoder = self.encoder(beta.shape[1])
        decoder = AutoregressiveDecoder(beta, background, units=self.units, dropout=self.units_dropout)
        return AutoregressiveNetwork(encoder, decoder, n_topics=self.n_topics)

    def losses(self) -> dict[str, Objective]:
        """Return the likelihood."""
        return {"likelihood": OrderlessLikelihood()}


class DocNADE(NamedModel, story=DocNADEStory):
    """DocNADE with shares of topics: it predicts words of a document from its other words.

    ``words ~ softmax(bias + theta @ beta + h @ output)``, where ``theta = softmax(z)``, z is the mean of the encoder,
    and ``h = tanh(c + sum of the vectors of the observed words)``. Training maximises the likelihood of words that are
    predicted one after the other, as a mean over all orders (`OrderlessLikelihood`).

    Of topicml's models it predicts unseen words best, and finds similar documents best
    (``benchmarks/results/unseen.md``). A fit takes about four times as long as one of `ProdLDA`, and fewer documents
    hold a first word of their topic.

    References
    ----------
    Larochelle & Lauly, A neural autoregressive topic model, NIPS 2012; Lauly, Zheng, Allauzen & Larochelle, Document
    neural autoregressive distribution estimation, JMLR 2017. The paper's documents are the hidden vector alone, and its
    topics are hidden units; shares of topics beside it, and their spectral start, are additions of topicml.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.DocNADE(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
