"""TSCTM: topics of short texts, with quantised topic proportions and topic-semantic contrast."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import Story
from topicml.nn.bag_of_words import BagOfWords, MixtureOfWords
from topicml.nn.batch import Batch
from topicml.nn.decoder import ProductDecoder
from topicml.nn.network import TopicNetwork
from topicml.nn.point_network import PointNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.topic_semantic import TopicSemantic
from topicml.objectives.elbo import ELBO
from topicml.objectives.objective import Loss, Objective, WithoutPreparation


class TopicQuantiser(nn.Module):
    """Vector quantisation of topic proportions with K codewords.

    The codebook starts as the identity matrix: the code of a document is then its leading topic.

    Parameters
    ----------
    n_topics : int
        Number of topics, K.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, section 3.2; van den Oord, Vinyals & Kavukcuoglu, VQ-VAE, NeurIPS 2017.
    """

    def __init__(self, n_topics: int) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.eye(n_topics))

    @torch.no_grad()
    def codes(self, theta: Tensor) -> Tensor:
        """Return the ids of the nearest codewords of `theta` (..., n_topics), by squared distance: int64, (...)."""
        # |theta|^2 is the same for all codewords. torch.cdist loses precision near zero.
        distances = self.codebook.square().sum(dim=-1) - 2 * theta @ self.codebook.T
        return distances.argmin(dim=-1)

    def forward(self, theta: Tensor) -> Tensor:
        """Replace `theta` (..., n_topics) by its codewords, with the straight-through gradient.

        ``theta_q = theta + stop_gradient(e_q - theta)``
        """
        return theta + (self.codebook[self.codes(theta)] - theta).detach()

    def distance(self, theta: Tensor, commitment: float) -> Tensor:
        """Compute the distances of documents to their codewords.

        ``|stop_gradient(theta) - e_q|^2 + commitment |theta - stop_gradient(e_q)|^2``. The first term moves codewords
        towards their documents, the second moves documents towards their codewords.

        Parameters
        ----------
        theta : Tensor, (n_docs, n_topics)
            Topic proportions.
        commitment : float
            Weight of the second term.

        Returns
        -------
        Tensor, (n_docs,)
        """
        codewords = self.codebook[self.codes(theta)]
        moved = (theta.detach() - codewords).square().sum(dim=-1)
        committed = (theta - codewords.detach()).square().sum(dim=-1)
        return moved + commitment * committed


class QuantisedNetwork(PointNetwork):
    """A topic network in which the topic proportions of a document are one of K codewords instead of a sample.

    With a uniform prior over codewords, ``KL(q || p) = log K`` for every document (VQ-VAE, section 3.1); without this
    constant, the ELBO is the reconstruction term.

    Parameters
    ----------
    encoder, decoder : nn.Module
        See `TopicNetwork`.
    n_topics : int
        Number of topics, K.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, n_topics: int) -> None:
        super().__init__(encoder, decoder, n_topics=n_topics)
        self.quantiser = TopicQuantiser(n_topics)

    def words(self, theta: Tensor, batch: Batch | None = None) -> BagOfWords:
        """Return the word distributions of documents, given the codewords of `theta` (n_docs, n_topics)."""
        return self.decoder(self.quantiser(theta))

    @torch.no_grad()
    def predictive(self, batch: Batch, *, steps: int = 10) -> BagOfWords:
        """Predict further words of documents: the mean over codes, by their probability given the words in the batch.

        ``p(word | batch) = sum_q p(word | e_q) p(e_q | batch)``, where all codes are equally probable before. Few words
        leave the code open, so the words of one code predict others badly. The words of a long document count as in
        `topicml.nn.evidence`.

        Parameters
        ----------
        batch : Batch
            The observed words.
        steps : int
            Not used: the sum is exact.

        Returns
        -------
        BagOfWords
            A mixture of the words of the codes.
        """
        words = self.decoder(self.quantiser.codebook).word_log_prob()
        likelihood = torch.stack([batch.sum_by_document(batch.counts * code[batch.word_ids]) for code in words], dim=1)
        if self.evidence is not None:
            likelihood = likelihood * self.evidence.weight(batch)[:, None]
        return MixtureOfWords(torch.softmax(likelihood, dim=-1), words.exp())


class QuantisedELBO(ELBO):
    """The ELBO of a quantised network; in evaluation mode, the distance of documents to their codewords is added.

    The reconstruction depends only on the codes. For documents that are easy to distinguish, early stopping would
    select the first epoch with the right codes, in which proportions are still nearly uniform. The distance
    ``|theta - e_q|^2`` is smaller in later epochs.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the negative bound, a mean over documents; see `Objective.__call__`."""
        loss = super().__call__(batch, posterior, network, progress)
        if network.training:
            return loss
        theta = posterior.theta_mean
        distance = (theta - network.quantiser(theta)).square().sum(dim=-1).mean()
        return Loss(loss.value + distance, loss.parts)


