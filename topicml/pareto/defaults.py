"""The defaults of a `Balance`, which depend on its weighting."""

from dataclasses import dataclass

from topicml.pareto.by_name import is_mgda
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.weighting import FixedWeights, Weighting


@dataclass(frozen=True)
class Defaults:
    """Values for the arguments of `Balance` that are None; `Balance` documents each.

    Attributes
    ----------
    normalize : str
        How gradients are scaled.
    preference : float
        The preference if gradients have length 1; without that scaling it is 1.
    every : int
        Steps between two weighings if the weights depend on the gradients; otherwise only the history needs them.
    at : str
        Where gradients are compared.
    """

    normalize: str = "l2"
    preference: float = 1.0
    every: int = 1
    at: str = "parameters"

    def preference_with(self, normalize: str) -> float:
        """The default preference under a normalization.

        A small preference gives the contrast's gradient a smaller min-norm weight. That is only meaningful if all
        gradients are scaled to about length 1.
        """
        return self.preference if normalize in ("l2", "running") else 1.0

    def every_with(self, normalize: str) -> int:
        """The default number of steps between two weighings: 1 if the scaling changes from step to step."""
        return self.every if normalize == "none" else 1


# Of the balances measured on six corpora of short and long texts, the only one that harms none of them; also cheaper
# than comparing gradients at the parameters (benchmarks/results/contrast_variants.md).
_PARETO = Defaults(preference=0.1, at="representation")
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
