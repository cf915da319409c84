"""Bounds on the log-likelihood of documents, from a network's Pyro model and guide."""

import math
from typing import Any

import torch
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from pyro.poutine.trace_struct import Trace
from torch import Tensor
from torch.distributions import kl_divergence

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, WithoutPreparation
from topicml.settings import Settings


class ELBO(WithoutPreparation, Settings):
    """Negative evidence lower bound with the analytic KL divergence, in nats per document.

    ``reconstruction + kl_weight * sum_k max(free_bits, mean_d KL_dk)``. Without warm-up and free bits it equals Pyro's
    ``TraceMeanField_ELBO``. The history records the parts ``reconstruction`` and ``kl``.

    - Inputs: any documents.
    - Cost: one evaluation of the decoder.
    - When to use: the default bound of all models.
    - Relations: `IWAE` is a tighter bound, at the cost of several evaluations of the decoder.

    Parameters
    ----------
    kl_warmup : float
        Share of training over which the weight of the KL term grows linearly from 0 to 1; 0 for no warm-up.
    free_bits : float
        Nats per topic dimension, averaged over the batch, below which the KL term is constant; 0 for none.

    References
    ----------
    Kingma & Welling, Auto-encoding variational Bayes, ICLR 2014; Sonderby et al., Ladder variational autoencoders,
    NeurIPS 2016 (warm-up); Kingma et al., Improved variational inference with inverse autoregressive flow, NeurIPS 2016
    (free bits).

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives import ELBO
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, bound=ELBO(kl_warmup=0.5), max_epochs=1, random_state=0).fit(corpus)
    >>> "reconstruction" in model.history_[0] and "kl" in model.history_[0]
    True
    """

    def __init__(self, *, kl_warmup: float = 0.0, free_bits: float = 0.0) -> None:
        self.kl_warmup = kl_warmup
        self.free_bits = free_bits

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        kl_weight = min(1.0, progress / self.kl_warmup) if self.kl_warmup > 0 else 1.0
        bound = _WeightedMeanField(kl_weight=kl_weight, free_bits=self.free_bits)
        loss = bound.differentiable_loss(network.model, network.guide, batch, posterior) / len(batch)
        return Loss(loss, {name: value / len(batch) for name, value in bound.parts.items()})


class IWAE(WithoutPreparation, Settings):
    """Negative importance-weighted bound with k samples, in nats per document.

    ``-log (1/k) sum_s p(x, z_s) / q(z_s | x)``, ``z_s ~ q``. It becomes tighter as k grows; with k = 1 it is the ELBO
    with a sampled KL divergence.

    - Inputs: any documents.
    - Cost: k evaluations of the decoder, and one pass of the encoder.
    - When to use: for a tighter bound, for example to compare models by their held-out likelihood.
    - Relations: `ELBO` computes the KL divergence exactly and needs one sample.

    Parameters
    ----------
    k : int
        Samples per document.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance weighted autoencoders, ICLR 2016.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives import IWAE
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, bound=IWAE(k=3), max_epochs=1, random_state=0).fit(corpus)
    >>> "elbo" in model.history_[0]
    True
    """

    def __init__(self, *, k: int = 5) -> None:
        self.k = k

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        particles = Trace_ELBO(num_particles=self.k, vectorize_particles=self.k > 1, max_plate_nesting=1)
        log_weights = torch.zeros(())
        for model, guide in particles._get_traces(network.model, network.guide, (batch, posterior), {}):
            log_weights = _log_prob(model) - _log_prob(guide)  # (k, n_docs), or (n_docs,) when k is 1
        bound = torch.logsumexp(log_weights.reshape(self.k, len(batch)), dim=0) - math.log(self.k)
        return Loss(-bound.mean())


class _WeightedMeanField(TraceMeanField_ELBO):
    """Pyro's mean-field bound with a weight of the KL term, and free bits per topic dimension."""

    def __init__(self, *, kl_weight: float, free_bits: float) -> None:
        super().__init__()
        self.kl_weight = kl_weight
        self.free_bits = free_bits
        self.parts: dict[str, float] = {}

    def _differentiable_loss_particle(self, model_trace: Trace, guide_trace: Trace) -> tuple[float, Tensor]:
        reconstruction, kl, counted_kl = torch.zeros(()), torch.zeros(()), torch.zeros(())
        for name, site in model_trace.nodes.items():
            if site["type"] != "sample":
                continue
            if site["is_observed"]:
                reconstruction = reconstruction - site["log_prob_sum"]
                continue
            posterior: Any = guide_trace.nodes[name]["fn"]
            prior: Any = site["fn"]
            by_dimension = kl_divergence(posterior.base_dist, prior.base_dist)  # (n_docs, n_topics)
            by_topic = by_dimension.sum(dim=0)
            kl = kl + by_topic.sum()
            counted_kl = counted_kl + by_topic.clamp_min(self.free_bits * len(by_dimension)).sum()
        self.parts = {"reconstruction": reconstruction.item(), "kl": kl.item()}
        loss = reconstruction + self.kl_weight * counted_kl
        return loss.item(), loss


def _log_prob(trace: Trace) -> Tensor:
    """Sum of the log-probabilities of a trace's sample sites, for each document and sample."""
    sites = [site for site in trace.nodes.values() if site["type"] == "sample" and "log_prob" in site]
    return sum((site["log_prob"] for site in sites if not _is_plate(site)), torch.zeros(()))


def _is_plate(site: Any) -> bool:
    return type(site["fn"]).__name__ == "_Subsample"


BOUNDS = {"elbo": ELBO, "iwae": IWAE}
"""Bounds by name."""
