"""The Dirichlet prior of topic models, as a logistic normal."""

from collections.abc import Sequence

import numpy as np

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
