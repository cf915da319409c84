"""TSCTM: topics of short texts by quantised topic proportions and topic-semantic contrast."""

from typing import Any

import numpy as np
import pyro
import torch
from torch import Tensor, nn

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.models.named import NamedModel
from topicml.models.story import Story, log_frequency
from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.decoder import ProductDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.topic_semantic import TopicSemantic
from topicml.objectives.elbo import ELBO
from topicml.objectives.objective import Loss, Objective, WithoutPreparation


class TopicQuantiser(nn.Module):
    """K codewords over K topics; the codebook starts as the identity, so the code of a document is its largest topic.

    Parameters
    ----------
    n_topics : int
        K.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, section 3.2; van den Oord, Vinyals & Kavukcuoglu, VQ-VAE, NeurIPS 2017.
    """

    def __init__(self, n_topics: int) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.eye(n_topics))

    @torch.no_grad()
    def codes(self, theta: Tensor) -> Tensor:
        """The nearest codeword of proportions `theta` (..., n_topics), by squared distance: int64, (...)."""
        # |theta|^2 is the same for all codewords. torch.cdist loses precision near zero.
        distances = self.codebook.square().sum(dim=-1) - 2 * theta @ self.codebook.T
        return distances.argmin(dim=-1)

    def forward(self, theta: Tensor) -> Tensor:
        """The codewords of `theta` (..., n_topics), of the same shape; the gradient goes straight through to theta.

        ``theta_q = theta + stop_gradient(e_q - theta)``
        """
        return theta + (self.codebook[self.codes(theta)] - theta).detach()

    def distance(self, theta: Tensor, commitment: float) -> Tensor:
        """Distance of documents to their codewords.

        ``|stop_gradient(theta) - e_q|^2 + commitment |theta - stop_gradient(e_q)|^2``: the first term moves codewords
        to their documents, the second documents to their codewords.

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


class QuantisedNetwork(TopicNetwork):
    """A topic model whose documents take one of K codewords, instead of a sample, as topic proportions.

    The posterior is a point, the encoder's mean, so the ELBO is its reconstruction term: with codewords equally likely
    a priori, ``KL(q || p) = log K`` for every document, a constant that is left out (VQ-VAE, section 3.1). Every
    objective and contrast works with this network as with others.

    Parameters
    ----------
    encoder, decoder : nn.Module
        See `TopicNetwork`.
    n_topics : int
        K.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, n_topics: int) -> None:
        super().__init__(encoder, decoder, n_topics=n_topics, alpha=1.0)
        self.quantiser = TopicQuantiser(n_topics)

    def encode(self, batch: Batch) -> Posterior:
        """The point posterior of every document: its scale is zero."""
        loc = self.encoder(batch).loc
        return Posterior(loc, torch.zeros_like(loc))

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Take theta's codeword, words ~ decoder(codeword)."""
        with pyro.plate("documents", len(batch), dim=-1):
            pyro.sample("words", self.words(posterior.theta_mean), obs=batch)  # type: ignore[arg-type]

    def words(self, theta: Tensor) -> BagOfWords:
        """Distribution of the words of documents whose proportions `theta` (n_docs, n_topics) are quantised."""
        return self.decoder(self.quantiser(theta))

    def guide(self, batch: Batch, posterior: Posterior) -> None:
        """Draw nothing: the encoder's mean and its code are the latent variable."""
        with pyro.plate("documents", len(batch), dim=-1):
            pass


class QuantisedELBO(ELBO):
    """The ELBO of a quantised network; in evaluation mode, plus the distance of documents to their codewords.

    The reconstruction depends on codes only. On documents that are easy to tell apart, the first epoch with the right
    codes would count as the best, with proportions that are still flat; a small |theta - e_q|^2 distinguishes later
    epochs.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The negative bound, a mean over documents."""
        loss = super().__call__(batch, posterior, network, progress)
        if network.training:
            return loss
        theta = posterior.theta_mean
        distance = (theta - network.quantiser(theta)).square().sum(dim=-1).mean()
        return Loss(loss.value + distance, loss.parts)


