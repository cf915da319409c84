"""A logistic-normal prior of topic proportions, and a bound on the likelihood of the documents."""

from collections.abc import Sequence
from typing import Any

from topicml.checks import require
from topicml.models.parts.base import BaseStory
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.prior import laplace_dirichlet
from topicml.objectives.elbo import BOUNDS
from topicml.objectives.objective import Objective

MANY_DOCUMENTS = 30_000
"""Training documents from which `LogisticNormal.few_topics` counts half."""


class LogisticNormal(BaseStory):
    """A story with a logistic-normal prior, trained by a bound on the likelihood of the documents.

    Parameters
    ----------
    alpha : float or sequence of n_topics floats
        Dirichlet concentration of the topic proportions; with small values, documents have few topics.
    theta_dropout : float
        Fraction of topic proportions that dropout zeroes in training.
    bound : str or Objective
        The bound to maximise. ``elbo`` is the ELBO with the analytic KL, ``iwae`` the importance-weighted bound with 5
        samples. For other options give an object, such as ``topicml.objectives.IWAE(k=20)``.
    kl_warmup : float
        Fraction of training over which the weight of the KL grows from 0 to 1 (``bound="elbo"``).
    free_bits : float
        The KL of each topic has no gradient below this value in nats (``bound="elbo"``).
    few_topics : int
        Largest number of topics for which the initial posterior has unit variance over the batch. With more topics, it
        is narrower, because the noise of many topics hides the leading topic of a document (`topicml.nn.BagEncoder`).
        For a fit of 30,000 documents or more, half of this number counts: training is long enough to widen a posterior
        that is too narrow, but brings no topic back that noise has hidden.
    """

    alpha: float | Sequence[float] = 0.1
    theta_dropout: float = 0.0
    bound: Any = "elbo"
    kl_warmup: float = 0.0
    free_bits: float = 0.0
    few_topics: int = 50

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        laplace_dirichlet(self.alpha, self.n_topics)
        require(0 <= self.theta_dropout < 1, "theta_dropout", self.theta_dropout, "in [0, 1)")
        require(0 <= self.kl_warmup <= 1, "kl_warmup", self.kl_warmup, "a fraction of training, in [0, 1]")
        require(self.free_bits >= 0, "free_bits", self.free_bits, "at least 0")
        require(self.few_topics >= 1, "few_topics", self.few_topics, "at least 1")
        is_bound = self.bound in BOUNDS if isinstance(self.bound, str) else callable(self.bound)
        require(is_bound, "bound", self.bound, f"one of {', '.join(BOUNDS)}, or an objective")

    def losses(self) -> dict[str, Objective]:
        """Return the bound, under its name."""
        if not isinstance(self.bound, str):
            return {"elbo": self.bound}
        options = {"kl_warmup": self.kl_warmup, "free_bits": self.free_bits} if self.bound == "elbo" else {}
        return {self.bound: BOUNDS[self.bound](**options)}

    def encoder(self, n_words: int) -> BagEncoder:
        """Make an encoder of documents over `n_words` words, for a posterior whose noise must not hide topics."""
        return BagEncoder(n_words, self.n_topics, hidden=self.hidden, dropout=self.dropout, few_topics=self.few_topics)

    def adapt(self, network: TopicNetwork, n_docs: int) -> None:
        """Start with a narrower posterior if there are many documents."""
        if n_docs >= MANY_DOCUMENTS and isinstance(network.encoder, BagEncoder):
            network.encoder.start_for(self.few_topics / 2)