class Quantisation(WithoutPreparation):
    """``mean_d |sg(theta_d) - e_q|^2 + commitment |theta_d - sg(e_q)|^2``, e_q the codeword of document d.

    It requires a `QuantisedNetwork` and costs n_docs * K^2 operations. The history records the part ``codes``, the
    number of codewords in use per batch; 1 is a sign of collapse.

    Parameters
    ----------
    commitment : float
        Weight of moving documents towards codewords, relative to moving codewords towards documents.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, equation 5.
    """

    def __init__(self, *, commitment: float = 0.1) -> None:
        self.commitment = commitment

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss, a mean over documents; see `Objective.__call__`."""
        quantiser = network.quantiser
        theta = posterior.theta_mean
        parts = {"codes": float(len(quantiser.codes(theta).unique()))}
        return Loss(quantiser.distance(theta, self.commitment).mean(), parts)


class TSCTMStory(Story):
    """Story of TSCTM: words from the codeword of a document.

    ``theta = softmax(z); theta_q = nearest of K codewords; words ~ softmax(BN(theta_q @ beta))``, where z is the mean
    of the encoder.

    Parameters
    ----------
    dropout : float
        Fraction of hidden units that dropout zeroes in training. With a high value, codes depend on many words of a
        document, and documents of a class share codes more often (NMI rises with it on six corpora; on five of them up
        to 0.7).
    commitment : float
        Weight of moving documents towards their codewords. The paper's value is 0.1.
    temperature : float, optional
        Temperature of the topic-semantic contrast; by default that of the paper, 0.5 without views and 0.07 with views.
    semantic_weight : float, optional
        Weight of the topic-semantic contrast; None is that of the paper, 1 without views and 3 with views. A larger
        weight separates documents of different codes more; with 5 or more, some codes are no longer used.
    same_weight : float
        With views, the weight of documents with the same code relative to views. The paper's value is 0.001.
    """

    dropout: float = 0.6
    commitment: float = 0.1
    temperature: float | None = None
    semantic_weight: float | None = 2.0
    same_weight: float = 0.001

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        for name in ("commitment", "same_weight"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        if self.temperature is not None:
            require(self.temperature > 0, "temperature", self.temperature, "None or positive")
        if self.semantic_weight is not None:
            require(self.semantic_weight >= 0, "semantic_weight", self.semantic_weight, "None or at least 0")

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
            ``beta``, (n_topics, n_words), centred log-weights, and ``background``, (n_words,), the centred
            log-frequency of the words.
        """
        return {"beta": self.starting_topics(documents, seed), "background": self.background(documents)}

    def network(self, *, beta: np.ndarray, background: np.ndarray | None = None) -> TopicNetwork:  # type: ignore[override]
        """Make the network that starts from these values.

        Parameters
        ----------
        beta : ndarray, (n_topics, n_words)
            Centred log-weights of the topics.
        background : ndarray, (n_words,), optional
            Log-frequency of the words. Models that were saved by earlier versions do not have it.

        Returns
        -------
        TopicNetwork
        """
        encoder = self.encoder(beta.shape[1])
        return QuantisedNetwork(encoder, ProductDecoder(beta, background), n_topics=self.n_topics)

    def losses(self) -> dict[str, Objective]:
        """Return the bound, the quantisation loss and the topic-semantic contrast."""
        semantic = TopicSemantic(
            temperature=self.temperature, weight=self.semantic_weight, same_weight=self.same_weight
        )
        losses: dict[str, Any] = {"elbo": QuantisedELBO(), "quantisation": Quantisation(commitment=self.commitment)}
        return {**losses, "topic_semantic": semantic}


class TSCTM(NamedModel, story=TSCTMStory):
    """TSCTM, a topic model of short texts: quantised topic proportions, and a contrast of documents by their codes.

    ``theta = softmax(z); theta_q = nearest of K codewords; words ~ softmax(BN(theta_q @ beta))``, where z is the mean
    of the encoder. The quantisation loss (`Quantisation`) and the topic-semantic contrast
    (`topicml.objectives.contrast.TopicSemantic`) are added to the reconstruction. The paper trains random initial
    topics for 200 epochs. Here topics start from a spectral estimate, which is nearly as distinct at once.

    With a `batch_size` below 128, many codes have only one document in a batch, so the contrast has few positives.

    On unseen documents it is best at no measure by more than seeds differ (``benchmarks/results/unseen.md``). Choose it
    for a code for each short text.

    References
    ----------
    Wu, Luu & Dong, Mitigating data sparsity for short text topic modeling by topic-semantic contrastive learning,
    EMNLP 2022. Differences of topicml: the spectral start, the length-normalised input of the encoder, the learning
    rates, and that views are only used in the contrast and are not reconstructed.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.TSCTM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
