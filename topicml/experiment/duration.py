"""Estimate how long the fits of a sweep take at most, from two short fits."""

import inspect
import time
import warnings
from collections.abc import Mapping
from typing import Any

from topicml.corpus import Corpus
from topicml.experiment.worker import build_parameters
from topicml.models.registry import model_class

PROCESS_SECONDS = 5.0  # to start the process of a run and import torch


def longest_seconds(
    corpus: Corpus, model: str, n_topics: int, parameters: Mapping[str, Any] | None = None, *, share: float = 1.0
) -> float:
    """The time that one fit takes at most, from fits of one and of three epochs. A fit that converges ends earlier.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    model : str
        A model of topicml, by name.
    n_topics : int
        Number of topics.
    parameters : mapping, optional
        Hyper-parameters.
    share : float
        Share of the documents that the fit will use.

    Returns
    -------
    float
        Seconds, including those of starting a process.
    """
    kind = model_class(model)
    settings = build_parameters(parameters or {})
    epochs = settings.get("max_epochs", inspect.signature(kind).parameters["max_epochs"].default)
    took = []
    for n_epochs in (1, 3):
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # topics after one epoch are not those of the sweep
            kind(**{**settings, "n_topics": n_topics, "max_epochs": n_epochs, "random_state": 0, "verbose": False}).fit(
                corpus
            )
        took.append(time.perf_counter() - begin)
    an_epoch = max(took[1] - took[0], 0.0) / 2
    return PROCESS_SECONDS + share * (took[0] + an_epoch * (epochs - 1))
