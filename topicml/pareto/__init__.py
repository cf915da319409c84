"""Several losses, one step: weights from the Gramian of their gradients."""

from topicml.pareto.balance import Balance
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.weighting import Weighting

__all__ = ["Balance", "MinNorm", "Weighting"]
