"""The defaults of a `Balance`, which depend on its weighting."""

from dataclasses import dataclass

from topicml.pareto.by_name import is_mgda
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.weighting import FixedWeights, Weighting

BY_LENGTH = "length"
"""The preference that `length_preference` replaces by a number."""

TYPICAL_LENGTH = 15.0
"""Words per document where the documents are unknown."""


def length_preference(length: float) -> float:
    """Return the preference of a contrast for documents with a mean of `length` words: 1.5 / length, at most 0.3.

    The bound is a sum over the words of a document. The fewer words there are, the less it says about the topics of the
    document, and the more a contrast can add. For long documents, the larger preferences that were tried harmed topics
    (benchmarks/results/screen.md).
    """
    return min(0.3, 1.5 / max(length, 1.0))


@dataclass(frozen=True)
class Defaults:
    """Values for the arguments of `Balance` that are None; `Balance` documents each.

    Attributes
    ----------
    normalize : str
        How gradients are scaled.
    preference : float or str
        The preference if gradients have length 1; without that scaling it is 1.
    every : int
        Steps between two weighings if the weights depend on the gradients; otherwise only the history needs them.
    at : str
        Where gradients are compared.
    """

    normalize: str = "l2"
    preference: float | str = 1.0
    every: int = 1
    at: str = "parameters"

    def preference_with(self, normalize: str) -> float | str:
        """The default preference under a normalization.

        A small preference gives the contrast's gradient a smaller min-norm weight. That is only meaningful if all
        gradients are scaled to about length 1.
        """
        return self.preference if normalize in ("l2", "running") else 1.0

    def every_with(self, normalize: str) -> int:
        """The default number of steps between two weighings: 1 if the scaling changes from step to step."""
        return self.every if normalize == "none" else 1


# The preference by length gains on short documents and harms no long ones, as no single number does; at the
# representation, gradients are cheaper than at the parameters (benchmarks/results/screen.md).
_PARETO = Defaults(preference=BY_LENGTH, at="representation")
# A weighted sum needs no measurement; every 50 steps keeps the history informative at a negligible cost.
_SUM = Defaults(normalize="none", every=50)
_MGDA = Defaults(preference=0.3)


def defaults_of(weighting: Weighting) -> Defaults:
    """The defaults that go with a weighting.

    Parameters
    ----------
    weighting : Weighting
        An object, not a name.

    Returns
    -------
    Defaults
        The same for a name and for an object of its class.
    """
    if isinstance(weighting, MinNorm):
        return _PARETO
    if isinstance(weighting, FixedWeights):
        return _SUM
    return _MGDA if is_mgda(weighting) else Defaults()