class Quantisation(WithoutPreparation):
    """``mean_d |sg(theta_d) - e_q|^2 + commitment |theta_d - sg(e_q)|^2``, e_q the codeword of document d.

    It needs a network with a `quantiser` (`QuantisedNetwork`), and costs n_docs * K^2 operations. Its part ``codes``
    is the number of codewords that the last batch used: 1 is a sign of collapse.

    Parameters
    ----------
    commitment : float
        Weight of moving documents to their codewords, relative to moving codewords to their documents.

    References
    ----------
    Wu, Luu & Dong, TSCTM, EMNLP 2022, equation 5.
    """

    def __init__(self, *, commitment: float = 0.1) -> None:
        self.commitment = commitment

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a mean over documents."""
        quantiser = network.quantiser
        theta = posterior.theta_mean
        parts = {"codes": float(len(quantiser.codes(theta).unique()))}
        return Loss(quantiser.distance(theta, self.commitment).mean(), parts)


class TSCTMStory(Story):
    """Words from the codeword of a document.

    ``theta = softmax(z); theta_q = nearest of K codewords; words ~ softmax(BN(theta_q @ beta))``, z the encoder's mean.

    Parameters
    ----------
    exclusivity : float or "auto"
        Starting topics are multiplied by p(topic | word) to this power: see `topicml.models.story.Story`.
    dropout : float
        Share of hidden units dropped in training. High: codes then depend on many words of a document, and documents of
        a class share them more often (NMI on six corpora rises with it, up to 0.7 on all but 20NG).
    commitment : float
        Weight of moving documents to their codewords; the paper's value is 0.1.
    temperature : float, optional
        Of the topic-semantic contrast; by default the paper's 0.5, or 0.07 with views.
    semantic_weight : float, optional
        Weight of the topic-semantic contrast. None is the paper's: 1, or 3 with views. A larger weight separates
        documents of different codes more and sharpens clusters, but from 5 on whole codes become unused.
    same_weight : float
        With views, weight of documents of the same code relative to that of views; the paper's value is 0.001.
    n_topics, init, hidden, topic_rate
        See `topicml.models.story.Story`.
    """

    exclusivity: float | str = 1.25
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
        """``beta`` (n_topics, n_words), centred log-weights."""
        background = log_frequency(documents)
        return {"beta": self.starting_topics(documents, seed), "background": background - background.mean()}

    def network(self, *, beta: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """The network that starts from these values."""
        encoder = BagEncoder(
            beta.shape[1],
            self.n_topics,
            hidden=self.hidden,
            dropout=self.dropout,
            few_topics=self.n_topics,  # nothing is drawn from the posterior, so no noise hides any topic
        )
        return QuantisedNetwork(encoder, ProductDecoder(beta, background), n_topics=self.n_topics)

    def losses(self) -> dict[str, Objective]:
        """The bound, quantisation, and topic-semantic contrast."""
        semantic = TopicSemantic(
            temperature=self.temperature, weight=self.semantic_weight, same_weight=self.same_weight
        )
        losses: dict[str, Any] = {"elbo": QuantisedELBO(), "quantisation": Quantisation(commitment=self.commitment)}
        return {**losses, "topic_semantic": semantic}


class TSCTM(NamedModel, story=TSCTMStory):
    """TSCTM, a topic model of short texts: proportions are quantised to codewords, and codes say what is similar.

    ``theta = softmax(z); theta_q = nearest of K codewords; words ~ softmax(BN(theta_q @ beta))``, z the encoder's mean.
    The losses of quantisation (`Quantisation`) and of topic-semantic contrast
    (`topicml.objectives.contrast.TopicSemantic`) are added to the reconstruction. The paper trains topics that start at
    random for 200 epochs; these start from a spectral estimate, which is nearly as distinct already.

    With a `batch_size` below 128, many codes are alone in their batch.

    References
    ----------
    Wu, Luu & Dong, Mitigating data sparsity for short text topic modeling by topic-semantic contrastive learning,
    EMNLP 2022. The spectral start, the length-normalised input of the encoder and the learning rates are topicml's;
    views enter the contrast only, their words are not reconstructed.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.TSCTM(n_topics=10, random_state=0).fit(corpus)
    >>> len(model.topics(10))
    10
    """
