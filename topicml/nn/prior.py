"""The prior of topic proportions: the Dirichlet as a logistic normal, and its mean by covariates."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from topicml.errors import InputError


def laplace_dirichlet(alpha: float | Sequence[float], n_topics: int) -> tuple[np.ndarray, np.ndarray]:
    """Approximate Dirichlet(alpha) by a logistic normal: the Laplace approximation in the softmax basis.

    ``loc_k = log alpha_k - mean(log alpha)`` and
    ``var_k = (1 - 2/K) / alpha_k + mean(1 / alpha) / K``.
    softmax(loc) is exactly the mean of the Dirichlet.

    Parameters
    ----------
    alpha : float or sequence of n_topics floats
        Concentration: one positive number for all topics, or one per topic.
    n_topics : int
        Number of topics, K.

    Returns
    -------
    loc, scale : ndarray, (n_topics,)
        Mean and standard deviation of z.

    Raises
    ------
    InputError
        If a value of `alpha` is not positive and finite, or there are not `n_topics` of them.

    References
    ----------
    Srivastava & Sutton 2017, section 3.2; MacKay 1998; Hennig et al. 2012.
    """
    try:
        concentration = np.asarray(alpha, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"alpha must be a number, or one number per topic; received {alpha!r}.") from error
    if concentration.ndim == 0:
        concentration = np.full(n_topics, concentration)
    if concentration.shape != (n_topics,):
        raise InputError(f"alpha has {concentration.size} values for {n_topics} topics. Give one, or one per topic.")
    if not (np.isfinite(concentration).all() and (concentration > 0).all()):
        raise InputError(f"alpha must be positive and finite; received {alpha!r}.")
    log = np.log(concentration)
    variance = (1 - 2 / n_topics) / concentration + (1 / concentration).mean() / n_topics
    return log - log.mean(), np.sqrt(np.maximum(variance, 1e-12))


class CovariatePrior(nn.Module):
    """Prior means by covariates: the fields of a document tell which topics to expect.

    ::

        z_d ~ N(loc + gamma x_d, scale^2),   x_d = (row d of the model matrix - means) / scales

    The encoder reads only words, so its mean is moved towards that of the prior: by ``share * gamma x_d``, with a share
    of each topic in (0, 1) that is learned. It is the part that the prior has in the posterior mean: near 1 if words
    say little. `gamma` starts at 0, as if there were no covariates. A document without covariates has x_d = 0, the mean
    over the documents of the fit.

    Parameters
    ----------
    n_topics : int
        K.
    means, scales : sequence of float
        Mean and standard deviation of each column of the model matrix.

    References
    ----------
    Roberts, Stewart & Airoldi, A model of text for experimentation in the social sciences, JASA 2016 (prevalence);
    Card, Tan & Smith, Neural models for documents with metadata, ACL 2018.
    """

    means: Tensor
    scales: Tensor

    def __init__(self, n_topics: int, means: Sequence[float], scales: Sequence[float]) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(n_topics, len(means)))
        self.share = nn.Parameter(torch.full((n_topics,), -1.0))  # before the sigmoid
        # They are saved with the model matrix.
        self.register_buffer("means", torch.as_tensor(means, dtype=torch.float32), persistent=False)
        self.register_buffer("scales", torch.as_tensor(scales, dtype=torch.float32), persistent=False)

    def forward(self, covariates: Tensor) -> Tensor:
        """Return how the prior means of documents with these rows of the model matrix differ: (n_docs, n_topics)."""
        return ((covariates - self.means) / self.scales) @ self.gamma.T

    def of_posterior(self, covariates: Tensor) -> Tensor:
        """Return how the posterior means that the words give are moved: (n_docs, n_topics)."""
        return torch.sigmoid(self.share) * self(covariates)
