"""What can be measured of one fit: the measures of `topicml.metrics`, and how many of its topics are used."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.metrics import MEASURES
from topicml.metrics.result import Score
from topicml.metrics.table import Measure

# These need more than one fit's topics, theta and beta.
ELSEWHERE = {"stability": "topicml sweep gives it", "perplexity": "topicml tune takes it"}


def used_topics(theta: Any) -> Score:
    """How many topics are the largest of some document; fewer than there are: some are dead.

    Parameters
    ----------
    theta : array, (n_docs, n_topics)
        Proportions. All documents count, empty ones too.

    Raises
    ------
    InputError
        If theta is not finite.
    """
    theta = np.asarray(theta)
    if not np.isfinite(theta).all():
        raise InputError("theta holds values that are not finite, so no topic is a document's largest.")
    return Score("used_topics", float(len(np.unique(theta.argmax(axis=1)))))


OWN: Mapping[str, Measure] = {"used_topics": Measure(used_topics, ("theta",), higher_is_better=True)}
FIT_MEASURES: Mapping[str, Measure] = {
    **{name: measure for name, measure in MEASURES.items() if name not in ELSEWHERE},
    **OWN,
}
INPUTS = ("topics", "reference", "theta", "beta", "labels", "output")


def check_own(measures: Mapping[str, Measure]) -> None:
    """Raise `InputError` where measures of the user's own cannot be taken of one fit."""
    for name, measure in measures.items():
        if name in FIT_MEASURES or name in ELSEWHERE:
            raise InputError(f"{name!r} is the name of a measure that there is already. Choose another.")
        if not isinstance(measure, Measure):
            raise InputError(
                f"The measure {name!r} must be a topicml.metrics.Measure; received {measure!r:.80}. "
                "An OCTIS metric: topicml.integrations.octis.grid_measure(metric, higher_is_better=...)."
            )
        for need in measure.needs:
            if need not in INPUTS:
                raise InputError(f"The measure {name!r} needs {need!r}; one fit has {', '.join(INPUTS)}.")
