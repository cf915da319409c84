"""The measures of one fit: those of `topicml.metrics`, and the number of topics that are used."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.metrics import MEASURES, leading_counts
from topicml.metrics.leading import rows_with_words
from topicml.metrics.result import Score
from topicml.metrics.table import Measure

_HELD_OUT = "it needs held-out documents: set held_out_share of the corpora above 0"
ELSEWHERE = {
    "stability": "topicml sweep computes it",
    "perplexity": f"{_HELD_OUT}, or use topicml tune",
    "unigram_perplexity": _HELD_OUT,
}
"""Measures that need more than topics, theta and beta of one fit, and what computes them."""

HELD_OUT_MEASURES = ("perplexity", "unigram_perplexity")
"""Measures that a grid computes if documents are held out."""

TRAINING_SUFFIX = "_train"
"""End of the name of a measure on the training documents, in a grid that holds documents out."""


def used_topics(theta: Any, *, has_words: Any = None) -> Score:
    """Number of topics that are the largest topic of at least one document. The other topics are dead.

    Parameters
    ----------
    theta : array, (n_docs, n_topics)
        Topic proportions of documents.
    has_words : ndarray of bool, (n_docs,), optional
        Documents with a word that the model knows; no topic leads the others.

    Returns
    -------
    Score
        The number.

    Raises
    ------
    InputError
        If theta is not finite.
    """
    theta = np.asarray(theta)
    if not np.isfinite(theta).all():
        raise InputError("theta has values that are not finite, so the largest topic of a document is undefined.")
    return Score("used_topics", float(np.count_nonzero(leading_counts(theta[rows_with_words(has_words, len(theta))]))))


ADDED: Mapping[str, Measure] = {"used_topics": Measure(used_topics, ("theta",), higher_is_better=True)}
FIT_MEASURES: Mapping[str, Measure] = {
    **{name: measure for name, measure in MEASURES.items() if name not in ELSEWHERE},
    **ADDED,
}
"""Names to measures that a grid can compute."""


def with_training(names: Iterable[str]) -> list[str]:
    """Add to each measure that reads documents the one on the training documents, "c_npmi_train" to "c_npmi".

    Parameters
    ----------
    names : iterable of str
        Names in `FIT_MEASURES` or `HELD_OUT_MEASURES`.
    """
    result = []
    for name in names:
        result.append(name)
        if name in FIT_MEASURES and {"reference", "theta", "labels"} & {*FIT_MEASURES[name].needs}:
            result.append(name + TRAINING_SUFFIX)
    return result


def higher_is_better(name: str) -> bool | None:
    """Whether a higher value of a measure of a grid is better; None for a measure of the user."""
    measure = FIT_MEASURES.get(name) or FIT_MEASURES.get(name.removesuffix(TRAINING_SUFFIX))
    measure = MEASURES[name] if name in HELD_OUT_MEASURES else measure
    return None if measure is None else measure.higher_is_better


INPUTS = ("topics", "reference", "theta", "beta", "labels", "output")
"""Inputs that a measure of a grid can need."""


def check_own(measures: Mapping[str, Measure]) -> None:
    """Check measures of the user (`Experiment.own_measures`).

    Parameters
    ----------
    measures : mapping of str to Measure
        Names to measures.

    Raises
    ------
    InputError
        If a name is already that of a measure, a value is not a `Measure`, or it needs an input that a fit lacks.
    """
    for name, measure in measures.items():
        if name in ELSEWHERE or higher_is_better(name) is not None:
            raise InputError(f"{name!r} is already the name of a measure. Choose another name.")
        if not isinstance(measure, Measure):
            raise InputError(
                f"The measure {name!r} must be a topicml.metrics.Measure; received {measure!r:.80}. "
                "For an OCTIS metric: topicml.integrations.octis.grid_measure(metric, higher_is_better=...)."
            )
        for need in measure.needs:
            if need not in INPUTS:
                raise InputError(f"The measure {name!r} needs {need!r}; a fit has {', '.join(INPUTS)}.")
