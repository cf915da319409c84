"""The network of a topic model: its generative story and its inference, as a Pyro model and guide."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule
from torch import Tensor, nn

from topicml.nn.bag_of_words import BagOfWords
from topicml.nn.batch import Batch
from topicml.nn.deviations import GroupDeviations
from topicml.nn.evidence import WordEvidence
from topicml.nn.posterior import Posterior
from topicml.nn.prior import CovariatePrior, laplace_dirichlet
from topicml.nn.statistics import same_statistics
from topicml.nn.tree import TopicTree
from topicml.nn.word_blocks import Blocks, by_blocks, normalised
from topicml.nn.word_translation import WordTranslation
from topicml.settings import is_number


class TopicNetwork(PyroModule):
    """A variational topic model: topic proportions are logistic normal, words come from the decoder.

    `model` and `guide` are an ordinary Pyro pair, for any inference of Pyro. Both receive the batch and the posterior
    that `encode` returns, so that several objectives share one pass of the encoder.

    Parameters
    ----------
    encoder : nn.Module
        Batch -> Posterior.
    decoder : nn.Module
        theta (..., n_docs, n_topics) -> a distribution over bags of words.
    alpha : float or sequence of n_topics floats
        Concentration of the Dirichlet prior of theta.
    n_topics : int
        K.
    theta_dropout : float
        Share of topic proportions dropped in training.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        n_topics: int,
        alpha: float | Sequence[float],
        theta_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.theta_dropout = nn.Dropout(theta_dropout)
        self.evidence: WordEvidence | None = None  # of trained networks
        self.covariates: CovariatePrior | None = None  # of models with a formula of covariates
        self.deviations: GroupDeviations | None = None  # of models whose topics differ by group
        self.tree: TopicTree | None = None  # of models with parents of topics
        self.word_blocks: Blocks | None = None  # of models of several languages: the words of each
        self.translation: WordTranslation | None = None  # of models of several languages with a dictionary
        loc, scale = laplace_dirichlet(alpha, n_topics)
        self.register_buffer("prior_loc", torch.as_tensor(loc, dtype=torch.float32))
        self.register_buffer("prior_scale", torch.as_tensor(scale, dtype=torch.float32))

    def encode(self, batch: Batch) -> Posterior:
        """q(z | document) of every document of the batch."""
        posterior: Posterior = self.encoder(self._completed(batch))
        if self.covariates is not None and batch.covariates is not None:
            posterior = replace(posterior, loc=posterior.loc + self.covariates.of_posterior(batch.covariates))
        if self.deviations is not None and self.deviations.ordered and batch.groups is not None:
            posterior = replace(posterior, loc=posterior.loc + self.deviations.of_posterior(batch.groups))
        return posterior

    def prior_mean(self, batch: Batch) -> Tensor:
        """Mean of the prior of z: (n_topics,), or (n_docs, n_topics) if it depends on the covariates of documents."""
        mean = self.prior_loc
        if self.covariates is not None and batch.covariates is not None:
            mean = mean + self.covariates(batch.covariates)
        if self.deviations is not None and self.deviations.ordered and batch.groups is not None:
            mean = mean + self.deviations.prior_mean(batch.groups)
        return mean

    def infer(self, batch: Batch) -> Posterior:
        """q(z | document) of a trained network: as `encode`, with the evidence of the words added to the mean."""
        posterior = self.encode(batch)
        if self.evidence is None:
            return posterior
        return replace(posterior, loc=posterior.loc + self.evidence(self._completed(batch)))

    def _completed(self, batch: Batch) -> Batch:
        """The documents with their words in all languages, if there is a dictionary."""
        if self.translation is None or self.word_blocks is None:
            return batch
        completed: Batch = self.translation(batch, self.word_blocks)
        return completed

    def encode_view(self, view: Batch) -> Posterior:
        """q(z | view): as `encode`, but the running statistics of batch normalisation stay those of the documents."""
        with same_statistics(self.encoder):
            return self.encode(view)

    def model(self, batch: Batch, posterior: Posterior) -> None:
        """Draw z ~ N(prior), theta = softmax(z), words ~ decoder(theta); or targets in place of the words."""
        with pyro.plate("documents", len(batch), dim=-1):
            z = pyro.sample("z", dist.Normal(self.prior_mean(batch), self.prior_scale).to_event(1))
            theta = self.theta_dropout(torch.softmax(z, dim=-1))
            pyro.sample("words", self.words(theta, batch), obs=batch.reconstructed)  # type: ignore[arg-type]

    def guide(self, batch: Batch, posterior: Posterior) -> None:
        """Draw z ~ q(z | document)."""
        with pyro.plate("documents", len(batch), dim=-1):
            pyro.sample("z", dist.Normal(posterior.loc, posterior.scale).to_event(1))

    def constants(self) -> dict[str, float]:
        """Numbers that decide what the network computes and are not weights, by dotted name.

        The epsilon of each batch normalisation, and the attributes that a module names in ``CONSTANTS``. A saved model
        keeps them, so that its results do not depend on defaults of the code that loads it.
        """
        found: dict[str, float] = {}
        for name, module in self.named_modules():
            attributes = ("eps",) if isinstance(module, nn.BatchNorm1d) else getattr(module, "CONSTANTS", ())
            found |= {f"{name}.{attribute}": float(getattr(module, attribute)) for attribute in attributes}
        return found

    def set_constants(self, constants: Mapping[str, float]) -> None:
        """Set what `constants` returned.

        Parameters
        ----------
        constants : mapping of str to float
            Dotted names to numbers.

        Raises
        ------
        ValueError
            If the names are not those of `constants`, or a value is not a finite number.
        """
        if other := sorted({*constants} ^ {*self.constants()}):
            raise ValueError(f"its constants lack, or have besides, {', '.join(other)}")
        for name, value in constants.items():
            if not is_number(value):
                raise ValueError(f"the constant {name} is {value!r}, not a finite number")
        for name, value in constants.items():
            module, _, attribute = name.rpartition(".")
            setattr(self.get_submodule(module), attribute, value)

    def words(self, theta: Tensor, batch: Batch | None = None) -> BagOfWords:
        """Distribution of the words of documents with proportions `theta` (..., n_docs, n_topics).

        With the batch of these documents, those of a group have the topics of their group.
        """
        if self.deviations is None or batch is None or batch.groups is None:
            words: BagOfWords = self.decoder(theta)
        else:
            words = self.decoder.by_group(theta, batch.groups, self.deviations)  # type: ignore[operator]
        return words if self.word_blocks is None else by_blocks(words, self.word_blocks)

    def words_of_view(self, theta: Tensor) -> BagOfWords:
        """As `words`, but the running statistics of batch normalisation stay those of the documents."""
        with same_statistics(self.decoder):
            return self.words(theta)

    def likeliest_theta(self, batch: Batch, *, steps: int = 10, rate: float = 0.2) -> Tensor:
        """Fit the topic proportions of documents to their words by steps of Adam from the mean of the encoder.

        ``z = argmax log p(words | softmax(z))``. The encoder has the same weights for all documents, so its estimate
        for one document is not the best one. The prior has no part in the steps: with few words it holds theta near the
        mean of all documents, which predicts further words worse. What few words leave open is the matter of
        `topicml.models.prediction.Smoothing`.

        Parameters
        ----------
        batch : Batch
            The documents.
        steps : int
            Number of steps; 0 for the estimate of the encoder.
        rate : float
            Learning rate.

        Returns
        -------
        Tensor, (n_docs, n_topics)
            softmax(z). The weights of the network do not change.

        References
        ----------
        Kim, Wiseman, Miller, Sontag & Rush, Semi-amortized variational autoencoders, ICML 2018, for steps from the
        encoder; Hofmann, Probabilistic latent semantic analysis, UAI 1999, for theta without a prior.
        """
        with torch.no_grad():
            z = self.encode(batch).loc.detach().clone()
        z.requires_grad_(True)
        optimizer = torch.optim.Adam([z], lr=rate)
        for _ in range(steps):
            with torch.enable_grad():
                log_likelihood = self.words(torch.softmax(z, dim=-1), batch).log_prob(batch).sum()
                (z.grad,) = torch.autograd.grad(-log_likelihood, [z])
            optimizer.step()
        return torch.softmax(z.detach(), dim=-1)

    def predictive(self, batch: Batch, *, steps: int = 10) -> BagOfWords:
        """Predict further words of documents from the words in the batch.

        Parameters
        ----------
        batch : Batch
            The observed words.
        steps : int
            See `likeliest_theta`.

        Returns
        -------
        BagOfWords
            The distribution of words at the theta of each document.
        """
        return self.words(self.likeliest_theta(batch, steps=steps), batch)

    def topic_word(self) -> Tensor:
        """Word distributions of the topics: (n_topics, n_words), rows sum to 1; all blocks of words have equal sums."""
        topics: Tensor = self.decoder.topic_word()  # type: ignore[operator]
        return topics if self.word_blocks is None else normalised(topics, self.word_blocks) / len(self.word_blocks)
