"""The outcome of a run: what the process of a fit returns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Outcome:
    """Topics, theta, beta and cost of one fit.

    Parameters
    ----------
    topics : list of lists of str
        At most 25 words per topic, best first.
    theta : ndarray, (n_docs, n_topics), float32
        Topic proportions of the corpus, or of the held-out documents if the run has any.
    beta : ndarray, (n_topics, n_words), float32, or None
        Word distributions; None for an adapter.
    cost : dict
        ``fit_s`` and ``fit_cpu_s`` (from counts to topics and theta), ``process_s`` (with imports and reading), in
        seconds; ``peak_mb``, resident memory of the run's process; ``versions``; ``machine``.
    values : dict
        Measures that only the process of the model can compute.
    training_theta : ndarray, (n_train, n_topics), float32, or None
        Topic proportions of the documents of the fit, if `theta` is that of held-out documents and both are needed.
    seen_theta : ndarray, (n_halves, n_topics), float32, or None
        Topic proportions of the seen halves of held-out documents, if an adapter gives them.
    starting_topics : list of lists of str, or None
        The topics of a topicml model before training, if they are needed.
    """

    topics: list[list[str]]
    theta: np.ndarray
    beta: np.ndarray | None
    cost: dict[str, Any]
    values: dict[str, float] = field(default_factory=dict)
    training_theta: np.ndarray | None = None
    seen_theta: np.ndarray | None = None
    starting_topics: list[list[str]] | None = None
