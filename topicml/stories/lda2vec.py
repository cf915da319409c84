"""lda2vec: topics as vectors in the space of word vectors, trained with skip-gram windows."""

import math
from typing import Any, ClassVar

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.corpus.tokens import take_documents
from topicml.models.named import NamedModel
from topicml.models.variational import VariationalStory
from topicml.nn.bag_of_words import ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.skipgram import SkipGram
from topicml.nn.windows import OrderedBatch
from topicml.objectives.objective import Loss, Objective, WithoutPreparation
from topicml.starting import check_vectors, starting_vectors
from topicml.training import BatchSampler


class TopicVectors(nn.Module):
    """Decoder with document vectors d = theta @ T in the space of word vectors U, and a skip-gram likelihood.

    Parameters
    ----------
    topics : ndarray, (n_topics, dimension)
        T, the initial topic vectors.
    words : ndarray, (n_words, dimension)
        U, the initial word vectors.
    frequency : ndarray, (n_words,)
        Positive counts of the words.
    negatives, n_pairs, n_noise, window, alone
        As in `topicml.nn.skipgram.SkipGram`.
    noise_power : float
        The probabilities of noise words are proportional to ``frequency ** noise_power``.
    train_words : bool
        Whether to train the word vectors.
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
        # Row-major, as after loading: matrix products of another layout round differently.
        self.topics = nn.Parameter(torch.tensor(np.ascontiguousarray(topics), dtype=torch.float32))
        self.words = nn.Parameter(torch.tensor(np.ascontiguousarray(words), dtype=torch.float32), train_words)
        self.pivot_scale = nn.Parameter(torch.ones(()))
        share = np.asarray(frequency, dtype=np.float64) / np.sum(frequency)
        noise = share**noise_power
        noise /= noise.sum()
        self.register_buffer("noise", torch.as_tensor(noise, dtype=torch.float32))
        # The score of a word in a context without information is log p(word) - log(k noise(word)).
        bias = np.log(share) - np.log(negatives * noise)
        self.bias = nn.Parameter(torch.as_tensor(bias, dtype=torch.float32))

    def skipgram(self, theta: Tensor) -> SkipGram:
        """Return the likelihood of documents with proportions `theta` (..., n_docs, n_topics)."""
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

    def forward(self, theta: Tensor) -> ProductOfWords:
        """Return the word distributions of documents with proportions `theta` (..., n_docs, n_topics), without pivots.

        ``p(word | d)`` is proportional to ``noise exp(d . u + b)``, which is the optimum of skip-gram with negative
        sampling.
        """
        return ProductOfWords(theta @ self.topics, self.words.T, self.bias + self.noise.log())

    def topic_word(self) -> Tensor:
        """Return softmax(T U'): (n_topics, n_words), rows sum to 1. The first words of a topic are the nearest."""
        return (self.topics @ self.words.T).softmax(dim=-1)


class SkipGramNetwork(TopicNetwork):
    """A topic network with the skip-gram likelihood of its decoder instead of a bag of words."""

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Pyro model: z ~ N(prior), theta = softmax(z), words ~ skip-gram with document vector theta @ T.

        Parameters
        ----------
        batch : Batch
            The observed documents.
        posterior : Posterior
            Ignored; `guide` uses it.
        """
        with pyro.plate("documents", len(batch), dim=-1):
            z = pyro.sample("z", dist.Normal(self.prior_mean(batch), self.prior_scale).to_event(1))
            theta = self.theta_dropout(torch.softmax(z, dim=-1))
            pyro.sample("words", self.decoder.skipgram(theta), obs=batch)  # type: ignore[operator,arg-type]


class DirichletSparsity(WithoutPreparation):
    """Negative log-density of Dirichlet(alpha) at the mean proportions of the posterior, in nats per document.

    ``weight * (1 - alpha) * mean_d sum_k max(log theta_dk, log floor)`` with alpha = 1 / K. The loss decreases as
    proportions move away from the centre of the simplex. Without the floor, it would have no lower bound.

    Parameters
    ----------
    weight : float
        lambda; with 1, the loss is the negative log-density up to a constant.
    ramp : float
        Fraction of training over which the weight grows linearly from 0, so that topics form before documents become
        sparse.
    floor : float
        Smaller proportions count as this value.

    References
    ----------
    Moody 2016, equation 6.
    """

    def __init__(self, *, weight: float = 1.0, ramp: float = 0.5, floor: float = 1e-6) -> None:
        self.weight = weight
        self.ramp = ramp
        self.floor = floor

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss, a mean over documents; see `Objective.__call__`."""
        ramp = min(1.0, progress / self.ramp) if self.ramp > 0 else 1.0
        log_theta = posterior.loc.log_softmax(dim=-1)  # (n_docs, n_topics)
        bounded = log_theta.clamp_min(math.log(self.floor)).sum(dim=-1).mean()
        return Loss(self.weight * ramp * (1 - 1 / log_theta.shape[-1]) * bounded)


class OrderedSampler(BatchSampler):
    """Batches that also have the words of each document in order.

    Parameters
    ----------
    counts, rows, batch_size, seed
        As in `BatchSampler`.
    corpus : Corpus
        Documents with word order, in the rows of `counts`.
    columns : ndarray of int, optional
        For each word of the corpus its column in `counts`, or -1 for a word without a column; by default the columns
        are the words of the corpus.
    """

    def __init__(
        self,
        counts: csr_matrix,
        rows: np.ndarray,
        corpus: Corpus,
        columns: np.ndarray | None = None,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__(counts, rows, batch_size=batch_size, seed=seed)
        corpus.require_order("Reading windows")
        assert corpus.tokens is not None and corpus.offsets is not None
        self.tokens, self.offsets = corpus.tokens, corpus.offsets
        self.columns = columns

    def batch(self, epoch: int, step: int) -> OrderedBatch:
        """Return one batch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        step : int
            Number of the batch in the epoch, from 0.

        Returns
        -------
        OrderedBatch
            Its rows are sorted.
        """
        bag = super().batch(epoch, step)
        tokens, offsets = take_documents(self.tokens, self.offsets, bag.rows.numpy())
        lengths = np.diff(offsets)
        if self.columns is not None:
            tokens = self.columns[tokens]
            has_column = tokens >= 0
            lengths = np.diff(np.concatenate([[0], np.cumsum(has_column)])[offsets])
            tokens = tokens[has_column]
        return OrderedBatch.from_tokens(bag, tokens, lengths)


class LDA2VecStory(VariationalStory):
    """Story of lda2vec: words from skip-gram windows, given the vectors of their document and of a nearby word.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); d = theta @ T``. The score of a word t near
    a pivot p is ``(d + w_p) . u_t + b_t``, compared with noise words (`topicml.nn.skipgram.SkipGram`). With
    ``init="random"``, topics are vectors of length 5 in random directions.

    Parameters
    ----------
    n_topics : int
        Number of topics, K. If it exceeds `vector_size`, topic vectors are linearly dependent.
    vectors : str, path, ndarray (n_words, dimension) or KeyedVectors
        Initial word vectors. ``corpus``: `topicml.starting.word_vectors` of the training documents, from words at most
        two windows apart, or from words of the same document without word order. ``word2vec``: trained with gensim on
        these documents, which must have word order. ``random``: Gaussian. Otherwise an array with rows in the order of
        the vocabulary, a file in the format of word2vec or GloVe, or gensim's ``KeyedVectors``. `frequency_power` sets
        their lengths.
    vector_size : int
        Dimension of the vectors; an array or a file keeps its own dimension.
    window : int
        Largest distance between pivot and word, in tokens.
    negatives : int
        Weight of the noise words: the number of noise words per word.
    pairs : int
        Random (pivot, word) pairs per document and step.
    noise_words : int
        Random noise words per step, shared by all pairs.
    pivot_dropout : float
        Probability that the document predicts the word without a pivot, in [0, 1].
    frequency_power : float
        The initial length of word vectors is proportional to document frequency to this power, with a mean square of 1.
        With 0, the nearest words of topics are rare; with large values, all topics have the same frequent words.
    train_vectors : bool
        Whether to train the word vectors.
    vector_rate : float
        Learning rate of the word vectors as a fraction of `learning_rate`. Random ones use the full rate.
    sparsity : float
        Weight lambda of the Dirichlet(1 / K) sparsity of theta, reached halfway through training; 0 for none.
    """

    vectors: Any = "corpus"
    topic_rate: float = 0.1
    vector_size: int = 100
    window: int = 5
    negatives: int = 15
    pairs: int = 10
    noise_words: int = 100
    pivot_dropout: float = 0.5
    frequency_power: float = 0.2
    train_vectors: bool = True
    vector_rate: float = 0.1
    sparsity: float = 0.05

    reconstructs_targets: ClassVar[bool] = False

    reconstructs_neighbours: ClassVar[bool] = False

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        check_vectors(self.vectors)
        for name in ("vector_size", "window", "negatives", "pairs", "noise_words"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(0 <= self.pivot_dropout <= 1, "pivot_dropout", self.pivot_dropout, "a probability, in [0, 1]")
        require(self.sparsity >= 0, "sparsity", self.sparsity, "0 or positive")

    def starting_values(self, documents: Documents, seed: int) -> dict[str, np.ndarray]:
        """Compute the starting topics and word vectors.

        Parameters
        ----------
        documents : Documents
            The training documents.
        seed : int
            Seed of all random choices.

        Returns
        -------
        dict of str to ndarray
            ``topics`` (n_topics, dimension), ``words`` (n_words, dimension) and ``frequency`` (n_words,), the smoothed
            counts of the words.
        """
        words = starting_vectors(
            self.vectors,
            documents,
            self.vector_size,
            window=2 * self.window,  # two words in one window around a pivot are at most this far apart
            power=self.frequency_power,
            seed=seed,
            start=self.start.vectors,
        )
        if self.start.is_random:
            topics = np.random.default_rng(seed).normal(size=(self.n_topics, words.shape[1]))
            topics *= 5 / np.linalg.norm(
                topics, axis=1, keepdims=True
            )  # so that topics affect the words: odds up to exp(5)
        else:
            topics = topics_among_words(self.starting_topics(documents, seed), words)
        frequency = np.asarray(documents.counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
        return {"topics": topics, "words": words, "frequency": frequency}

    def network(self, *, topics: np.ndarray, words: np.ndarray, frequency: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """Make the network that starts from these values.

        Parameters
        ----------
        topics : ndarray, (n_topics, dimension)
            Topic vectors.
        words : ndarray, (n_words, dimension)
            Word vectors.
        frequency : ndarray, (n_words,)
            Positive counts of the words.

        Returns
        -------
        TopicNetwork
        """
        decoder = TopicVectors(
            topics,
            words,
            frequency,
            negatives=self.negatives,
            n_pairs=self.pairs,
            n_noise=self.noise_words,
            window=self.window,
            alone=self.pivot_dropout,
            train_words=self.train_vectors,
        )
        return SkipGramNetwork(
            self.encoder(len(words)),
            decoder,
            n_topics=self.n_topics,
            alpha=self.alpha,
            theta_dropout=self.theta_dropout,
        )

    def losses(self) -> dict[str, Objective]:
        """Return the bound and the sparsity of theta."""
        losses = super().losses()
        if self.sparsity > 0:
            losses["sparsity"] = DirichletSparsity(weight=self.sparsity)
        return losses

    def rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Return lower learning rates for topic vectors and trained word vectors that do not start at random."""
        decoder: Any = network.decoder
        rates = [(decoder.topics, self.start_rate)]
        if self.train_vectors:
            random = isinstance(self.vectors, str) and self.vectors == "random"
            rates.append((decoder.words, 1.0 if random else self.vector_rate))
        return rates

    def sampler(self, documents: Documents, rows: np.ndarray, *, batch_size: int, seed: int) -> BatchSampler:
        """Make batches with word order if the corpus has it; otherwise, each document is one window.

        Parameters
        ----------
        documents : Documents
            The documents.
        rows : ndarray of int
            Rows of the documents to train on.
        batch_size : int
            Documents per batch.
        seed : int
            Seed of the shuffles.

        Returns
        -------
        BatchSampler
        """
        corpus = documents.corpus
        if corpus is None or not corpus.has_order:
            return super().sampler(documents, rows, batch_size=batch_size, seed=seed)
        columns = None
        if documents.vocabulary is not None and tuple(corpus.vocabulary) != documents.vocabulary:
            index = {word: i for i, word in enumerate(documents.vocabulary)}
            columns = np.array([index.get(word, -1) for word in corpus.vocabulary])
        return OrderedSampler(documents.counts, rows, corpus, columns, batch_size=batch_size, seed=seed)


def topics_among_words(beta: np.ndarray, words: np.ndarray, *, penalty: float = 0.01) -> np.ndarray:
    """Compute topic vectors T by ridge regression of the log-weights of topics on the word vectors.

    Parameters
    ----------
    beta : ndarray, (n_topics, n_words)
        Centred log-weights, such as a spectral estimate.
    words : ndarray, (n_words, dimension)
        Word vectors U.
    penalty : float
        Weight of the squared norm of T, relative to the mean squared score of a unit vector.

    Returns
    -------
    ndarray, (n_topics, dimension)
    """
    gramian = words.T @ words  # (dimension, dimension)
    ridge = penalty * np.trace(gramian) / len(gramian) + 1e-9
    return np.linalg.solve(gramian + ridge * np.eye(len(gramian)), words.T @ beta.T).T


class LDA2Vec(NamedModel, story=LDA2VecStory):
    """lda2vec with an encoder: the topics of a document and a nearby word predict each word.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z); d = theta @ T``. The score of a word t near
    a pivot p is ``(d + w_p) . u_t + b_t``, compared with noise words (skip-gram with negative sampling,
    `topicml.nn.skipgram`). Topics T are vectors in the space of the word vectors u; the first words of a topic are the
    nearest by dot product.

    With a `Corpus` or raw texts, pivots and words come from windows. A matrix of counts has no word order, so each
    document is one window. `score` and the held-out bound always treat documents as one window.

    lda2vec is hard to train. It works here (measured: ``benchmarks/results/lda2vec.md``) with word vectors that are
    computed from the corpus, have a low learning rate, and are longer for frequent words; and with topic vectors that
    start from a spectral estimate, by ridge regression of its log-weights on the word vectors. On unseen documents it
    is best at no measure (``benchmarks/results/unseen.md``). Choose it for word, topic and document vectors in one
    space.

    References
    ----------
    Moody, Mixing Dirichlet topic models and word embeddings to make lda2vec, arXiv:1605.02019, 2016.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.LDA2Vec(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
